// The same histories against LevelDB and RocksDB: what a user sees is the same. Only what both know
// is in them: LevelDB has no range deletions, neither has values that end, and versions follow
// arrival.
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/differential/leveldb_store.h"
#include "tests/differential/rocksdb_store.h"
#include "tests/engine/lsm/any_options.h"
#include "tests/engine/lsm/db_store.h"

namespace revenant::lsm {
namespace {

LsmOptions draw_options(Random& random) {
  LsmOptions options = any_options(random, hours(1));
  options.versions = Versions::kSequence;
  options.gc_grace = {};
  return options;
}

template <typename Peer>
void expect_same(const Vocabulary& vocabulary, const std::string& name, uint64_t seeds) {
  uint64_t compactions = 0;
  // Builds of several kinds run their tests at once.
  const std::string directory =
      fmt::format("{}revenant_differential_{}_{}", testing::TempDir(), name, getpid());
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    Random random(seed, "options");
    const LsmOptions options = draw_options(random);
    const auto difference = [&](const std::vector<Step>& steps) {
      Peer peer(directory);
      DbStore ours(options, seed);
      auto told = first_difference(steps, peer, ours);
      compactions += ours.totals().compactions;
      return told;
    };
    const auto history = HistoryDrawer(Random(seed, name), vocabulary).draw(300);
    if (!difference(history).has_value()) continue;
    const auto small = shrink(
        history, [&](const std::vector<Step>& steps) { return difference(steps).has_value(); });
    FAIL() << "seed " << seed << ", " << *difference(small) << "\nhistory:\n" << to_string(small);
  }
  EXPECT_GT(compactions, 10 * seeds);
}

TEST(Differential, LevelDbShowsTheSame) {
  expect_same<LevelDbStore>(
      {.ranges = false, .expiry = false, .late_writes = false, .crashes = false}, "leveldb", 15);
}

TEST(Differential, RocksDbShowsTheSame) {
  expect_same<RocksDbStore>({.expiry = false, .late_writes = false, .crashes = false}, "rocksdb",
                            15);
}

}  // namespace
}  // namespace revenant::lsm
