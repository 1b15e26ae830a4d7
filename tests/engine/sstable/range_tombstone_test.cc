#include "engine/sstable/range_tombstone.h"

#include <gtest/gtest.h>

#include "engine/base/random.h"
#include "tests/engine/sstable/entries.h"

namespace revenant::sstable {
namespace {

Buffer short_key(Random& random) {
  Buffer key;
  for (uint64_t i = 1 + random.below(2); i > 0; --i)
    key += static_cast<char>('a' + random.below(4));
  return key;
}

std::vector<RangeTombstone> random_ranges(Random& random, uint64_t count) {
  std::vector<RangeTombstone> ranges;
  while (ranges.size() < count) {
    RangeTombstone t;
    t.start = short_key(random);
    t.end = short_key(random);
    t.version = {random.below(5)};
    t.sequence = {1 + random.below(20)};
    t.deletion_time = {random.between(0, 3)};
    if (t.start < t.end) ranges.push_back(std::move(t));
  }
  return ranges;
}

TEST(RangeTombstoneTest, TheWinnerAtAKeyIsThatOfAllThatCoverIt) {
  Random random(1, "ranges");
  for (int round = 0; round < 500; ++round) {
    const auto given = random_ranges(random, random.below(12));
    const RangeTombstones set(given);
    for (int i = 0; i < 50; ++i) {
      const Buffer key = short_key(random);
      const SequenceNumber bound{random.below(22)};
      std::optional<CellView> expected;
      for (const RangeTombstone& t : given) {
        if (key < t.start || key >= t.end || t.sequence > bound) continue;
        const CellView cell{CellKind::kTombstone, t.version, t.deletion_time, {}};
        if (!expected || compare_cells(cell, *expected) > 0) expected = cell;
      }
      const auto found = set.winner(key, bound);
      ASSERT_EQ(found.has_value(), expected.has_value());
      if (found) {
        EXPECT_EQ(compare_cells(found->cell(), *expected), 0);
      }
    }
  }
}

TEST(RangeTombstoneTest, CutsAreDisjointAndAscending) {
  Random random(2, "ranges");
  for (int round = 0; round < 200; ++round) {
    const RangeTombstones set(random_ranges(random, 8));
    Buffer end;
    for (const RangeTombstones::Range& range : set.ranges()) {
      EXPECT_LE(end, range.start);
      EXPECT_LT(range.start, range.end);
      EXPECT_FALSE(range.markers.empty());
      end = range.end;
    }
  }
}

TEST_F(SstableTest, RangeTombstonesAreReadBackAndWidenTheBounds) {
  const RangeTombstone wide{"a", "x", Version{50}, SequenceNumber{9}, Instant{700}};
  const RangeTombstone narrow{"b", "c", Version{3}, SequenceNumber{2}, Instant{100}};
  Entries entries;
  put(entries, "m", 10, "v");
  const SstableProperties p = build(entries, {}, {wide, narrow});
  EXPECT_EQ(p.entries, 1u);
  EXPECT_EQ(p.range_tombstones, 2u);
  EXPECT_EQ(p.least_key, "a");
  EXPECT_EQ(p.greatest_key, "x");
  EXPECT_EQ(p.least_version, Version{3});
  EXPECT_EQ(p.greatest_version, Version{50});
  EXPECT_EQ(p.least_deletion_time, Instant{100});
  EXPECT_EQ(p.greatest_deletion_time, Instant{700});
  const auto reader = open().value();
  EXPECT_EQ(reader->range_tombstones().ranges().size(), 3u);
  EXPECT_EQ(reader->range_tombstones().winner("b", SequenceNumber::max())->version, Version{50});
  EXPECT_EQ(reader->range_tombstones().winner("b", SequenceNumber{5})->version, Version{3});
  EXPECT_FALSE(reader->range_tombstones().winner("x", SequenceNumber::max()).has_value());
}

TEST_F(SstableTest, RangeTombstonesAloneMakeAnSstable) {
  const SstableProperties p =
      build({}, {}, {{"k", "l", Version{5}, SequenceNumber{5}, Instant{1}}});
  EXPECT_EQ(p.least_key, "k");
  EXPECT_EQ(p.greatest_key, "l");
  const auto reader = open().value();
  EXPECT_FALSE(reader->may_contain("k", nullptr));
  const auto it = reader->iterate({});
  it->seek_to_first();
  EXPECT_FALSE(it->valid());
  it->seek_to_last();
  EXPECT_FALSE(it->valid());
  EXPECT_TRUE(it->status());
}

}  // namespace
}  // namespace revenant::sstable
