#include <gtest/gtest.h>

#include "engine/sstable/block_builder.h"
#include "engine/sstable/block_cursor.h"
#include "tests/engine/sstable/entries.h"

namespace revenant::sstable {
namespace {

Buffer build_block(const Entries& entries, int64_t restart_interval) {
  Buffer out;
  BlockBuilder builder(restart_interval);
  for (const auto& [key, value] : entries) {
    builder.add(out, key, value);
    EXPECT_EQ(builder.last_key(), key);
  }
  const size_t size = builder.size(out);
  builder.finish(out);
  EXPECT_EQ(size, out.size());
  return out;
}

void expect_at(const BlockCursor& cursor, const Entries& entries, Entries::const_iterator at) {
  ASSERT_FALSE(cursor.corrupt());
  ASSERT_EQ(cursor.valid(), at != entries.end());
  if (!cursor.valid()) return;
  ASSERT_EQ(cursor.key(), at->first);
  ASSERT_EQ(cursor.value(), at->second);
}

TEST(BlockTest, ACursorFindsWhatABuilderWrote) {
  Random random(1, "block");
  for (const int64_t restart_interval : {1, 2, 3, 16, 1024}) {
    const Entries entries = random_entries(random, 60);
    const Buffer block = build_block(entries, restart_interval);
    ASSERT_TRUE(restarts_are_sound(block));
    BlockCursor cursor;
    cursor.reset(block);
    EXPECT_FALSE(cursor.valid());
    cursor.seek_to_first();
    for (auto at = entries.begin(); at != entries.end(); ++at) {
      ASSERT_NO_FATAL_FAILURE(expect_at(cursor, entries, at));
      cursor.next();
    }
    EXPECT_FALSE(cursor.valid());
    cursor.seek_to_last();
    for (auto at = entries.end(); at != entries.begin();) {
      ASSERT_NO_FATAL_FAILURE(expect_at(cursor, entries, --at));
      cursor.prev();
    }
    EXPECT_FALSE(cursor.valid());
    for (int i = 0; i < 500; ++i) {
      const Buffer target = internal_key(random_user_key(random), random.below(1'000'000));
      cursor.seek(SeekTarget::exactly(target));
      ASSERT_NO_FATAL_FAILURE(expect_at(cursor, entries, entries.lower_bound(target)));
      const Buffer user_key = random_user_key(random);
      cursor.seek(SeekTarget::first_of(user_key));
      ASSERT_NO_FATAL_FAILURE(expect_at(cursor, entries, entries.lower_bound(seek_key(user_key))));
    }
  }
}

TEST(BlockTest, KeysShareTheirPrefixesBetweenRestarts) {
  Entries entries;
  for (int i = 0; i < 32; ++i) put(entries, Buffer(100, 'x') + static_cast<char>('A' + i), 1, "v");
  EXPECT_EQ(build_block(entries, 1).size(), 32 * (3 + 101 + 16 + 1) + 33 * 4u);
  // The last byte differs, and then the trailer follows: 17 bytes of each key that is no restart.
  EXPECT_EQ(build_block(entries, 16).size(), 2 * (3 + 117 + 1) + 30 * (3 + 17 + 1) + 3 * 4u);
}

TEST(BlockTest, RestartsThatDoNotFitAreNotSound) {
  Entries entries;
  for (char c = 'a'; c < 'z'; ++c) put(entries, Buffer(1, c), 1, "value");
  const Buffer block = build_block(entries, 4);
  EXPECT_TRUE(restarts_are_sound(block));
  for (size_t size = 0; size < 4; ++size) EXPECT_FALSE(restarts_are_sound(block.substr(0, size)));
  EXPECT_FALSE(restarts_are_sound(Buffer(64, '\0')));
  const auto with_last = [&](size_t from_end, uint32_t value) {
    Buffer damaged = block;
    std::memcpy(damaged.data() + damaged.size() - from_end, &value, sizeof value);
    return damaged;
  };
  EXPECT_FALSE(restarts_are_sound(with_last(4, 0)));
  EXPECT_FALSE(restarts_are_sound(with_last(4, UINT32_MAX)));
  EXPECT_FALSE(restarts_are_sound(with_last(4, static_cast<uint32_t>(block.size()))));
  EXPECT_FALSE(restarts_are_sound(with_last(8, UINT32_MAX)));
  EXPECT_FALSE(restarts_are_sound(with_last(8, 1)));
}

// Without a checksum in the way: whatever the bytes are, a cursor ends, and stays inside (the
// address sanitizer watches a block that lies exactly in its allocation).
TEST(BlockTest, ACursorSurvivesAnyBytes) {
  Random random(2, "block");
  const Entries entries = random_entries(random, 30);
  const Buffer whole = build_block(entries, 4);
  for (int round = 0; round < 3000; ++round) {
    std::vector<char> block(whole.begin(), whole.end());
    for (uint64_t changes = 1 + random.below(3); changes > 0; --changes) {
      block[random.below(block.size())] = static_cast<char>(random.below(256));
    }
    const Bytes view(block.data(), block.size());
    if (!restarts_are_sound(view)) continue;
    BlockCursor cursor;
    cursor.reset(view);
    size_t steps = 0;
    for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
      ASSERT_LE(++steps, block.size());
      (void)entry_cell(parse_internal_key(cursor.key()), cursor.value());
    }
    steps = 0;
    for (cursor.seek_to_last(); cursor.valid(); cursor.prev()) ASSERT_LE(++steps, block.size());
    if (!cursor.corrupt()) cursor.seek(SeekTarget::first_of(random_user_key(random)));
  }
}

}  // namespace
}  // namespace revenant::sstable
