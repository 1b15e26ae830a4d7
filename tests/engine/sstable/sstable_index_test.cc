#include "engine/sstable/sstable_index.h"

#include <gtest/gtest.h>

#include "tests/engine/sstable/entries.h"

namespace revenant::sstable {
namespace {

constexpr uint64_t kBlockSize = 100;

Buffer payload_of(const Entries& last_keys) {
  SstableIndexBuilder builder;
  for (const auto& [key, value] : last_keys) builder.add(key, kBlockSize);
  Buffer payload;
  builder.append_to(payload);
  return payload;
}
uint64_t data_size_of(const Entries& last_keys) {
  return last_keys.size() * (kBlockSize + kBlockTrailerSize);
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
    Entries last_keys;
    for (uint64_t i = 1 + random.below(100); i > 0; --i) {
      last_keys[internal_key(common + random_user_key(random), random.below(3))];
    }
    const auto index = SstableIndex::decode(payload_of(last_keys), data_size_of(last_keys));
    ASSERT_TRUE(index) << index.error();
    ASSERT_EQ(index->size(), last_keys.size());
    for (int i = 0; i < 200; ++i) {
      const Buffer target = random_key();
      const auto expected = std::distance(last_keys.begin(), last_keys.lower_bound(target));
      ASSERT_EQ(index->find(SeekTarget::exactly(target)), static_cast<size_t>(expected));
      const Bytes user_key = user_key_of(target);
      const auto first =
          std::distance(last_keys.begin(), last_keys.lower_bound(seek_key(user_key)));
      ASSERT_EQ(index->find(SeekTarget::first_of(user_key)), static_cast<size_t>(first));
    }
  }
}

TEST(SstableIndexTest, BlocksLieOneAfterAnother) {
  Entries last_keys;
  for (const Bytes key : {"a", "b", "c"}) last_keys[internal_key(key, 1)];
  const auto index = SstableIndex::decode(payload_of(last_keys), data_size_of(last_keys)).value();
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(index.block(i).offset, i * (kBlockSize + kBlockTrailerSize));
    EXPECT_EQ(index.block(i).size, kBlockSize);
  }
  EXPECT_EQ(index.last_key(2), internal_key("c", 1));
}

TEST(SstableIndexTest, AnIndexMustAccountForTheData) {
  Entries last_keys;
  for (const Bytes key : {"a", "b", "c"}) last_keys[internal_key(key, 1)];
  const Buffer payload = payload_of(last_keys);
  const uint64_t size = data_size_of(last_keys);
  EXPECT_TRUE(SstableIndex::decode(payload, size));
  EXPECT_FALSE(SstableIndex::decode(payload, size - 1));
  EXPECT_FALSE(SstableIndex::decode(payload, size + 1));
  EXPECT_FALSE(SstableIndex::decode(payload, 0));
  EXPECT_FALSE(SstableIndex::decode(payload + "x", size));
  EXPECT_FALSE(SstableIndex::decode("", 0));
  for (size_t cut = 0; cut < payload.size(); ++cut) {
    EXPECT_FALSE(SstableIndex::decode(payload.substr(0, cut), size)) << cut;
  }
}

TEST(SstableIndexTest, KeysOutOfOrderAreNoIndex) {
  SstableIndexBuilder builder;
  builder.add(internal_key("b", 1), kBlockSize);
  builder.add(internal_key("a", 1), kBlockSize);
  Buffer payload;
  builder.append_to(payload);
  EXPECT_FALSE(SstableIndex::decode(payload, 2 * (kBlockSize + kBlockTrailerSize)));
}

}  // namespace
}  // namespace revenant::sstable
