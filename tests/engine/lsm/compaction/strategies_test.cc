// Picks of the strategies that have no file of their own here, on sets made by hand.
#include <gtest/gtest.h>

#include "engine/lsm/compaction/incremental.h"
#include "engine/lsm/compaction/lazy_leveling.h"
#include "engine/lsm/compaction/leveled.h"
#include "engine/lsm/compaction/time_window.h"
#include "engine/lsm/compaction/tombstones.h"
#include "engine/lsm/compaction/unified.h"
#include "engine/lsm/compaction/universal.h"
#include "tests/engine/lsm/compaction/sstables.h"

namespace revenant::lsm {
namespace {

class StrategyTest : public testing::Test {
 protected:
  std::string pick(const Levels& levels, Instant now = {}) {
    last = make_picker(options, context)
               ->pick({.levels = levels, .now = now, .compact_pointers = {}, .running = running});
    return show(last);
  }
  static SstableMetaPtr file(uint64_t number, uint64_t bytes, std::string least = "a",
                             std::string greatest = "z") {
    return sstable({.number = number,
                    .bytes = bytes,
                    .least = std::move(least),
                    .greatest = std::move(greatest),
                    .first_sequence = number,
                    .last_sequence = number});
  }

  CompactionOptions options;
  PickerContext context{.gc = {.gc_grace = seconds(10)}, .memtable_bytes = 100};
  std::vector<RunningCompaction> running;
  std::optional<CompactionPick> last;
};

// --- universal -----------------------------------------------------------------------------------

class UniversalTest : public StrategyTest {
 protected:
  UniversalTest() {
    options.strategy = CompactionStrategy::kUniversal;
    options.level0_file_num_compaction_trigger = 4;
    options.num_levels = 5;
  }
};

TEST_F(UniversalTest, NothingIsDueBelowTheTrigger) {
  EXPECT_EQ(pick({{file(3, 100), file(2, 100), file(1, 100)}}), "-");
}

TEST_F(UniversalTest, TooMuchSpaceMergesEverythingIntoTheLastLevel) {
  EXPECT_EQ(pick({{file(4, 100), file(3, 100), file(2, 100)}, {}, {}, {}, {file(1, 150)}}),
            "L0>L4 merge: 4 3 2 1");
  EXPECT_TRUE(last->explanation.reason.contains("space")) << last->explanation.reason;
}

TEST_F(UniversalTest, RunsOfSimilarSizeGoAboveTheNextOlderOne) {
  EXPECT_EQ(pick({{file(4, 100), file(3, 100), file(2, 202)}, {}, {}, {}, {file(1, 10'000)}}),
            "L0>L3 merge: 4 3 2");
  // 203 is more than one percent above 200.
  EXPECT_EQ(pick({{file(4, 100), file(3, 100), file(2, 203)}, {}, {}, {}, {file(1, 10'000)}}),
            "L0>L0 merge: 4 3");
}

TEST_F(UniversalTest, SimilarSizeLooksAtTheLastRunOnly) {
  options.stop_style = StopStyle::kSimilarSize;
  EXPECT_EQ(pick({{file(4, 100), file(3, 100), file(2, 202)}, {}, {}, {}, {file(1, 10'000)}}),
            "L0>L0 merge: 4 3");
}

TEST_F(UniversalTest, TooManyRunsAreMergedWhateverTheirSizes) {
  EXPECT_EQ(pick({{file(5, 100), file(4, 300), file(3, 1000), file(2, 5000)},
                  {},
                  {},
                  {},
                  {file(1, 50'000)}}),
            "L0>L0 merge: 5 4");
}

TEST_F(UniversalTest, AgeAloneMakesARunDue) {
  options.periodic_compaction_seconds = days(30);
  const Levels levels = {{file(2, 100)}, {}, {file(1, 1000)}};
  const auto picker = make_picker(options, context);
  EXPECT_EQ(pick(levels, {days(29).ns}), "-");
  EXPECT_EQ(picker->next_check(levels, {days(29).ns}), Instant{days(30).ns});
  EXPECT_EQ(pick(levels, {days(30).ns}), "L0>L4 merge: 2 1");
}

TEST_F(UniversalTest, WhatRunsBreaksTheList) {
  const Levels levels = {{file(6, 100), file(5, 100), file(4, 100), file(3, 100), file(2, 100)},
                         {},
                         {},
                         {},
                         {file(1, 10'000)}};
  running = {{.to = 0, .range = {"a", "z"}, .inputs = {levels[0][2]}}};
  EXPECT_EQ(pick(levels), "L0>L0 merge: 6 5");
}

// --- lazy leveling -------------------------------------------------------------------------------

class LazyLevelingTest : public StrategyTest {
 protected:
  LazyLevelingTest() {
    options.strategy = CompactionStrategy::kLazyLeveling;
    options.max_bytes_for_level_multiplier = 3;
  }
};

TEST_F(LazyLevelingTest, TheFirstFullTierBecomesTheLastLevel) {
  EXPECT_EQ(pick({{file(2, 100), file(1, 100)}}), "-");
  EXPECT_EQ(pick({{file(3, 100), file(2, 100), file(1, 100)}}), "L0>L1 merge: 3 2 1");
}

TEST_F(LazyLevelingTest, TiersAboveAreMergedAmongThemselves) {
  // Level 1 of 3^3 memtables: tiers 0, 1 and 2 above it.
  const Levels levels = {{file(6, 100), file(5, 110), file(4, 90), file(3, 300), file(2, 310)},
                         {file(1, 2700)}};
  EXPECT_EQ(pick(levels), "L0>L0 merge: 6 5 4");
}

TEST_F(LazyLevelingTest, TheTierAboveTheLastLevelIsMergedIntoIt) {
  EXPECT_EQ(pick({{file(4, 900), file(3, 900), file(2, 900)}, {file(1, 2700)}}),
            "L0>L1 merge: 4 3 2 1");
}

TEST_F(LazyLevelingTest, NoOlderRunStaysAboveIt) {
  // 2 is small but older than what goes down.
  EXPECT_EQ(pick({{file(6, 100), file(5, 900), file(4, 900), file(3, 900), file(2, 100)},
                  {file(1, 2700)}}),
            "L0>L1 merge: 5 4 3 2 1");
}

// --- time window ---------------------------------------------------------------------------------

class TimeWindowTest : public StrategyTest {
 protected:
  TimeWindowTest() {
    options.strategy = CompactionStrategy::kTimeWindow;
    options.compaction_window_size = hours(1);
    options.min_threshold = 3;
  }
  static SstableMetaPtr of_hour(uint64_t number, int64_t hour, uint64_t bytes = 100) {
    auto meta = std::make_shared<SstableMeta>(*file(number, bytes));
    meta->properties.greatest_version = {static_cast<uint64_t>(hours(hour).ns / 1000 + 1)};
    meta->properties.least_version = meta->properties.greatest_version;
    return meta;
  }
};

TEST_F(TimeWindowTest, AClosedWindowBecomesOneSstable) {
  EXPECT_EQ(pick({{of_hour(3, 2), of_hour(2, 1), of_hour(1, 1)}}, {hours(2).ns}),
            "L0>L0 merge: 1 2");
  EXPECT_EQ(pick({{of_hour(3, 2), of_hour(2, 1), of_hour(1, 0)}}, {hours(2).ns}), "-");
}

TEST_F(TimeWindowTest, TheCurrentOneIsSizeTiered) {
  EXPECT_EQ(pick({{of_hour(4, 2), of_hour(3, 2), of_hour(2, 1), of_hour(1, 0)}}, {hours(2).ns}),
            "-");
  EXPECT_EQ(pick({{of_hour(4, 2), of_hour(3, 2), of_hour(2, 2), of_hour(1, 0)}}, {hours(2).ns}),
            "L0>L0 merge: 2 3 4");
}

TEST_F(TimeWindowTest, ItsEndMakesItDue) {
  const Levels levels = {{of_hour(2, 1), of_hour(1, 1)}};
  EXPECT_EQ(make_picker(options, context)->next_check(levels, {minutes(70).ns}),
            Instant{hours(2).ns});
}

TEST_F(TimeWindowTest, AnSstableThatHasExpiredGoesFirst) {
  auto expired = std::make_shared<SstableMeta>(*of_hour(1, 1));
  expired->properties.entries = 10;
  expired->properties.tombstones = 4;
  expired->properties.expiring = 6;
  expired->properties.greatest_deletion_time = {hours(3).ns};
  const Instant due{hours(3).ns + seconds(10).ns + 1};
  EXPECT_EQ(pick({{expired}}, due - nanoseconds(1)), "-");
  EXPECT_EQ(pick({{expired}}, due), "L0>L0 tombstones: 1");
  // Not while it may shadow something older.
  EXPECT_EQ(pick({{expired, of_hour(2, 0)}}, due), "-");
  EXPECT_EQ(pick({{expired, of_hour(2, 2)}}, due), "L0>L0 tombstones: 1");
  EXPECT_FALSE(last->ignores_overlap);
  options.unsafe_aggressive_sstable_expiration = true;
  EXPECT_EQ(pick({{expired, of_hour(2, 0)}}, due), "L0>L0 tombstones: 1");
  EXPECT_TRUE(last->ignores_overlap);
}

// --- unified -------------------------------------------------------------------------------------

class UnifiedTest : public StrategyTest {
 protected:
  UnifiedTest() { options.strategy = CompactionStrategy::kUnified; }
};

TEST_F(UnifiedTest, ScalingParametersAreReadAsCassandraWritesThem) {
  EXPECT_EQ(parse_scaling_parameters("T4, L10, N"), (std::vector<int>{2, -8, 0}));
  EXPECT_EQ(parse_scaling_parameters("T2"), (std::vector<int>{0}));
  for (const char* wrong : {"", "T", "T1", "X4", "T4,", "4", "T4 L10"})
    EXPECT_EQ(parse_scaling_parameters(wrong), std::nullopt) << wrong;
}

TEST_F(UnifiedTest, ShardsGrowWithDensity) {
  // Target 1 GiB, 4 base shards, growth 0.333.
  options.min_sstable_size = mib(100);
  const auto shards = [&](double mebibytes) {
    return unified_shards(mebibytes * (1 << 20), options);
  };
  EXPECT_EQ(shards(99), 1u);
  EXPECT_EQ(shards(199), 1u);
  EXPECT_EQ(shards(250), 2u);
  EXPECT_EQ(shards(400), 4u);
  EXPECT_EQ(shards(4095), 4u);
  EXPECT_EQ(shards(16.0 * 1024), 8u);   // log2(4) * 0.667 = 1.33
  EXPECT_EQ(shards(64.0 * 1024), 32u);  // 2.67 rounds to 3
}

TEST_F(UnifiedTest, FourThatOverlapAreMergedAndThreeAreNot) {
  EXPECT_EQ(pick({{file(3, 100), file(2, 100), file(1, 100)}}), "-");
  EXPECT_EQ(pick({{file(4, 100), file(3, 100), file(2, 100), file(1, 100)}}),
            "L0>L0 merge: 1 2 3 4");
}

TEST_F(UnifiedTest, WhatDoesNotOverlapIsNotCounted) {
  EXPECT_EQ(pick({{file(4, 100, "a", "f"), file(3, 100, "g", "l"), file(2, 100, "m", "r"),
                   file(1, 100, "s", "z")}}),
            "-");
}

TEST_F(UnifiedTest, LeveledMergesTwo) {
  options.scaling_parameters = "L4";
  EXPECT_EQ(pick({{file(2, 100), file(1, 100)}}), "L0>L0 merge: 1 2");
  // Of different levels: 100 and 4 * 4 * 100 bytes.
  EXPECT_EQ(pick({{file(2, 100), file(1, 1600)}}), "-");
}

TEST_F(UnifiedTest, TheLevelOfAnSstableIsItsDensity) {
  // A quarter of the line at a quarter of the size is as dense as the whole.
  options.scaling_parameters = "L4";
  EXPECT_EQ(pick({{file(3, 1600), file(2, 400, "a", "g"), file(1, 10, "h", "i")}}),
            "L0>L0 merge: 2 3");
}

TEST_F(UnifiedTest, OutputsAreCutIntoShards) {
  options.min_sstable_size = ByteSize{100};
  options.target_sstable_size = ByteSize{1000};
  pick({{file(4, 100), file(3, 100), file(2, 100), file(1, 100)}});
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->boundaries.size(), 3u);
}

// --- incremental ---------------------------------------------------------------------------------

class IncrementalTest : public StrategyTest {
 protected:
  IncrementalTest() {
    options.strategy = CompactionStrategy::kIncremental;
    options.min_threshold = 2;
    options.min_sstable_size = ByteSize{0};
  }
  static SstableMetaPtr fragment(uint64_t number, uint64_t run, std::string least,
                                 std::string greatest) {
    return sstable({.number = number,
                    .bytes = 100,
                    .least = std::move(least),
                    .greatest = std::move(greatest),
                    .run = run,
                    .last_sequence = run});
  }
};

TEST_F(IncrementalTest, RunsAreComparedNotTheirFragments) {
  // A run of three fragments and one of one: not of similar size.
  const Levels levels = {{fragment(4, 4, "a", "z"), fragment(1, 1, "a", "f"),
                          fragment(2, 1, "g", "m"), fragment(3, 1, "n", "z")}};
  EXPECT_EQ(pick(levels), "-");
  const Levels two = {{fragment(5, 4, "a", "k"), fragment(6, 4, "l", "z"), fragment(1, 1, "a", "f"),
                       fragment(2, 1, "g", "m")}};
  EXPECT_EQ(pick(two), "L0>L0 merge: 1 2 5 6");
  EXPECT_TRUE(last->incremental);
}

TEST_F(IncrementalTest, TheSpaceGoalMergesTheTwoLargestTiers) {
  const Levels levels = {{file(3, 100), file(2, 400), file(1, 1000)}};
  EXPECT_EQ(pick(levels), "-");
  options.space_amplification_goal = 1.3;
  EXPECT_EQ(pick(levels), "L0>L0 merge: 2 1");
  options.space_amplification_goal = 1.5;
  EXPECT_EQ(pick(levels), "-");
}

// --- tombstones ----------------------------------------------------------------------------------

class TombstoneTriggerTest : public StrategyTest {
 protected:
  TombstoneTriggerTest() {
    options.strategy = CompactionStrategy::kLeveled;
    options.tombstone_threshold = 1;
    options.tombstone_compaction_interval = seconds(100);
  }
  // Deleted at 50 s, written at 60 s.
  static std::shared_ptr<SstableMeta> deleted(uint64_t number) {
    return std::make_shared<SstableMeta>(*sstable({.number = number,
                                                   .entries = 100,
                                                   .tombstones = 30,
                                                   .created = {seconds(60).ns},
                                                   .first_deleted = {seconds(50).ns},
                                                   .last_deleted = {seconds(50).ns}}));
  }
  // Past gc_grace; and late enough for a rewrite in place.
  static constexpr Instant kPastGrace{seconds(60).ns + 1};
  static constexpr Instant kRewritable{seconds(160).ns};
};

TEST_F(TombstoneTriggerTest, NoneIsOnUnlessAskedFor) {
  EXPECT_EQ(pick({{}, {deleted(1)}}, {days(100).ns}), "-");
}

TEST_F(TombstoneTriggerTest, AWindowFullOfTombstonesMakesAnSstableDue) {
  const auto meta = deleted(1);
  meta->properties.most_deletions_in_window = 25;
  options.deletion_trigger = 25;
  const Levels levels = {{}, {meta}, {file(2, 100, "b", "c")}};
  EXPECT_EQ(pick(levels, kPastGrace - nanoseconds(1)), "-");
  EXPECT_EQ(pick(levels, kPastGrace), "L1>L2 tombstones: 1 2");
  options.deletion_trigger = 26;
  EXPECT_EQ(pick(levels, kPastGrace), "-");
}

TEST_F(TombstoneTriggerTest, WhatHasNothingBelowItIsRewrittenInPlaceAfterAWhile) {
  options.deletion_ratio = 0.3;
  EXPECT_EQ(pick({{}, {deleted(1)}}, kPastGrace), "-");
  EXPECT_EQ(pick({{}, {deleted(1)}}, kRewritable), "L1>L1 tombstones: 1");
  EXPECT_EQ(make_picker(options, context)->next_check({{}, {deleted(1)}}, kPastGrace), kRewritable);
}

TEST_F(TombstoneTriggerTest, DenseBlocksMakeAnSstableDue) {
  const auto meta = deleted(1);
  meta->properties.data_blocks = 100;
  meta->properties.tombstone_dense_blocks = 10;
  options.tombstone_dense_compaction_threshold = 0.10;
  const Levels levels = {{}, {meta}, {file(2, 100, "b", "c")}};
  EXPECT_EQ(pick(levels, kPastGrace), "-");
  meta->properties.tombstone_dense_blocks = 11;
  EXPECT_EQ(pick(levels, kPastGrace), "L1>L2 tombstones: 1 2");
}

TEST_F(TombstoneTriggerTest, TheDeadlineIsSplitOverTheLevelsAsLetheDoes) {
  // d_0 (1 + 10 + 100) = 111 s.
  EXPECT_EQ(delete_persistence_deadline(seconds(111), 10, 0, 3), seconds(1));
  EXPECT_EQ(delete_persistence_deadline(seconds(111), 10, 1, 3), seconds(11));
  EXPECT_EQ(delete_persistence_deadline(seconds(111), 10, 2, 3), seconds(111));
}

TEST_F(TombstoneTriggerTest, TheDeadlineMovesATombstoneDownEvenWithinItsGrace) {
  options.delete_persistence_threshold = seconds(111);
  const Levels levels = {{}, {deleted(1)}, {file(2, 100, "b", "c")}};
  EXPECT_EQ(pick(levels, {seconds(61).ns - 1}), "-");
  EXPECT_EQ(pick(levels, {seconds(61).ns}), "L1>L2 tombstones: 1 2");
  EXPECT_EQ(make_picker(options, context)->next_check(levels, {seconds(55).ns}),
            Instant{seconds(61).ns});
}

TEST_F(TombstoneTriggerTest, TheExplanationNamesTheTrigger) {
  options.deletion_ratio = 0.3;
  pick({{}, {deleted(1)}}, kRewritable);
  EXPECT_EQ(to_string(last->explanation),
            "SSTable 000001: share of tombstones beyond the trigger [SSTable 000001 1.00]");
}

}  // namespace
}  // namespace revenant::lsm
