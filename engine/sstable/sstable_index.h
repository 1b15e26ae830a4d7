// Where blocks lie that follow one another in an SSTable, and up to which key each goes: kept
// decoded in memory, so that a search touches no file. Of data blocks, or of the partitions of an
// index of data blocks (sstable_format.h).
//
//   blocks    | a … cherry | citron … date | fig … |
//   limits               "ci"            "f"     "fig\0"      the least key that lies further on
#pragma once

#include <vector>

#include "engine/sstable/block_cursor.h"
#include "engine/sstable/sorted_keys.h"
#include "engine/sstable/sstable_format.h"

namespace revenant::sstable {

// Of a block, without its trailer.
struct BlockHandle {
  uint64_t offset = 0;
  uint64_t size = 0;

  uint64_t end() const { return offset + size + kBlockTrailerSize; }
};

// The limit of a block that ends with `last` where the next begins with `next` (internal keys): above
// the one, not above the other, and short. Lives as long as `next`.
SeekTarget limit_between(Bytes last, Bytes next);

// Collects what one block of an index will hold.
class SstableIndexBuilder {
 public:
  // `block` follows the one before it.
  void add(const SeekTarget& limit, const BlockHandle& block);
  // A partition that is not empty, stored as `block`.
  void add(const SstableIndexBuilder& partition, const BlockHandle& block);
  uint64_t bytes() const { return entries_.size(); }  // about; 0 if it is empty
  // The payload.
  void append_to(Buffer& out) const;

 private:
  void add_encoded(Bytes limit, const BlockHandle& block);

  uint64_t blocks_ = 0;
  uint64_t begin_ = 0, end_ = 0;  // of the blocks
  Buffer entries_;
  Buffer limit_;  // the last one, as it is stored
};

class SstableIndex {
 public:
  // The blocks lie below `end_max`.
  static Decoded<SstableIndex> decode(Buffer payload, uint64_t end_max);

  // Blocks are numbered from 0.
  size_t size() const { return blocks_.size(); }
  BlockHandle block(size_t i) const { return blocks_[i].handle; }
  SeekTarget limit(size_t i) const;
  // The first block that may hold an entry not before the target; size() if there is none.
  size_t find(const SeekTarget& target) const;

  // Where the first block begins and the last one ends.
  uint64_t begin() const { return begin_; }
  uint64_t end() const { return blocks_.empty() ? begin_ : blocks_.back().handle.end(); }
  uint64_t stored_bytes() const { return payload_.size(); }

 private:
  struct Block {
    uint64_t key_offset;  // of the limit's user key in payload_
    uint64_t key_size : 63, has_trailer : 1;
    BlockHandle handle;
  };

  SstableIndex() = default;

  Buffer payload_;
  uint64_t begin_ = 0;
  std::vector<Block> blocks_;
  SortedKeys limits_;  // their user keys
};

}  // namespace revenant::sstable
