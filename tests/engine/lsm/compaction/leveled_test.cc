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
    options.target_file_size_base = ByteSize{200};
  }
  static SstableMetaPtr file(uint64_t number, std::string least, std::string greatest,
                             uint64_t bytes = 100) {
    return sstable({.number = number,
                    .bytes = bytes,
                    .least = std::move(least),
                    .greatest = std::move(greatest)});
  }
  std::unique_ptr<CompactionPicker> picker() const {
    return make_leveled_picker(options, {.gc_grace = seconds(10)});
  }
  // Remembers where the pick ended, as an installed one does.
  std::string pick(const Levels& levels, Instant now = {}) {
    last = picker()->pick(
        {.levels = levels, .now = now, .compact_pointers = pointers, .running = running});
    if (last.has_value() && last->compact_pointer.has_value()) {
      const auto level = static_cast<size_t>(last->from);
      if (pointers.size() <= level) pointers.resize(level + 1);
      pointers[level] = *last->compact_pointer;
    }
    return show(last);
  }

  CompactionOptions options;
  CompactPointers pointers;
  std::vector<RunningCompaction> running;
  std::optional<CompactionPick> last;
};

TEST_F(LeveledTest, LevelSizesGrowByTheMultiplier) {
  const LevelTargets targets = level_targets({}, options);
  EXPECT_EQ(targets.base_level, 1);
  EXPECT_EQ(targets.bytes_max[1], 1000u);
  EXPECT_EQ(targets.bytes_max[3], 100'000u);
}

TEST_F(LeveledTest, DynamicLevelSizesFollowTheLastLevelUpward) {
  options.level_compaction_dynamic_level_bytes = true;
  options.num_levels = 5;
  // Nothing yet: level 0 goes straight to the last level.
  EXPECT_EQ(level_targets({}, options).base_level, 4);
  EXPECT_EQ(level_targets({{}, {}, {}, {}, {file(1, "a", "b", 900)}}, options).base_level, 4);
  // 50,000 / 10 / 10 = 500 is no more than a base level of 1000 may be.
  const LevelTargets targets =
      level_targets({{}, {}, {}, {}, {file(1, "a", "b", 50'000)}}, options);
  EXPECT_EQ(targets.base_level, 2);
  EXPECT_EQ(targets.bytes_max[2], 1000u);
  EXPECT_EQ(targets.bytes_max[3], 5000u);
  EXPECT_EQ(targets.bytes_max[4], 50'000u);
  // A level in use is not skipped.
  EXPECT_EQ(level_targets({{}, {file(2, "a", "b")}, {}, {}, {file(1, "a", "b", 900)}}, options)
                .base_level,
            1);
}

TEST_F(LeveledTest, WithDynamicSizesLevel0GoesToTheBaseLevel) {
  options.level_compaction_dynamic_level_bytes = true;
  EXPECT_EQ(pick({{file(3, "a", "c"), file(2, "b", "d")}, {}, {}, {file(1, "c", "e", 900)}}),
            "L0>L3 merge: 3 2 1");
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
  options.expanded_compaction_factor = 1;
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

TEST_F(LeveledTest, NorDoesOneMoveThatOverlapsTooMuchOfTheLevelAfterTheNext) {
  options.max_grandparent_overlap_factor = 2;  // 400 bytes
  const auto of = [](uint64_t bytes) {
    return Levels{{}, {file(1, "a", "d", 1000)}, {}, {file(2, "c", "e", bytes)}};
  };
  EXPECT_EQ(pick(of(400)), "L1>L2 move: 1");
  EXPECT_EQ(pick(of(401)), "L1>L2 merge: 1");
}

TEST_F(LeveledTest, MoreOfALevelComesAlongWhereThatTakesNoMoreFilesBelow) {
  const Levels levels = {{},
                         {file(1, "a", "b", 600), file(2, "c", "d", 600), file(3, "f", "g", 600)},
                         {file(4, "b", "e", 600), file(5, "f", "h", 600)}};
  EXPECT_EQ(pick(levels), "L1>L2 merge: 1 2 4");
  pointers.clear();
  options.expanded_compaction_factor = 9;  // 1800 bytes would be reached
  EXPECT_EQ(pick(levels), "L1>L2 merge: 1 4");
}

TEST_F(LeveledTest, ButNotWhereItWould) {
  EXPECT_EQ(pick({{},
                  {file(1, "a", "b", 600), file(2, "c", "d", 600)},
                  {file(4, "b", "c", 600), file(5, "d", "h", 600)}}),
            "L1>L2 merge: 1 4");
}

TEST_F(LeveledTest, OutputsAreCutAgainstWhatTheyOverlapInTheLevelAfter) {
  pick(
      {{}, {file(1, "a", "d", 1000)}, {file(2, "c", "f")}, {file(3, "a", "b"), file(4, "g", "h")}});
  EXPECT_EQ(numbers(last->grandparents), "3");
  EXPECT_EQ(last->grandparent_bytes_max, 2000u);
}

TEST_F(LeveledTest, LeastOverlapIsMeasuredAgainstTheFilesOwnSize) {
  options.compaction_pri = CompactionPri::kMinOverlappingRatio;
  EXPECT_EQ(pick({{},
                  {file(1, "a", "b", 500), file(2, "c", "d", 1000), file(3, "e", "f", 500)},
                  {file(4, "a", "b", 600), file(5, "c", "d", 1000), file(6, "e", "f", 600)}}),
            "L1>L2 merge: 2 5");
}

TEST_F(LeveledTest, TheOldestIsTheOneWithTheOldestWrite) {
  const auto of = [](uint64_t number, std::string key, uint64_t first, uint64_t latest) {
    return sstable({.number = number,
                    .bytes = 600,
                    .least = key,
                    .greatest = key,
                    .first_sequence = first,
                    .last_sequence = latest});
  };
  const Levels levels = {{}, {of(1, "a", 5, 6), of(2, "b", 1, 9), of(3, "c", 4, 5)}};
  options.compaction_pri = CompactionPri::kOldestSmallestSeqFirst;
  EXPECT_EQ(pick(levels), "L1>L2 move: 2");
  options.compaction_pri = CompactionPri::kOldestLargestSeqFirst;
  EXPECT_EQ(pick(levels), "L1>L2 move: 3");
}

TEST_F(LeveledTest, WhatRunsIsLeftAlone) {
  const Levels levels = {{},
                         {file(1, "a", "b", 900), file(2, "e", "f", 900), file(3, "m", "n", 900)},
                         {file(4, "b", "e"), file(5, "m", "z")}};
  running = {{.to = 2, .range = {"a", "e"}, .inputs = {levels[1][0], levels[2][0]}}};
  // 2 would need 4.
  EXPECT_EQ(pick(levels), "L1>L2 merge: 3 5");
  running[0].range.greatest = "p";  // its outputs may reach up to there
  EXPECT_EQ(pick(levels), "-");
}

TEST_F(LeveledTest, Level0IsCompactedByOneAtATime) {
  const Levels levels = {{file(3, "x", "z"), file(2, "d", "g"), file(1, "a", "e")}};
  running = {{.to = 1, .range = {"a", "e"}, .inputs = {levels[0][2]}}};
  EXPECT_EQ(pick(levels), "-");
}

TEST_F(LeveledTest, AFlushGoesAsDeepAsItOverlapsNothing) {
  const KeyRange flushed{"d", "f"};
  const auto level = [&](const Levels& levels) {
    return picker()->flush_level({.levels = levels, .running = running}, flushed);
  };
  EXPECT_EQ(level({}), 0);
  options.max_mem_compact_level = 2;
  EXPECT_EQ(level({}), 2);
  EXPECT_EQ(level({{file(1, "a", "c")}, {file(2, "a", "c")}, {file(3, "e", "g")}}), 1);
  EXPECT_EQ(level({{file(1, "f", "g")}}), 0);
  EXPECT_EQ(level({{}, {}, {}, {file(1, "e", "g", 2001)}}), 1);  // too much to rewrite later
  running = {{.to = 2, .range = {"a", "z"}, .inputs = {file(9, "a", "a")}}};
  EXPECT_EQ(level({}), 1);
}

TEST_F(LeveledTest, PendingBytesCountWhatTheNextLevelsMakeOfIt) {
  const auto pending = [&](const Levels& levels) { return picker()->pending_bytes(levels); };
  EXPECT_EQ(pending({{file(1, "a", "b")}}), 0u);
  // 200 from level 0 meet 900; of the 1100 then in level 1, 100 go down to 2200: 2 more for each.
  EXPECT_EQ(pending({{file(2, "a", "b"), file(1, "a", "b")},
                     {file(3, "a", "b", 900)},
                     {file(4, "a", "b", 2200)}}),
            200u + 900 + 300);
}

TEST_F(LeveledTest, APickSaysWhy) {
  pick({{file(1, "a", "b")},
        {file(2, "a", "c", 1200), file(3, "d", "e", 300)},
        {file(4, "b", "d")}});
  EXPECT_EQ(to_string(last->explanation),
            "L1 has the highest score of those not busy; SSTable 000002 is next in turn by key "
            "[L0 0.50, L1 1.50, L2 0.01]");
}

TEST_F(LeveledTest, AMajorCompactionGoesToTheLastLevelThatHoldsSomething) {
  const auto major = [&](const Levels& levels) { return show(picker()->pick_major(levels)); };
  EXPECT_EQ(major({}), "-");
  EXPECT_EQ(major({{file(1, "a", "b")}}), "L0>L1 major: 1");
  EXPECT_EQ(major({{file(1, "a", "b")}, {}, {file(2, "a", "b")}, {}}), "L0>L2 major: 1 2");
}

}  // namespace
}  // namespace revenant::lsm
