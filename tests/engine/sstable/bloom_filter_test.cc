#include "engine/sstable/bloom_filter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace revenant::sstable {
namespace {

BloomFilter filter_of(int keys, int64_t bits_per_key, BloomType type = BloomType::kStandard) {
  std::vector<uint64_t> hashes;
  for (int i = 0; i < keys; ++i) hashes.push_back(bloom_hash("key" + std::to_string(i)));
  Buffer out;
  append_bloom_filter(out, hashes, bits_per_key, type);
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
      for (const BloomType type : {BloomType::kStandard, BloomType::kBlocked}) {
        const BloomFilter filter = filter_of(keys, bits_per_key, type);
        for (int i = 0; i < keys; ++i) {
          ASSERT_TRUE(filter.may_contain(bloom_hash("key" + std::to_string(i))));
        }
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

// A line of 512 bits with i keys passes (1 - (1 - 1/512)^(k i))^k; keys fall on lines by Poisson with
// a mean of 512 / b (Putze, Sanders, Singler 2007).
double blocked_rate(int64_t bits_per_key) {
  const double mean = 512.0 / static_cast<double>(bits_per_key);
  const int probes = bloom_probes(bits_per_key);
  double rate = 0;
  double chance = std::exp(-mean);  // of i keys
  for (int i = 0; i < 2000; chance *= mean / ++i) {
    rate += chance * std::pow(1 - std::pow(1 - 1.0 / 512, probes * i), probes);
  }
  return rate;
}

TEST(BloomFilterTest, ABlockedFilterPassesAsManyAsTheoryAllowsIt) {
  EXPECT_NEAR(blocked_rate(10), 0.00957, 0.00001);
  for (const int64_t bits_per_key : {4, 6, 8, 10, 12}) {
    const double rate = static_cast<double>(false_positives(
                            filter_of(100'000, bits_per_key, BloomType::kBlocked))) /
                        1e6;
    EXPECT_NEAR(rate / blocked_rate(bits_per_key), 1, 0.05) << bits_per_key;
  }
}

TEST(BloomFilterTest, AFewKeysHaveAFilterOfSixtyFourBits) {
  Buffer out;
  append_bloom_filter(out, {bloom_hash("a")}, 10);
  EXPECT_EQ(out.size(), 8u + 2);
}

TEST(BloomFilterTest, BytesThatAreNoFilterAreNotSound) {
  EXPECT_FALSE(BloomFilter::is_sound(""));
  EXPECT_FALSE(BloomFilter::is_sound(Bytes("\x07\0", 2)));
  EXPECT_FALSE(BloomFilter::is_sound(Bytes("bits\0\0", 6)));
  EXPECT_FALSE(BloomFilter::is_sound(Bytes("bits\x41\0", 6)));
  EXPECT_FALSE(BloomFilter::is_sound(Bytes("bits\xff\0", 6)));
  EXPECT_FALSE(BloomFilter::is_sound("bits\x07\x02"));  // no such type
  EXPECT_FALSE(BloomFilter::is_sound("bits\x07\x01"));  // no whole lines
  EXPECT_TRUE(BloomFilter::is_sound(Bytes("bits\x40\0", 6)));
  EXPECT_TRUE(BloomFilter::is_sound(Buffer(64, 'x') + "\x40\x01"));
}

}  // namespace
}  // namespace revenant::sstable
