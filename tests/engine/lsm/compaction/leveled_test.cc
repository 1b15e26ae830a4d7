#include "engine/lsm/compaction/leveled.h"

#include <gtest/gtest.h>

#include "tests/engine/lsm/compaction/sstables.h"

namespace revenant::lsm {
namespace {

class LeveledTest : public testing::Test {
 protected:
  LeveledTest() {
    options.level0_file_num_compaction_trigger = 2;
    options.max_bytes_for_level_base = ByteSize{1000};
    options.max_bytes_for_level_multiplier = 10;
    options.num_levels = 4;
    picker = make_leveled_picker(options, seconds(10));
  }
  static SstableMetaPtr file(uint64_t number, std::string least, std::string greatest,
                             uint64_t bytes = 100) {
    return sstable({.number = number,
                    .bytes = bytes,
                    .least = std::move(least),
                    .greatest = std::move(greatest)});
  }
  std::string pick(const Levels& levels, Instant now = {}) {
    return show(picker->pick(levels, now));
  }

  CompactionOptions options;
  std::unique_ptr<CompactionPicker> picker;
};

TEST_F(LeveledTest, LevelSizesGrowByTheMultiplier) {
  EXPECT_EQ(level_bytes_max(1, options), 1000u);
  EXPECT_EQ(level_bytes_max(3, options), 100'000u);
  EXPECT_EQ(level_bytes_max(60, options), UINT64_MAX);
}

TEST_F(LeveledTest, NothingIsDueBelowTriggerAndSize) {
  EXPECT_EQ(pick({}), "-");
  EXPECT_EQ(pick({{file(1, "a", "c")}, {file(2, "a", "c", 999)}}), "-");
}

TEST_F(LeveledTest, Level0GoesWithAllThatOverlapsDirectlyOrThroughOthers) {
  // 3 overlaps 2, which overlaps 1; 4 stands apart.
  EXPECT_EQ(pick({{file(4, "x", "z"), file(3, "f", "k"), file(2, "d", "g"), file(1, "a", "e")},
                  {file(5, "b", "c"), file(6, "j", "l"), file(7, "m", "n")}}),
            "L0>L1 merge: 1 2 3 5 6");
}

TEST_F(LeveledTest, KeysThatTouchOverlap) {
  EXPECT_EQ(pick({{file(2, "c", "d"), file(1, "a", "c")}, {file(3, "d", "f"), file(4, "g", "h")}}),
            "L0>L1 merge: 1 2 3");
}

TEST_F(LeveledTest, TheHighestScoreGoesFirst) {
  const std::vector<SstableMetaPtr> level0 = {file(1, "a", "b"), file(2, "a", "b")};
  EXPECT_EQ(pick({level0, {file(3, "a", "c", 900)}}), "L0>L1 merge: 1 2 3");
  EXPECT_EQ(pick({level0, {file(3, "a", "c", 1100)}, {file(4, "b", "d")}}), "L1>L2 merge: 3 4");
}

TEST_F(LeveledTest, ALevelIsTakenInTurnsByKey) {
  const Levels levels = {{},
                         {file(1, "a", "b", 500), file(2, "c", "d", 500), file(3, "e", "f", 500)},
                         {file(4, "a", "z")}};
  EXPECT_EQ(pick(levels), "L1>L2 merge: 1 4");
  EXPECT_EQ(pick(levels), "L1>L2 merge: 2 4");
  EXPECT_EQ(pick(levels), "L1>L2 merge: 3 4");
  EXPECT_EQ(pick(levels), "L1>L2 merge: 1 4");
}

TEST_F(LeveledTest, WithNothingBelowAnSstableJustMoves) {
  EXPECT_EQ(pick({{}, {file(1, "a", "b", 1000)}, {file(2, "c", "d")}}), "L1>L2 move: 1");
  EXPECT_EQ(pick({{file(2, "m", "n"), file(1, "a", "b")}, {}}), "L0>L1 move: 1");
}

TEST_F(LeveledTest, UnlessAMergeMightDropItsTombstones) {
  const Levels levels = {{},
                         {sstable({.number = 1,
                                   .bytes = 1000,
                                   .tombstones = 1,
                                   .first_deleted = {seconds(5).ns},
                                   .last_deleted = {seconds(5).ns}})}};
  EXPECT_EQ(pick(levels, {seconds(15).ns}), "L1>L2 move: 1");
  EXPECT_EQ(pick(levels, {seconds(16).ns}), "L1>L2 merge: 1");
}

TEST_F(LeveledTest, TheLastLevelHasNowhereToGo) {
  EXPECT_EQ(pick({{}, {}, {}, {file(1, "a", "b", 1'000'000)}}), "-");
}

TEST_F(LeveledTest, AMajorCompactionGoesToTheLastLevelThatHoldsSomething) {
  const auto major = [&](const Levels& levels) { return show(picker->pick_major(levels)); };
  EXPECT_EQ(major({}), "-");
  EXPECT_EQ(major({{file(1, "a", "b")}}), "L0>L1 major: 1");
  EXPECT_EQ(major({{file(1, "a", "b")}, {}, {file(2, "a", "b")}, {}}), "L0>L2 major: 1 2");
}

}  // namespace
}  // namespace revenant::lsm
