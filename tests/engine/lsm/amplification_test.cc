// What each strategy writes, on an ideal disk. The long run against published figures is
// ./dev validate amplification.
#include "tests/validate/amplification.h"

#include <gtest/gtest.h>

namespace revenant::lsm {
namespace {

using tests::Amplification;
using tests::AmplificationRun;
using tests::measure_amplification;
using tests::total;

// The published run of LevelDB (tests/validate/amplification.cc), everything a hundredth: the
// figures depend on ratios only, but for what each SSTable carries besides its data.
AmplificationRun leveldb_by_100() {
  AmplificationRun run{.options = {}, .keys = 10'000, .puts = 60'000};
  run.options.preset = Preset::kLevelDb;
  run.options.apply_profile();
  run.options.versions = Versions::kSequence;
  run.options.memtable_size = ByteSize{mib(4).bytes / 100};
  run.options.compaction.max_bytes_for_level_base = ByteSize{mib(10).bytes / 100};
  run.options.compaction.target_file_size_base = ByteSize{mib(2).bytes / 100};
  return run;
}

TEST(AmplificationTest, LevelDbWritesWhatThePublishedSimulatorSays) {
  const Amplification a = measure_amplification(leveldb_by_100());
  EXPECT_NEAR(total(a.puts), 13.07, 13.07 * 0.10);
  EXPECT_NEAR(a.puts.at("wal"), 1.00, 0.06);
  EXPECT_NEAR(a.puts.at("flush"), 1.00, 0.06);
  EXPECT_NEAR(a.puts.at("compaction_L0_L1"), 1.59, 1.59 * 0.15);
  EXPECT_NEAR(a.puts.at("compaction_L1_L2"), 4.35, 4.35 * 0.15);
  EXPECT_NEAR(a.puts.at("compaction_L2_L3"), 5.13, 5.13 * 0.15);
}

TEST(AmplificationTest, LoadingInOrderWritesEachItemToTheLogAndToOneSstable) {
  AmplificationRun run = leveldb_by_100();
  run.puts = 0;
  const Amplification a = measure_amplification(run);
  EXPECT_NEAR(total(a.load) - a.load.at("wal"), 1.0, 0.06);
  EXPECT_EQ(a.load.count("compaction_L0_L1") + a.load.count("compaction_L1_L2"), 0u);
}

// The ledgers of bytes close for each (measure_amplification checks it), and none writes or keeps
// more than it is known for.
struct Bounds {
  CompactionStrategy strategy;
  double writes_min, writes_max, space_max;
};
class StrategyAmplification : public testing::TestWithParam<Bounds> {};

TEST_P(StrategyAmplification, IsWhatTheStrategyIsKnownFor) {
  const Bounds& bounds = GetParam();
  AmplificationRun run = leveldb_by_100();
  run.keys = 4000;
  run.puts = 20'000;
  LsmOptions& options = run.options;
  options.max_background_jobs = 4;
  CompactionOptions& c = options.compaction;
  c.strategy = bounds.strategy;
  c.max_bytes_for_level_multiplier = 4;
  c.min_sstable_size = ByteSize{10'000};
  c.target_sstable_size = kib(64);
  c.sstable_size = kib(64);
  const Amplification a = measure_amplification(run);
  EXPECT_GT(total(a.puts), bounds.writes_min);
  EXPECT_LT(total(a.puts), bounds.writes_max);
  EXPECT_LT(a.space, bounds.space_max);
}

INSTANTIATE_TEST_SUITE_P(All, StrategyAmplification,
                         testing::Values(Bounds{CompactionStrategy::kSizeTiered, 3, 7, 5},
                                         Bounds{CompactionStrategy::kLeveled, 5, 16, 1.7},
                                         // RocksDB's four runs at most make it dear.
                                         Bounds{CompactionStrategy::kUniversal, 3, 15, 3.5},
                                         Bounds{CompactionStrategy::kLazyLeveling, 4, 12, 2.5},
                                         Bounds{CompactionStrategy::kUnified, 3, 8, 5},
                                         Bounds{CompactionStrategy::kIncremental, 3, 7, 5}),
                         [](const auto& test) {
                           std::string name;
                           for (const char letter : enum_name(test.param.strategy)) {
                             if (letter != '_') name += letter;
                           }
                           return name;
                         });

}  // namespace
}  // namespace revenant::lsm
