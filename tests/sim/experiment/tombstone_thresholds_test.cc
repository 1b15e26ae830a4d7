// Reads over many tombstones: counted, warned of, given up.
#include <gtest/gtest.h>

#include <string>

#include "tests/sim/experiment/test_run.h"

namespace revenant::sim {
namespace {

// Every key is deleted; then scans look for something to return.
TestRun scans_over_deleted_keys(const std::string& thresholds) {
  return TestRun(R"({ "cluster": { "vnodes": 1 },
      "replication": { "tombstone_thresholds": )" +
                 thresholds + R"( },
      "workload": [ { "name": "d", "to": "1s", "rate": "500/s", "popularity": "sequential",
                      "mix": { "delete": 1 } },
                    { "name": "s", "from": "2s", "rate": "50/s", "scan_length": 10,
                      "mix": { "scan": 1 } } ] })");
}

TEST(TombstoneThresholdsTest, ScansCountTheTombstonesTheyStepOver) {
  const TestRun run = scans_over_deleted_keys("{}");
  EXPECT_GT(run["reads_ok"], 50);
  // From a random place to the end of the circle: half of the 200 keys, at each of two replicas.
  EXPECT_GT(run["tombstones_scanned"], run["reads_ok"] * 100);
  EXPECT_LT(run["tombstones_scanned"], run["reads_ok"] * 300);
  EXPECT_EQ(run["tombstone_warnings"] + run["tombstone_failures"], 0);
}

TEST(TombstoneThresholdsTest, BeyondTheWarningAScanGoesOnAndBeyondTheFailureItFails) {
  const TestRun warned = scans_over_deleted_keys(R"({ "warning": 10 })");
  EXPECT_GT(warned["tombstone_warnings"], 10);
  EXPECT_EQ(warned["tombstone_failures"] + warned["operations_failed"], 0);
  const TestRun failed = scans_over_deleted_keys(R"({ "failure": 10 })");
  EXPECT_GT(failed["tombstone_failures"], 10);
  EXPECT_GT(failed["operations_failed"], 10);
}

TEST(TombstoneThresholdsTest, AReadOfADeletedKeyStepsOverOneTombstoneAtEachReplica) {
  const TestRun run(R"({ "workload": [
      { "name": "d", "to": "1s", "rate": "500/s", "popularity": "sequential", "mix": { "delete": 1 } },
      { "name": "r", "from": "2s", "rate": "100/s", "mix": { "read": 1 } } ] })");
  EXPECT_GT(run["reads_ok"], 100);
  EXPECT_EQ(run["tombstones_scanned"], 2 * run["reads_ok"]);
}

}  // namespace
}  // namespace revenant::sim
