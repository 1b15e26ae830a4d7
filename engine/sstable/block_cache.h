// An LRU cache of data blocks, bounded by bytes. One per Db, touched by its owner only.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/base/bytes.h"
#include "engine/base/ids.h"

namespace revenant::sstable {

class BlockCache {
 public:
  explicit BlockCache(uint64_t capacity_bytes);  // 0: caches nothing
  ~BlockCache();

  // The block at this offset of this file, or null. A block stays alive while someone holds it.
  std::shared_ptr<const Buffer> find(FileNumber file, uint64_t offset);
  // Charges block->size(); evicts the least recently used first. A block larger than the capacity
  // is not kept.
  void insert(FileNumber file, uint64_t offset, std::shared_ptr<const Buffer> block);
  uint64_t bytes() const;
  uint64_t hits() const;
  uint64_t misses() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace revenant::sstable
