#include "engine/sstable/block_cache.h"

#include <unordered_map>
#include <utility>

namespace revenant::sstable {
namespace {

struct BlockId {
  FileNumber file;
  uint64_t offset;
  bool operator==(const BlockId&) const = default;
};

struct BlockIdHash {
  // Odd constants of XXH64, to spread numbers that are small and multiples of a block's size.
  size_t operator()(const BlockId& id) const {
    const uint64_t mixed = id.file.value * 0x9E3779B185EBCA87u ^ id.offset * 0xC2B2AE3D27D4EB4Fu;
    return mixed ^ mixed >> 32;
  }
};

// Linked from the least to the most recently used, in a ring through Impl::ring.
struct Link {
  Link* older = this;
  Link* newer = this;

  Link() = default;
  Link(const Link&) = delete;

  void insert_before(Link& next) {
    older = next.older;
    newer = &next;
    older->newer = newer->older = this;
  }
  void unlink() {
    older->newer = newer;
    newer->older = older;
  }
};

struct Entry : Link {
  BlockId id;
  std::shared_ptr<const Buffer> block;
};

}  // namespace

struct BlockCache::Impl {
  explicit Impl(uint64_t c) : capacity(c) {}

  // The ring's most recently used lies before its head, the least recently used after it.
  void make_newest(Entry& entry) {
    entry.unlink();
    entry.insert_before(ring);
  }
  void evict_oldest() {
    Entry& oldest = static_cast<Entry&>(*ring.newer);
    bytes -= oldest.block->size();
    oldest.unlink();
    entries.erase(BlockId(oldest.id));
  }

  const uint64_t capacity;
  uint64_t bytes = 0, hits = 0, misses = 0;
  Link ring;
  std::unordered_map<BlockId, Entry, BlockIdHash> entries;  // for look-up only, never iterated
};

BlockCache::BlockCache(uint64_t capacity_bytes) : impl_(std::make_unique<Impl>(capacity_bytes)) {}
BlockCache::~BlockCache() = default;

std::shared_ptr<const Buffer> BlockCache::find(FileNumber file, uint64_t offset) {
  const auto found = impl_->entries.find(BlockId{file, offset});
  if (found == impl_->entries.end()) {
    ++impl_->misses;
    return nullptr;
  }
  ++impl_->hits;
  impl_->make_newest(found->second);
  return found->second.block;
}

void BlockCache::insert(FileNumber file, uint64_t offset, std::shared_ptr<const Buffer> block) {
  if (block->size() > impl_->capacity) return;
  const BlockId id{file, offset};
  Entry& entry = impl_->entries[id];
  // Two readers may have missed the same block at once; the second one's copy takes the place of
  // the first.
  if (entry.block != nullptr) impl_->bytes -= entry.block->size();
  entry.id = id;
  entry.block = std::move(block);
  impl_->bytes += entry.block->size();
  impl_->make_newest(entry);
  // Itself it never evicts: it is the newest and fits alone.
  while (impl_->bytes > impl_->capacity) impl_->evict_oldest();
}

uint64_t BlockCache::bytes() const { return impl_->bytes; }
uint64_t BlockCache::hits() const { return impl_->hits; }
uint64_t BlockCache::misses() const { return impl_->misses; }

}  // namespace revenant::sstable
