#include "engine/sstable/compression.h"

#include <gtest/gtest.h>

#include "tests/engine/sstable/entries.h"

namespace revenant::sstable {
namespace {

constexpr Compression kKinds[] = {Compression::kLz4, Compression::kZstd};

TEST(CompressionTest, WhatWasCompressedComesBack) {
  Random random(1, "compression");
  for (const Compression kind : kKinds) {
    for (int round = 0; round < 200; ++round) {
      Buffer payload;
      const uint64_t size = random.below(20'000);
      while (payload.size() < size)
        payload.append(random.below(50), static_cast<char>(random.below(256)));
      Buffer stored = "before";
      if (!append_compressed(stored, kind, payload)) {
        EXPECT_EQ(stored, "before");
        continue;
      }
      EXPECT_LE(stored.size() - 6, payload.size() - payload.size() / 8);
      Buffer back = "replaced";
      ASSERT_TRUE(decompress(kind, Bytes(stored).substr(6), back));
      EXPECT_EQ(back, payload);
    }
  }
}

TEST(CompressionTest, WhatDoesNotShrinkByAnEighthStaysAsItIs) {
  Random random(1, "compression");
  Buffer noise;
  while (noise.size() < 4096) put_fixed(noise, random.next());
  Buffer out;
  for (const Compression kind : kKinds) {
    EXPECT_FALSE(append_compressed(out, kind, noise));
    EXPECT_FALSE(append_compressed(out, kind, ""));
    EXPECT_FALSE(append_compressed(out, kind, "a"));
  }
  EXPECT_FALSE(append_compressed(out, Compression::kNone, Buffer(4096, 'a')));
  EXPECT_EQ(out, "");
}

// The checksum lets none of these through but those somebody made on purpose.
TEST(CompressionTest, BytesThatAreNotCompressedOnesAreAnErrorOrOtherBytesAndNeverMore) {
  Random random(1, "compression");
  const Buffer payload(4096, 'p');
  for (const Compression kind : kKinds) {
    Buffer stored;
    ASSERT_TRUE(append_compressed(stored, kind, payload));
    for (int round = 0; round < 2000; ++round) {
      Buffer damaged = stored;
      damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
      damaged.resize(random.below(damaged.size() + 1));
      Buffer out;
      (void)decompress(kind, damaged, out);
      EXPECT_LE(out.size(), 255 * stored.size() + 255);
    }
  }
}

class CompressedSstableTest : public SstableTest {};

TEST_F(CompressedSstableTest, ATableShrinksAndTheCacheHoldsWhatItDecompressed) {
  Entries entries;
  for (int i = 0; i < 2000; ++i) put(entries, fmt::format("key{:06}", i), 1, Buffer(100, 'v'));
  build(entries);
  const size_t plain = bytes().size();
  for (const Compression kind : kKinds) {
    SstableOptions options;
    options.compression = kind;
    build(entries, options);
    EXPECT_LT(bytes().size(), plain / 2);
    BlockCache cache(10 << 20);
    ReadCounters counters;
    const auto reader = open().value();
    const auto it = reader->iterate({{env::CauseKind::kClientRead}, &cache, &counters});
    expect_scan(*it, entries);
    EXPECT_LT(counters.bytes_from_file, plain / 2);
    EXPECT_GT(cache.bytes(), plain / 2);
  }
}

TEST(SstableOptionsTest, CompressionFollowsTheLevel) {
  SstableOptions options;
  options.compression = Compression::kLz4;
  EXPECT_EQ(options.at_level(0, false).compression, Compression::kLz4);
  options.compression_per_level = {Compression::kNone, Compression::kNone, Compression::kLz4};
  EXPECT_EQ(options.at_level(0, false).compression, Compression::kNone);
  EXPECT_EQ(options.at_level(1, false).compression, Compression::kNone);
  EXPECT_EQ(options.at_level(2, false).compression, Compression::kLz4);
  EXPECT_EQ(options.at_level(3, true).compression, Compression::kLz4);
  options.bottommost_compression = BottommostCompression::kZstd;
  EXPECT_EQ(options.at_level(3, true).compression, Compression::kZstd);
  EXPECT_EQ(options.at_level(3, false).compression, Compression::kLz4);
}

}  // namespace
}  // namespace revenant::sstable
