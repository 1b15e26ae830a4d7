#include "engine/lsm/compaction/size_tiered.h"

#include <gtest/gtest.h>

#include "engine/lsm/compaction/tombstones.h"
#include "tests/engine/lsm/compaction/sstables.h"

namespace revenant::lsm {
namespace {

class SizeTieredTest : public testing::Test {
 protected:
  SizeTieredTest() { options.min_sstable_size = ByteSize{50}; }

  // SSTables numbered from 1 on, of these sizes.
  static std::vector<SstableMetaPtr> of_sizes(std::vector<uint64_t> sizes) {
    std::vector<SstableMetaPtr> result;
    for (uint64_t size : sizes)
      result.push_back(sstable({.number = result.size() + 1, .bytes = size}));
    return result;
  }
  std::string buckets(std::vector<uint64_t> sizes) const {
    std::string result;
    for (const auto& bucket : size_tiered_buckets(of_sizes(std::move(sizes)), options)) {
      result += "[";
      for (const auto& s : bucket)
        result += fmt::format("{}{}", result.back() == '[' ? "" : " ", s->file_bytes);
      result += "]";
    }
    return result;
  }
  std::string pick(std::vector<SstableMetaPtr> sstables, Instant now = {}) const {
    const Levels levels = {std::move(sstables)};
    return show(make_size_tiered_picker(options, gc)->pick({.levels = levels, .now = now}));
  }

