// An LRU cache of blocks, bounded by bytes. One per Db, touched by its owner only: pins count
// without atomic operations.
//
//   buckets   [ ] [x] [ ] …          by file and offset, chained through the blocks themselves
//                  │
//   blocks        b7 ── b3 ── b9     linked from the least to the most recently used
//
// A block carries its own links, so that a hit touches the bucket, the block and its neighbours in
// the order of use, and nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/ids.h"

namespace revenant::sstable {

class BlockCache;
template <typename T>
class BlockPin;

// What became of a block of a file in memory: bytes, or what they decode to.
class CachedBlock {
 public:
  CachedBlock() = default;
  CachedBlock(const CachedBlock&) = delete;
  virtual ~CachedBlock() = default;
  // Bytes that the cache counts for it.
  virtual uint64_t charge() const = 0;

 private:
  friend class BlockCache;
  template <typename T>
  friend class BlockPin;

  void link_before(CachedBlock& next) {
    older_ = next.older_;
    newer_ = &next;
    older_->newer_ = newer_->older_ = this;
  }
  void unlink() {
    older_->newer_ = newer_;
    newer_->older_ = older_;
  }

  FileNumber file_;
  uint64_t offset_ = 0;
  uint64_t charge_ = 0;
  CachedBlock* chain_ = nullptr;  // the next of its bucket
  CachedBlock* older_ = this;
  CachedBlock* newer_ = this;
  uint32_t pins_ = 0;
  bool cached_ = false;
};

// Memory that somebody keeps at a cache's expense, as long as this lives.
class CacheReservation {
 public:
  CacheReservation() = default;
  CacheReservation(CacheReservation&& other) noexcept
      : reserved_(std::move(other.reserved_)), bytes_(other.bytes_) {}
  CacheReservation& operator=(CacheReservation&& other) noexcept {
    std::swap(reserved_, other.reserved_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~CacheReservation() {
    if (reserved_ != nullptr) *reserved_ -= bytes_;
  }

 private:
  friend class BlockCache;
  CacheReservation(std::shared_ptr<uint64_t> reserved, uint64_t bytes)
      : reserved_(std::move(reserved)), bytes_(bytes) {
    *reserved_ += bytes_;
  }
  std::shared_ptr<uint64_t> reserved_;  // of all: it may outlive the cache
  uint64_t bytes_ = 0;
};

// Keeps a block alive, whether or not a cache still holds it.
template <typename T>
class BlockPin {
 public:
  BlockPin() = default;
  explicit BlockPin(std::unique_ptr<T> block) : BlockPin(block.release()) {}
  BlockPin(BlockPin&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  BlockPin& operator=(BlockPin&& other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~BlockPin() {
    if (block_ != nullptr && --block_->pins_ == 0 && !block_->cached_) delete block_;
  }

  explicit operator bool() const { return block_ != nullptr; }
  const T& operator*() const { return *block_; }
  const T* operator->() const { return block_; }

 private:
  friend class BlockCache;
  explicit BlockPin(T* block) : block_(block) {
    if (block_ != nullptr) ++block_->pins_;
  }
  T* block_ = nullptr;
};

class BlockCache {
 public:
  explicit BlockCache(uint64_t capacity_bytes);  // 0: caches nothing
  ~BlockCache();
  BlockCache(const BlockCache&) = delete;

  // The block at this offset of this file, which was inserted as a T, or none.
  template <typename T>
  BlockPin<T> find(FileNumber file, uint64_t offset) {
    return BlockPin<T>(static_cast<T*>(look_up(file, offset)));
  }
  // Evicts the least recently used first. A block larger than the capacity is not kept.
  template <typename T>
  void insert(FileNumber file, uint64_t offset, const BlockPin<T>& block) {
    take(file, offset, *block.block_);
  }
  // Leaves less room for blocks; none, if it is more than the capacity.
  CacheReservation reserve(uint64_t bytes);
  uint64_t bytes() const;  // of blocks and reservations
  uint64_t hits() const;
  uint64_t misses() const;

 private:
  CachedBlock* look_up(FileNumber file, uint64_t offset);
  void take(FileNumber file, uint64_t offset, CachedBlock& block);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace revenant::sstable
