#include "engine/sstable/block_cache.h"

#include <gtest/gtest.h>

#include <list>

#include "engine/base/random.h"

namespace revenant::sstable {
namespace {

struct TestBlock final : CachedBlock {
  explicit TestBlock(Buffer b) : bytes(std::move(b)) {}
  uint64_t charge() const override { return bytes.size(); }
  Buffer bytes;
};
BlockPin<TestBlock> block_of(size_t size, char fill = 'x') {
  return BlockPin(std::make_unique<TestBlock>(Buffer(size, fill)));
}
BlockPin<TestBlock> find(BlockCache& cache, FileNumber file, uint64_t offset) {
  return cache.find<TestBlock>(file, offset);
}

TEST(BlockCacheTest, TheLeastRecentlyUsedGoesFirst) {
  BlockCache cache(30);
  cache.insert({1}, 0, block_of(10));
  cache.insert({1}, 10, block_of(10));
  cache.insert({2}, 0, block_of(10));
  EXPECT_TRUE(find(cache, {1}, 0));  // now (1, 10) is the oldest
  cache.insert({2}, 10, block_of(10));
  EXPECT_FALSE(find(cache, {1}, 10));
  EXPECT_TRUE(find(cache, {1}, 0));
  EXPECT_TRUE(find(cache, {2}, 0));
  EXPECT_TRUE(find(cache, {2}, 10));
  EXPECT_EQ(cache.bytes(), 30u);
  EXPECT_EQ(cache.hits(), 4u);
  EXPECT_EQ(cache.misses(), 1u);
}

TEST(BlockCacheTest, ABlockLivesWhileSomebodyHoldsIt) {
  BlockCache cache(10);
  cache.insert({1}, 0, block_of(10, 'a'));
  const auto held = find(cache, {1}, 0);
  cache.insert({1}, 10, block_of(10, 'b'));
  EXPECT_FALSE(find(cache, {1}, 0));
  EXPECT_EQ(held->bytes, Buffer(10, 'a'));
}

TEST(BlockCacheTest, APinOutlivesTheCache) {
  auto cache = std::make_unique<BlockCache>(10);
  const auto held = block_of(10, 'a');
  cache->insert({1}, 0, held);
  cache.reset();
  EXPECT_EQ(held->bytes, Buffer(10, 'a'));
}

TEST(BlockCacheTest, AReservationLeavesLessRoomForBlocksUntilItGoes) {
  BlockCache cache(30);
  cache.insert({1}, 0, block_of(10));
  cache.insert({1}, 10, block_of(10));
  {
    const CacheReservation reservation = cache.reserve(15);
    EXPECT_EQ(cache.bytes(), 25u);
    EXPECT_FALSE(find(cache, {1}, 0));
    EXPECT_TRUE(find(cache, {1}, 10));
    cache.insert({1}, 20, block_of(20));
    EXPECT_FALSE(find(cache, {1}, 20));
    const CacheReservation more = cache.reserve(100);
    EXPECT_EQ(cache.bytes(), 115u);
  }
  EXPECT_EQ(cache.bytes(), 0u);
  cache.insert({1}, 20, block_of(20));
  EXPECT_TRUE(find(cache, {1}, 20));
}

TEST(BlockCacheTest, AReservationOutlivesTheCache) {
  auto cache = std::make_unique<BlockCache>(30);
  const CacheReservation reservation = cache->reserve(10);
  cache.reset();
}

TEST(BlockCacheTest, WhatDoesNotFitIsNotKept) {
  BlockCache cache(10);
  cache.insert({1}, 0, block_of(10));
  cache.insert({1}, 10, block_of(11));
  EXPECT_TRUE(find(cache, {1}, 0));
  EXPECT_FALSE(find(cache, {1}, 10));

  BlockCache nothing(0);
  nothing.insert({1}, 0, block_of(1));
  EXPECT_FALSE(find(nothing, {1}, 0));
  EXPECT_EQ(nothing.bytes(), 0u);
}

TEST(BlockCacheTest, ASecondCopyTakesThePlaceOfTheFirst) {
  BlockCache cache(30);
  cache.insert({1}, 0, block_of(20, 'a'));
  cache.insert({1}, 0, block_of(25, 'b'));
  EXPECT_EQ(cache.bytes(), 25u);
  EXPECT_EQ(find(cache, {1}, 0)->bytes, Buffer(25, 'b'));
}

// Beside a list that is searched from end to end.
TEST(BlockCacheTest, RandomUseGivesWhatANaiveLruGives) {
  struct Naive {
    uint64_t file, offset, size;
  };
  Random random(1, "cache");
  const uint64_t capacity = 1000;
  BlockCache cache(capacity);
  std::list<Naive> naive;  // most recent first
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t file = random.below(4);
    const uint64_t offset = random.below(30) * 4096;
    const auto known = std::find_if(naive.begin(), naive.end(), [&](const Naive& n) {
      return n.file == file && n.offset == offset;
    });
    const auto found = find(cache, {file}, offset);
    ASSERT_EQ(static_cast<bool>(found), known != naive.end());
    if (found) {
      ASSERT_EQ(found->bytes.size(), known->size);
      naive.splice(naive.begin(), naive, known);
      continue;
    }
    const uint64_t size = random.below(150);
    cache.insert({file}, offset, block_of(size));
    naive.push_front({file, offset, size});
    uint64_t bytes = 0;
    for (const Naive& n : naive) bytes += n.size;
    for (; bytes > capacity; naive.pop_back()) bytes -= naive.back().size;
    ASSERT_EQ(cache.bytes(), bytes);
  }
}

}  // namespace
}  // namespace revenant::sstable
