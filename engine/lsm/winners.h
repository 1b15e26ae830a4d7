// From sorted entries, the winning cell of each user key, as of one bound: what scans yield.
//
//   entries   a@9  a@7  b@5 (put)  b@5 (delete)  b@2        winners   a@9  b@5 (delete)
//
// The greatest version wins; where a key has several entries of it, compare_cells decides; a range
// tombstone that covers the key takes part. A key that only a range tombstone covers is none.
#pragma once

#include <memory>

#include "engine/lsm/options.h"
#include "engine/sstable/internal_key.h"
#include "engine/sstable/iterator.h"
#include "engine/sstable/range_tombstone.h"

namespace revenant::lsm {

class Winners {
 public:
  // Entries that arrived after `bound` are passed over.
  Winners(std::unique_ptr<sstable::Iterator> entries, sstable::RangeTombstones ranges,
          SequenceNumber bound, Versions versions)
      : entries_(std::move(entries)),
        ranges_(std::move(ranges)),
        bound_(bound),
        versions_(versions) {}

  void seek_to_first();
  void seek_to_last();
  void seek(Bytes user_key);           // to the first winner not before it
  void seek_before(Bytes user_key);    // to the last winner before it
  void seek_for_prev(Bytes user_key);  // to the last winner not after it
  bool valid() const { return valid_; }
  void next();  // only while valid()
  void prev();  // likewise

  // Both live until the next move.
  Bytes user_key() const { return key_; }
  const CellView& cell() const { return cell_; }

  // Why valid() is false although entries may follow.
  Result<void> status() const { return entries_->status(); }

  // Entries met that are tombstones, losers too, and keys hidden by a range tombstone.
  uint64_t tombstones() const { return tombstones_; }

 private:
  void step_back_and_find();
  void find_forward();
  void find_backward();
  // Reads on among entries of the winner's version, which one of them may beat.
  void settle_ties();
  void hold(const CellView& cell);
  void finish(bool found);

  std::unique_ptr<sstable::Iterator> entries_;
  const sstable::RangeTombstones ranges_;
  const SequenceNumber bound_;
  const Versions versions_;
  bool valid_ = false;
  // Going forward, entries_ stands on the winner or after it, within or after its key; going
  // backward, before its key.
  bool backward_ = false;
  Buffer key_;
  CellView cell_;  // its bytes are the current entry's, or held_
  Buffer held_;
  Version version_;  // of the winning entry, whatever covers it
  uint64_t tombstones_ = 0;
};

}  // namespace revenant::lsm
