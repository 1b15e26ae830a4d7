#include "engine/sstable/bloom_filter.h"

#include <gtest/gtest.h>

#include <string>

namespace revenant::sstable {
namespace {

BloomFilter filter_of(int keys, int64_t bits_per_key) {
  std::vector<uint64_t> hashes;
  for (int i = 0; i < keys; ++i) hashes.push_back(bloom_hash("key" + std::to_string(i)));
  Buffer out;
  append_bloom_filter(out, hashes, bits_per_key);
  EXPECT_TRUE(BloomFilter::is_sound(out));
  return BloomFilter(out);
}

// Per million absent keys.
int64_t false_positives(const BloomFilter& filter) {
  int64_t positives = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    positives += filter.may_contain(bloom_hash("absent" + std::to_string(i))) ? 1 : 0;
  }
  return positives;
}

TEST(BloomFilterTest, WhatWasAddedIsFound) {
  for (const int keys : {1, 2, 10, 1000, 20'000}) {
    for (const int64_t bits_per_key : {1, 2, 10, 64}) {
      const BloomFilter filter = filter_of(keys, bits_per_key);
      for (int i = 0; i < keys; ++i) {
        ASSERT_TRUE(filter.may_contain(bloom_hash("key" + std::to_string(i))));
      }
    }
  }
}

// Optimal k of the standard formula, as Bloom filters are tabulated.
TEST(BloomFilterTest, ProbesAreTheOptimalNumber) {
  const std::pair<int64_t, int> table[] = {{1, 1},   {2, 1},   {4, 3},   {5, 3},
                                           {6, 4},   {8, 6},   {10, 7},  {12, 8},
                                           {14, 10}, {16, 11}, {20, 14}, {64, 44}};
  for (const auto& [bits_per_key, probes] : table) {
    EXPECT_EQ(bloom_probes(bits_per_key), probes) << bits_per_key;
  }
}

// (1 - e^(-k/b))^k with k probes and b bits per key; a million trials have a standard deviation of
// at most 350 at 14.7 %, 91 at 0.82 %, 18 at 0.03 %, and the filter itself adds some.
TEST(BloomFilterTest, FalsePositivesAreAsManyAsTheFormulaSays) {
  EXPECT_NEAR(false_positives(filter_of(100'000, 4)), 146'900, 1'500);
  EXPECT_NEAR(false_positives(filter_of(100'000, 10)), 8'190, 350);
  EXPECT_NEAR(false_positives(filter_of(100'000, 16)), 459, 90);
}

TEST(BloomFilterTest, AFewKeysHaveAFilterOfSixtyFourBits) {
  Buffer out;
  append_bloom_filter(out, {bloom_hash("a")}, 10);
  EXPECT_EQ(out.size(), 8u + 1);
}

TEST(BloomFilterTest, BytesThatAreNoFilterAreNotSound) {
  EXPECT_FALSE(BloomFilter::is_sound(""));
  EXPECT_FALSE(BloomFilter::is_sound("\x07"));
  EXPECT_FALSE(BloomFilter::is_sound(Bytes("bits\0", 5)));
  EXPECT_FALSE(BloomFilter::is_sound("bits\x41"));
  EXPECT_FALSE(BloomFilter::is_sound("bits\xff"));
  EXPECT_TRUE(BloomFilter::is_sound("bits\x40"));
}

}  // namespace
}  // namespace revenant::sstable
