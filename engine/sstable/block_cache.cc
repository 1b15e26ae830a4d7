#include "engine/sstable/block_cache.h"

#include <vector>

#include "engine/base/check.h"

namespace revenant::sstable {
namespace {

// Odd constants of XXH64, to spread numbers that are small and multiples of a block's size; the
// upper bits are the best mixed.
uint64_t hash_of(FileNumber file, uint64_t offset) {
  const uint64_t mixed = (file.value * 0x9E3779B185EBCA87u ^ offset) * 0xC2B2AE3D27D4EB4Fu;
  return mixed ^ mixed >> 32;
}

struct Ring final : CachedBlock {
  uint64_t charge() const override { return 0; }
};

}  // namespace

struct BlockCache::Impl {
  explicit Impl(uint64_t c) : capacity(c), buckets(16, nullptr) {}

  // Where the chain points to the block, or its end.
  CachedBlock** place_of(FileNumber file, uint64_t offset) {
    CachedBlock** at = &buckets[hash_of(file, offset) & (buckets.size() - 1)];
    while (*at != nullptr && ((*at)->offset_ != offset || (*at)->file_ != file)) {
      at = &(*at)->chain_;
    }
    return at;
  }

  // The ring's most recently used lies before its head, the least recently used after it.
  void make_newest(CachedBlock& block) {
    block.unlink();
    block.link_before(ring);
  }

  void remove(CachedBlock& block) {
    *place_of(block.file_, block.offset_) = block.chain_;
    block.unlink();
    bytes -= block.charge_;
    --count;
    block.cached_ = false;
    if (block.pins_ == 0) delete &block;
  }

  void grow() {
    std::vector<CachedBlock*> chains(2 * buckets.size(), nullptr);
    chains.swap(buckets);
    for (CachedBlock* block : chains) {
      while (block != nullptr) {
        CachedBlock* const next = std::exchange(block->chain_, nullptr);
        *place_of(block->file_, block->offset_) = block;
        block = next;
      }
    }
  }

  void evict() {
    while (bytes + *reserved > capacity && count > 0) remove(*ring.newer_);
  }

  const uint64_t capacity;
  const std::shared_ptr<uint64_t> reserved = std::make_shared<uint64_t>(0);
  uint64_t bytes = 0, count = 0, hits = 0, misses = 0;
  Ring ring;
  std::vector<CachedBlock*> buckets;  // a power of two of them
};

BlockCache::BlockCache(uint64_t capacity_bytes) : impl_(std::make_unique<Impl>(capacity_bytes)) {}
BlockCache::~BlockCache() {
  while (impl_->count > 0) impl_->remove(*impl_->ring.newer_);
}

CachedBlock* BlockCache::look_up(FileNumber file, uint64_t offset) {
  CachedBlock* const found = *impl_->place_of(file, offset);
  if (found == nullptr) {
    ++impl_->misses;
    return nullptr;
  }
  ++impl_->hits;
  impl_->make_newest(*found);
  return found;
}

void BlockCache::take(FileNumber file, uint64_t offset, CachedBlock& block) {
  CHECK(!block.cached_);
  const uint64_t charge = block.charge();
  if (charge + *impl_->reserved > impl_->capacity) return;
  // Two readers may have missed the same block at once; the second one's copy takes the place of
  // the first.
  if (CachedBlock* first = *impl_->place_of(file, offset)) impl_->remove(*first);
  if (impl_->count == impl_->buckets.size()) impl_->grow();
  block.file_ = file;
  block.offset_ = offset;
  block.charge_ = charge;
  block.chain_ = nullptr;
  block.cached_ = true;
  *impl_->place_of(file, offset) = &block;
  block.link_before(impl_->ring);
  impl_->bytes += charge;
  ++impl_->count;
  // Itself it never evicts: it is the newest and fits alone.
  impl_->evict();
}

CacheReservation BlockCache::reserve(uint64_t bytes) {
  CacheReservation reservation(impl_->reserved, bytes);
  impl_->evict();
  return reservation;
}

uint64_t BlockCache::bytes() const { return impl_->bytes + *impl_->reserved; }
uint64_t BlockCache::hits() const { return impl_->hits; }
uint64_t BlockCache::misses() const { return impl_->misses; }

}  // namespace revenant::sstable
