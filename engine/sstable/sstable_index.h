// Where an SSTable's data blocks lie, and the last key of each: kept decoded in memory, so that a
// search touches no file.
#pragma once

#include <vector>

#include "engine/sstable/block_cursor.h"
#include "engine/sstable/sorted_keys.h"
#include "engine/sstable/sstable_format.h"

namespace revenant::sstable {

// Of a data block, without its trailer.
struct BlockHandle {
  uint64_t offset = 0;
  uint64_t size = 0;
};

// Collects what the file's index will hold.
class SstableIndexBuilder {
 public:
  void add(Bytes last_key, uint64_t block_size);
  // The index's payload.
  void append_to(Buffer& out) const;

 private:
  uint64_t blocks_ = 0;
  Buffer entries_;
};

class SstableIndex {
 public:
  // `data_size`: where the data blocks end, which the index must account for.
  static Decoded<SstableIndex> decode(Buffer payload, uint64_t data_size);

  // Blocks are numbered from 0.
  size_t size() const { return blocks_.size(); }
  BlockHandle block(size_t i) const { return blocks_[i].handle; }
  Bytes last_key(size_t i) const {
    return Bytes(payload_).substr(blocks_[i].key_offset, blocks_[i].key_size);
  }
  // The first block that may hold an entry not before the target; size() if there is none.
  size_t find(const SeekTarget& target) const;

 private:
  struct Block {
    uint64_t key_offset, key_size;  // in payload_
    BlockHandle handle;
  };

  SstableIndex() = default;

  Buffer payload_;
  std::vector<Block> blocks_;
  SortedKeys last_keys_;
};

}  // namespace revenant::sstable
