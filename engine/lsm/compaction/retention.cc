#include "engine/lsm/compaction/retention.h"

#include <algorithm>
#include <utility>

namespace revenant::lsm {

bool Bounds::serve(SequenceNumber arrived) {
  bool seen = served_from_ == kNone;  // by the present
  if (!seen) {
    const auto bound = std::ranges::lower_bound(snapshots_, arrived);
    seen = bound != snapshots_.end() && bound->value < served_from_;
  }
  served_from_ = std::min(served_from_, arrived.value);
  return seen;
}

void Retention::seek_to_first() {
  entries_->seek_to_first();
  find();
}

void Retention::seek(Bytes user_key) {
  entries_->seek(sstable::seek_key(user_key));
  find();
}

void Retention::find() {
  kept_.clear();
  while (kept_.empty() && entries_->valid()) {
    key_ = sstable::user_key_of(entries_->key());
    bounds_.restart();
    std::span<const sstable::RangeMarker> markers = ranges_.covering(key_);
    while (entries_->valid()) {
      const sstable::InternalKey next = sstable::parse_internal_key(entries_->key());
      if (next.user_key != key_) break;
      read_ties(key_, next.version);
      serve_ties(markers);
    }
  }
  if (kept_.size() > 1) {
    std::ranges::sort(kept_, [](const Entry& a, const Entry& b) {
      return sstable::compare_internal_keys(a.key, b.key) < 0;
    });
  }
  // After a read error a greater cell of this key may be missing: nothing may be told.
  valid_ = !kept_.empty() && entries_->status().has_value();
}

void Retention::read_ties(Bytes user_key, Version version) {
  ties_.clear();
  for (; entries_->valid(); entries_->next()) {
    const sstable::InternalKey key = sstable::parse_internal_key(entries_->key());
    if (key.version != version || key.user_key != user_key) break;
    ties_.push_back({Buffer(entries_->key()), Buffer(entries_->value())});
  }
  if (ties_.size() == 1) return;
  // The winner first; of copies the one that arrived first, which more bounds see.
  std::ranges::sort(ties_, [](const Entry& a, const Entry& b) {
    const int c = compare_cells(a.cell(), b.cell());
    if (c != 0) return c > 0;
    return sstable::parse_internal_key(a.key).sequence <
           sstable::parse_internal_key(b.key).sequence;
  });
}

void Retention::serve_ties(std::span<const sstable::RangeMarker>& markers) {
  for (Entry& entry : ties_) {
    const CellView cell = entry.cell();
    for (; !markers.empty() && compare_cells(markers.front().cell(), cell) >= 0;
         markers = markers.subspan(1)) {
      (void)bounds_.serve(markers.front().sequence);
    }
    if (bounds_.serve(sstable::parse_internal_key(entry.key).sequence)) {
      keep(entry);
    } else {
      ++dropped_;
    }
  }
}

void Retention::keep(Entry& entry) {
  const CellView cell = entry.cell();
  if (const CellView ended = cell.at(now_); ended.kind != cell.kind) {
    const sstable::InternalKey key = sstable::parse_internal_key(entry.key);
    Entry tombstone{.key = {}, .value = sstable::encode_entry_value(ended)};
    sstable::append_internal_key(tombstone.key, key.user_key, key.version, key.sequence,
                                 ended.kind);
    entry = std::move(tombstone);
  }
  kept_.push_back(std::move(entry));
}

}  // namespace revenant::lsm
