// From sorted entries, the winning cell of each user key: what flushes and compactions write and
// scans yield.
//
//   entries   a@9  a@7  b@5 (put)  b@5 (delete)  b@2        winners   a@9  b@5 (delete)
//
// The greatest version wins; where a key has several entries of it, compare_cells decides.
#pragma once

#include <memory>

#include "engine/sstable/internal_key.h"
#include "engine/sstable/iterator.h"

namespace revenant::lsm {

class Winners {
 public:
  // Entries that arrived after `bound` are passed over.
  explicit Winners(std::unique_ptr<sstable::Iterator> entries,
                   SequenceNumber bound = SequenceNumber::max())
      : entries_(std::move(entries)), bound_(bound) {}

  void seek_to_first();
  void seek(Bytes user_key);  // to the first winner not before it
  bool valid() const { return valid_; }
  void next() { find(); }  // only while valid()

  // All live until the next move.
  Bytes internal_key() const { return key_; }
  Bytes user_key() const { return sstable::user_key_of(key_); }
  Bytes value() const { return value_; }  // as entries encode it
  CellView cell() const { return sstable::entry_cell(sstable::parse_internal_key(key_), value_); }

  // Why valid() is false although entries may follow.
  Result<void> status() const { return entries_->status(); }

  uint64_t shadowed() const { return shadowed_; }  // entries passed over that lost
  uint64_t tombstones() const {
    return tombstones_;
  }  // entries met that are tombstones, losers too

 private:
  void find();

  std::unique_ptr<sstable::Iterator> entries_;
  const SequenceNumber bound_;
  bool valid_ = false;
  Buffer key_, value_;  // own copies: a tie is known only after reading on
  uint64_t shadowed_ = 0;
  uint64_t tombstones_ = 0;
};

}  // namespace revenant::lsm