  CompactionOptions options;
  GcRule gc{.gc_grace = seconds(10)};
};

TEST_F(SizeTieredTest, SimilarSizesShareABucket) {
  EXPECT_EQ(buckets({100, 400, 110, 90, 420, 1700}), "[90 100 110][400 420][1700]");
}

TEST_F(SizeTieredTest, ABucketTakesWhatLiesBetweenHalfAndOneAndAHalfOfItsMean) {
  EXPECT_EQ(buckets({100, 149}), "[100 149]");
  EXPECT_EQ(buckets({100, 150}), "[100][150]");          // not below 1.5 x 100
  EXPECT_EQ(buckets({100, 140, 179}), "[100 140 179]");  // the mean is 120 by then
  EXPECT_EQ(buckets({100, 140, 180}), "[100 140][180]");
}

TEST_F(SizeTieredTest, SmallOnesShareABucketWhateverTheirSize) {
  EXPECT_EQ(buckets({1, 49, 10, 200}), "[1 10 49][200]");
}

TEST_F(SizeTieredTest, ABucketIsDueFromMinThresholdOn) {
  EXPECT_EQ(pick(of_sizes({100, 101, 102})), "-");
  EXPECT_EQ(pick(of_sizes({100, 101, 102, 103, 900})), "L0>L0 merge: 1 2 3 4");
}

TEST_F(SizeTieredTest, TheBucketWithTheMostSstablesGoesFirstThenTheSmaller) {
  options.min_threshold = 2;
  EXPECT_EQ(pick(of_sizes({100, 100, 1000, 1000, 1000})), "L0>L0 merge: 3 4 5");
  EXPECT_EQ(pick(of_sizes({1000, 1000, 100, 100})), "L0>L0 merge: 3 4");
}

TEST_F(SizeTieredTest, NoMoreThanMaxThresholdAtOnce) {
  options.max_threshold = 5;
  EXPECT_EQ(pick(of_sizes({106, 105, 104, 103, 102, 101, 100})), "L0>L0 merge: 7 6 5 4 3");
}

class TombstoneCompactionTest : public SizeTieredTest {
 protected:
  // 100 entries, 40 of them tombstones of the seconds 100 to 200, created at 300 s. Droppable from
  // 10 s later on.
  Described described{.number = 1,
                      .least = std::string("\0\0\0\0\0\0\0\0", 8),
                      .greatest = std::string("\xff\0\0\0\0\0\0\0", 8),
                      .tombstones = 40,
                      .created = {seconds(300).ns},
                      .first_deleted = {seconds(100).ns},
                      .last_deleted = {seconds(200).ns}};
  TombstoneCompactionTest() { options.tombstone_compaction_interval = seconds(1000); }
  static Instant at(int64_t s) { return {seconds(s).ns}; }
};

TEST_F(TombstoneCompactionTest, TheEstimateGrowsFromTheFirstToTheLastDeletion) {
  const auto meta = sstable(described);
  EXPECT_DOUBLE_EQ(droppable_tombstone_ratio(*meta, at(110), gc), 0.0);
  EXPECT_DOUBLE_EQ(droppable_tombstone_ratio(*meta, at(160), gc), 0.2);
  EXPECT_DOUBLE_EQ(droppable_tombstone_ratio(*meta, at(500), gc), 0.4);
}

TEST_F(TombstoneCompactionTest, OneSstableAloneOnceOldEnough) {
  EXPECT_EQ(pick({sstable(described)}, at(1299)), "-");
  EXPECT_EQ(pick({sstable(described)}, at(1300)), "L0>L0 tombstones: 1");
}

TEST_F(TombstoneCompactionTest, NotBelowTheThreshold) {
  described.tombstones = 20;
  EXPECT_EQ(pick({sstable(described)}, at(5000)), "-");
  described.tombstones = 21;
  EXPECT_EQ(pick({sstable(described)}, at(5000)), "L0>L0 tombstones: 1");
}

TEST_F(TombstoneCompactionTest, OverlapMakesItUseless) {
  Described other{.number = 2,
                  .bytes = 1000,
                  .least = described.least,
                  .greatest = std::string("\x7f\0\0\0\0\0\0\0", 8)};
  // 0.4 droppable, of which half lies outside of the other: not more than 0.2.
  options.tombstone_threshold = 0.21;
  EXPECT_EQ(pick({sstable(described), sstable(other)}, at(5000)), "-");
  other.greatest = std::string("\x10\0\0\0\0\0\0\0", 8);
  EXPECT_EQ(pick({sstable(described), sstable(other)}, at(5000)), "L0>L0 tombstones: 1");
  other.greatest = described.greatest;
  EXPECT_EQ(pick({sstable(described), sstable(other)}, at(5000)), "-");
  options.unchecked_tombstone_compaction = true;
  EXPECT_EQ(pick({sstable(described), sstable(other)}, at(5000)), "L0>L0 tombstones: 1");
}

TEST_F(TombstoneCompactionTest, TheNextCheckIsWhenTheEstimateAndTheAgeAllowIt) {
  const auto picker = make_size_tiered_picker(options, gc);
  const auto check = [&](int64_t now) {
    return picker->next_check({{sstable(described)}}, at(now));
  };
  EXPECT_EQ(check(0), at(1300));
  EXPECT_EQ(check(1300), std::nullopt);
  described.created = at(-2000);
  const std::optional<Instant> due = check(0);
  ASSERT_TRUE(due.has_value());
  // The 21st was deleted at 151.28 s.
  EXPECT_NEAR(due->in_seconds(), 161.28, 0.01);
  // At that instant it is indeed picked, a little before it is not.
  EXPECT_EQ(pick({sstable(described)}, *due), "L0>L0 tombstones: 1");
  EXPECT_EQ(pick({sstable(described)}, *due + microseconds(-10)), "-");
  described.tombstones = 20;
  EXPECT_EQ(check(0), std::nullopt);
}

TEST_F(TombstoneCompactionTest, ABucketThatIsDueGoesFirst) {
  std::vector<SstableMetaPtr> all = {sstable(described)};
  for (uint64_t i = 2; i <= 5; ++i) all.push_back(sstable({.number = i, .bytes = 1000}));
  options.unchecked_tombstone_compaction = true;
  EXPECT_EQ(pick(all, at(5000)), "L0>L0 merge: 2 3 4 5");
}

}  // namespace
}  // namespace revenant::lsm
