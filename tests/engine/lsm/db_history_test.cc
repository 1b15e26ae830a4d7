// One history is one visible history: whatever the options, whatever happens beneath.
#include <gtest/gtest.h>

#include "tests/engine/lsm/any_options.h"
#include "tests/engine/lsm/db_store.h"
#include "tests/engine/lsm/model_store.h"

namespace revenant::lsm {
namespace {

LsmOptions draw_options(Random& random) {
  LsmOptions options = any_options(random, hours(1));
  // Late writes may lose to a tombstone only while it is there.
  options.gc_grace = days(1000);
  options.wal.sync = random.below(2) == 0 ? WalSync::kAlways : WalSync::kGroup;
  return options;
}

// Purging shows nothing only if versions follow arrival: then what comes after a purge is newer.
LsmOptions draw_purging_options(Random& random) {
  LsmOptions options = draw_options(random);
  options.gc_grace = random.below(2) == 0 ? Duration{} : hours(random.between(1, 40));
  options.versions = random.below(2) == 0 ? Versions::kSequence : Versions::kTimestamp;
  return options;
}

class DbHistory : public testing::Test {
 protected:
  void expect_as_model(const std::vector<Step>& history, const LsmOptions& options, uint64_t seed) {
    const auto difference = [&](const std::vector<Step>& steps) {
      ModelStore model;
      DbStore db(options, seed);
      const auto told = first_difference(steps, model, db);
      totals_ += db.totals();
      return told;
    };
    if (!difference(history).has_value()) return;
    const std::vector<Step> small = shrink(
        history, [&](const std::vector<Step>& steps) { return difference(steps).has_value(); });
    FAIL() << "seed " << seed << ", " << *difference(small) << "\nhistory:\n" << to_string(small);
  }

  DbStore::Totals totals_;  // over all runs
};

TEST_F(DbHistory, IsTheModelsUnderAnyOptionsAndCrashes) {
  for (uint64_t seed = 1; seed <= 300 && !HasFailure(); ++seed) {
    Random random(seed, "options");
    const auto history = HistoryDrawer(Random(seed, "history"), {}).draw(200);
    expect_as_model(history, draw_options(random), seed);
  }
  EXPECT_GT(totals_.compactions, 1000u);
}

TEST_F(DbHistory, IsTheModelsWhilePurgingWhenVersionsFollowArrival) {
  for (uint64_t seed = 1; seed <= 300 && !HasFailure(); ++seed) {
    Random random(seed, "purging options");
    const auto history =
        HistoryDrawer(Random(seed, "purging history"), {.late_writes = false}).draw(200);
    expect_as_model(history, draw_purging_options(random), seed);
  }
  // Memtables and log hold only what is newer than any tombstone in an SSTable.
  using enum PurgeReason;
  for (PurgeReason reason : {kPurged, kKeptByGrace, kKeptBySstable, kKeptBySnapshot}) {
    EXPECT_GT(totals_.decided(reason), 20u) << to_string(reason);
  }
}

TEST_F(DbHistory, IsOneUnderTwoHundredSetsOfOptions) {
  const auto history = HistoryDrawer(Random(7, "one history"), {}).draw(300);
  for (uint64_t set = 1; set <= 200 && !HasFailure(); ++set) {
    Random random(set, "sets of options");
    expect_as_model(history, draw_options(random), set);
  }
}

TEST(HistoryTest, ShrinksToTheStepsThatMatter) {
  const auto history = HistoryDrawer(Random(3, "shrink"), {}).draw(300);
  // Fails when a removal is followed by a read at a snapshot.
  const auto fails = [](const std::vector<Step>& steps) {
    bool removed = false;
    for (const Step& step : steps) {
      removed |= step.kind == Step::Kind::kRemove;
      if (removed && step.kind == Step::Kind::kGet && step.snapshot >= 0) return true;
    }
    return false;
  };
  ASSERT_TRUE(fails(history));
  const auto small = shrink(history, fails);
  ASSERT_EQ(small.size(), 3u);  // the snapshot, the removal, the read
  EXPECT_TRUE(fails(small));
}

}  // namespace
}  // namespace revenant::lsm
