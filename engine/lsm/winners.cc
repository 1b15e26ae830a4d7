#include "engine/lsm/winners.h"

namespace revenant::lsm {
namespace {

// After every entry of the user key.
Buffer after_all(Bytes user_key) {
  Buffer out(user_key);
  out.append(sstable::kTrailerSize, '\xff');
  return out;
}

}  // namespace

void Winners::seek_to_first() {
  entries_->seek_to_first();
  find_forward();
}

void Winners::seek(Bytes user_key) {
  entries_->seek(sstable::seek_key(user_key));
  find_forward();
}

void Winners::seek_to_last() {
  entries_->seek_to_last();
  find_backward();
}

void Winners::seek_before(Bytes user_key) {
  entries_->seek(sstable::seek_key(user_key));
  step_back_and_find();
}

void Winners::seek_for_prev(Bytes user_key) {
  entries_->seek(after_all(user_key));
  step_back_and_find();
}

void Winners::next() {
  if (backward_) {
    entries_->seek(after_all(key_));
  } else {
    for (; entries_->valid(); entries_->next()) {
      const sstable::InternalKey key = sstable::parse_internal_key(entries_->key());
      if (key.user_key != key_) break;
      // The winner itself, which may still be here, was counted when it was found.
      if (key.kind == CellKind::kTombstone && key.sequence <= bound_ && key.version != version_) {
        ++tombstones_;
      }
    }
  }
  find_forward();
}

void Winners::prev() {
  if (backward_) return find_backward();
  entries_->seek(sstable::seek_key(key_));
  step_back_and_find();
}

void Winners::step_back_and_find() {
  if (entries_->valid()) {
    entries_->prev();
  } else if (entries_->status().has_value()) {
    entries_->seek_to_last();
  }
  find_backward();
}

void Winners::find_forward() {
  backward_ = false;
  for (; entries_->valid(); entries_->next()) {
    const sstable::InternalKey key = sstable::parse_internal_key(entries_->key());
    if (key.sequence > bound_) continue;
    key_ = key.user_key;
    cell_ = sstable::entry_cell(key, entries_->value());
    version_ = cell_.version;
    if (cell_.is_tombstone()) ++tombstones_;
    // A sequence is given once, so that nothing ties with it.
    if (versions_ == Versions::kTimestamp) settle_ties();
    return finish(true);
  }
  finish(false);
}

void Winners::settle_ties() {
  hold(cell_);
  for (entries_->next(); entries_->valid(); entries_->next()) {
    const sstable::InternalKey key = sstable::parse_internal_key(entries_->key());
    if (key.version != cell_.version || key.user_key != key_) return;
    if (key.sequence > bound_) continue;
    const CellView cell = sstable::entry_cell(key, entries_->value());
    if (cell.is_tombstone()) ++tombstones_;
    if (compare_cells(cell, cell_) > 0) hold(cell);
  }
}

void Winners::find_backward() {
  backward_ = true;
  bool found = false;
  while (!found && entries_->valid()) {
    key_ = sstable::user_key_of(entries_->key());
    for (; entries_->valid(); entries_->prev()) {
      const sstable::InternalKey key = sstable::parse_internal_key(entries_->key());
      if (key.user_key != key_) break;
      if (key.sequence > bound_) continue;
      const CellView cell = sstable::entry_cell(key, entries_->value());
      if (cell.is_tombstone()) ++tombstones_;
      if (!found || compare_cells(cell, cell_) > 0) hold(cell);
      found = true;
    }
  }
  finish(found);
}

void Winners::hold(const CellView& cell) {
  held_ = cell.value;
  cell_ = cell;
  cell_.value = held_;
}

void Winners::finish(bool found) {
  // After a read error a greater cell of this key may be missing: nothing may be told.
  valid_ = found && entries_->status().has_value();
  if (!valid_ || ranges_.empty()) return;
  const auto marker = ranges_.winner(key_, bound_);
  if (!marker.has_value() || compare_cells(marker->cell(), cell_) < 0) return;
  if (!cell_.is_tombstone()) ++tombstones_;
  cell_ = marker->cell();
}

}  // namespace revenant::lsm
