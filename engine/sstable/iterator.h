// Sorted entries: of a block, an SSTable, a memtable, or a merge of several. Entries are (internal
// key, value).
#pragma once

#include <memory>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace revenant::sstable {

class Iterator {
 public:
  virtual ~Iterator() = default;
  // Before the first seek: not valid. All moves may suspend (they may read blocks).
  virtual bool valid() const = 0;
  virtual void seek_to_first() = 0;
  virtual void seek_to_last() = 0;
  virtual void seek(Bytes internal_key) = 0;  // the first entry not before it
  virtual void next() = 0;                    // only while valid()
  virtual void prev() = 0;                    // likewise
  // Both views live until the next move.
  virtual Bytes key() const = 0;
  virtual Bytes value() const = 0;
  // Why valid() is false although entries may follow: an unreadable block. Sticky.
  virtual Result<void> status() const = 0;
};

// All entries of the children, sorted; equal internal keys come in the children's order. An error
// of a child ends the merge with that error.
std::unique_ptr<Iterator> make_merging_iterator(std::vector<std::unique_ptr<Iterator>> children);

}  // namespace revenant::sstable
