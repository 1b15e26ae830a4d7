#include "engine/lsm/compaction/winners.h"

namespace revenant::lsm {

void Winners::seek_to_first() {
  entries_->seek_to_first();
  find();
}

void Winners::seek(Bytes user_key) {
  entries_->seek(sstable::seek_key(user_key));
  find();
}

void Winners::find() {
  bool found = false;
  for (; entries_->valid(); entries_->next()) {
    const sstable::InternalKey key = sstable::parse_internal_key(entries_->key());
    if (key.sequence > bound_) continue;
    if (found && key.user_key != user_key()) break;
    if (key.kind == CellKind::kTombstone) ++tombstones_;
    if (found) {
      ++shadowed_;
      const CellView best = cell();
      if (key.version != best.version) continue;
      if (compare_cells(sstable::entry_cell(key, entries_->value()), best) <= 0) continue;
    }
    key_ = entries_->key();
    value_ = entries_->value();
    found = true;
  }
  // After a read error a greater cell of this key may be missing: nothing may be told.
  valid_ = found && entries_->status().has_value();
}

}  // namespace revenant::lsm
