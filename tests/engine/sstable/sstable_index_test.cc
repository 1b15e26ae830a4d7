#include "engine/sstable/sstable_index.h"

#include <gtest/gtest.h>

#include "tests/engine/sstable/entries.h"

namespace revenant::sstable {
namespace {

constexpr uint64_t kBlockSize = 100;

uint64_t offset_of(size_t block) { return block * (kBlockSize + kBlockTrailerSize); }
// Of blocks that end where these keys are.
Buffer payload_of(const Entries& limits) {
  SstableIndexBuilder builder;
  size_t i = 0;
  for (const auto& [key, value] : limits) {
    builder.add(SeekTarget::exactly(key), {offset_of(i++), kBlockSize});
  }
  Buffer payload;
  builder.append_to(payload);
  return payload;
}

TEST(SstableIndexTest, ALimitLiesBetweenTwoKeysAndIsShort) {
  const auto between = [](Bytes last, Bytes next) {
    return Buffer(limit_between(internal_key(last, 5), internal_key(next, 5)).user_key);
  };
  EXPECT_EQ(between("key000123", "key000131"), "key00013");
  EXPECT_EQ(between("a", "ab"), "ab");
  EXPECT_EQ(between("", "user"), "u");
  EXPECT_EQ(between("a\xff", "b"), "b");
  EXPECT_EQ(between("cherry", "citron"), "ci");

  Random random(2, "index");
  for (int round = 0; round < 20'000; ++round) {
    Buffer last = internal_key(random_user_key(random), random.below(3));
    Buffer next = internal_key(random_user_key(random), random.below(3));
    const int c = compare_internal_keys(last, next);
    if (c == 0) continue;
    if (c > 0) std::swap(last, next);
    const SeekTarget limit = limit_between(last, next);
    EXPECT_LT(compare(last, limit), 0);
    EXPECT_GE(compare(next, limit), 0);
    EXPECT_LE(limit.user_key.size(), user_key_of(next).size());
  }
}

TEST(SstableIndexTest, TheFirstBlockThatMayHoldATargetIsFound) {
  Random random(1, "index");
  const Buffer commons[] = {"", "k", "user", "12345678", "common to all keys", "\xff\xff"};
  for (int round = 0; round < 300; ++round) {
    const Buffer& common = commons[round % std::size(commons)];
    const auto random_key = [&] {
      // Now and then a target that does not share what all keys do.
      const size_t shared = random.below(8) == 0 ? random.below(common.size() + 1) : common.size();
      const Buffer rest = random_user_key(random);
      return internal_key(common.substr(0, shared) + rest, random.below(3));
    };
    Entries limits;
    for (uint64_t i = 1 + random.below(100); i > 0; --i) {
      // One without a trailer stands before all entries of its user key.
      const Buffer user_key = common + random_user_key(random);
      limits[random.below(2) == 0 ? seek_key(user_key) : internal_key(user_key, random.below(3))];
    }
    const auto index = SstableIndex::decode(payload_of(limits), offset_of(limits.size()));
    ASSERT_TRUE(index) << index.error();
    ASSERT_EQ(index->size(), limits.size());
    for (int i = 0; i < 200; ++i) {
      const Buffer target = random_key();
      const auto expected = std::distance(limits.begin(), limits.upper_bound(target));
      ASSERT_EQ(index->find(SeekTarget::exactly(target)), static_cast<size_t>(expected));
      const Bytes user_key = user_key_of(target);
      const auto first = std::distance(limits.begin(), limits.upper_bound(seek_key(user_key)));
      ASSERT_EQ(index->find(SeekTarget::first_of(user_key)), static_cast<size_t>(first));
    }
  }
}

TEST(SstableIndexTest, BlocksLieOneAfterAnother) {
  Entries limits;
  for (const Bytes key : {"a", "b", "c"}) limits[internal_key(key, 1)];
  const auto index = SstableIndex::decode(payload_of(limits), offset_of(3)).value();
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(index.block(i).offset, offset_of(i));
    EXPECT_EQ(index.block(i).size, kBlockSize);
  }
  EXPECT_EQ(index.begin(), 0u);
  EXPECT_EQ(index.end(), offset_of(3));
  EXPECT_EQ(compare(internal_key("c", 1), index.limit(2)), 0);
}

TEST(SstableIndexTest, APartitionsLimitIsThatOfItsLastBlock) {
  SstableIndexBuilder partition, top;
  partition.add(SeekTarget::first_of("d"), {500, kBlockSize});
  partition.add(SeekTarget::first_of("g"), {500 + offset_of(1), kBlockSize});
  top.add(partition, {1000, 30});
  Buffer payload;
  partition.append_to(payload);
  const auto blocks = SstableIndex::decode(payload, 1000).value();
  EXPECT_EQ(blocks.begin(), 500u);
  EXPECT_EQ(blocks.end(), 500 + offset_of(2));
  payload.clear();
  top.append_to(payload);
  const auto partitions = SstableIndex::decode(payload, 2000).value();
  EXPECT_EQ(compare(partitions.limit(0), blocks.limit(1)), 0);
  EXPECT_EQ(partitions.block(0).offset, 1000u);
}

TEST(SstableIndexTest, ItsBlocksLieWhereBlocksMayLie) {
  Entries limits;
  for (const Bytes key : {"a", "b", "c"}) limits[internal_key(key, 1)];
  const Buffer payload = payload_of(limits);
  const uint64_t size = offset_of(3);
  EXPECT_TRUE(SstableIndex::decode(payload, size));
  EXPECT_FALSE(SstableIndex::decode(payload, size - 1));
  EXPECT_FALSE(SstableIndex::decode(payload, 0));
  EXPECT_FALSE(SstableIndex::decode(payload + "x", size));
  EXPECT_FALSE(SstableIndex::decode("", 0));
  for (size_t cut = 0; cut < payload.size(); ++cut) {
    EXPECT_FALSE(SstableIndex::decode(payload.substr(0, cut), size)) << cut;
  }
}

TEST(SstableIndexTest, KeysOutOfOrderAreNoIndex) {
  SstableIndexBuilder builder;
  builder.add(SeekTarget::first_of("b"), {0, kBlockSize});
  builder.add(SeekTarget::first_of("a"), {offset_of(1), kBlockSize});
  Buffer payload;
  builder.append_to(payload);
  EXPECT_FALSE(SstableIndex::decode(payload, offset_of(2)));
}

}  // namespace
}  // namespace revenant::sstable
