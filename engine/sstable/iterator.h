// Sorted entries: of an SSTable, a memtable, or a merge of several. Entries are (internal key,
// value).
//
// A move is a virtual call; where it led is kept here, so that looking costs none: a merge looks at
// each entry of its children several times.
#pragma once

#include <memory>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace revenant::sstable {

class Iterator {
 public:
  virtual ~Iterator() = default;
  // Before the first seek: not valid.
  bool valid() const { return valid_; }
  // Both views live until the next move.
  Bytes key() const { return key_; }
  Bytes value() const { return value_; }

  // A seek to this key comes next: asks the processor for the memory it will look at, and returns at
  // once. A merge tells all its children before the first of them waits for any.
  virtual void prefetch(Bytes /*internal_key*/) {}

  // All moves may suspend (they may read blocks).
  virtual void seek_to_first() = 0;
  virtual void seek_to_last() = 0;
  virtual void seek(Bytes internal_key) = 0;  // the first entry not before it
  virtual void next() = 0;                    // only while valid()
  virtual void prev() = 0;                    // likewise
  // Why valid() is false although entries may follow: an unreadable block. Sticky.
  virtual Result<void> status() const = 0;

 protected:
  // Where a move led; `of` is anything that has valid(), key() and value().
  template <typename Position>
  void stand_as(const Position& of) {
    valid_ = of.valid();
    if (!valid_) return;
    key_ = of.key();
    value_ = of.value();
  }
  void stand_nowhere() { valid_ = false; }

 private:
  bool valid_ = false;
  Bytes key_, value_;
};

// All entries of the children, sorted; equal internal keys come in the children's order. An error
// of a child ends the merge with that error.
std::unique_ptr<Iterator> make_merging_iterator(std::vector<std::unique_ptr<Iterator>> children);

}  // namespace revenant::sstable
