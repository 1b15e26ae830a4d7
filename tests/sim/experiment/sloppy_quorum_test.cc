// Sloppy quorums in whole runs: who stands in for whom, what counts, and what is handed over.
#include <gtest/gtest.h>

#include "tests/sim/experiment/test_run.h"

namespace revenant::sim {
namespace {

// Five nodes of which two go away for two seconds; a quorum of the three replicas of some keys is
// among them.
std::string two_away(const std::string& replication) {
  return R"({ "cluster": { "nodes": 5 }, "duration": "6s", "replication": { )" + replication +
         R"( },
              "faults": [ { "at": "1s", "for": "2s", "isolate": { "node": [3, 4] } } ],
              "workload": [ { "name": "w", "from": "2s", "to": "2900ms", "rate": "500/s", "clients": 4,
                              "coordinators": [0, 1, 2], "mix": { "read": 1, "update": 1 } } ] })";
}

TEST(SloppyQuorumTest, OthersStandInForReplicasThatAreAwayAndHandOverWhatTheyTook) {
  const TestRun strict(two_away(R"("sloppy_quorum": false)"));
  EXPECT_GT(strict["operations_failed"], 20);
  EXPECT_EQ(strict["stand_in_writes"] + strict["stand_in_reads"], 0);
  const TestRun sloppy(two_away(R"("sloppy_quorum": true)"));
  EXPECT_EQ(sloppy["operations_failed"] + sloppy["operations_unknown"], 0);
  EXPECT_GT(sloppy["writes_met_by_stand_ins"], 20);
  EXPECT_GT(sloppy["reads_met_by_stand_ins"], 20);
  EXPECT_EQ(sloppy["hints_written"], 0);
  EXPECT_GT(sloppy["stand_in_writes"], 50);
  EXPECT_EQ(sloppy["cells_handed_off"], sloppy["stand_in_writes"]);
  EXPECT_EQ(sloppy["diverged_keys"] + sloppy["lost_acknowledged_writes"], 0);
}

TEST(SloppyQuorumTest, NotFoundCountsWhereNobodyAskedHadWhatWasWrittenBefore) {
  EXPECT_GT(TestRun(two_away(R"("sloppy_quorum": true)"))["stale_reads"], 5);
  // All that coordinate see the same nodes, so one of the replicas is enough.
  EXPECT_EQ(TestRun(two_away(R"("sloppy_quorum": true, "pr": 1)"))["stale_reads"], 0);
}

TEST(SloppyQuorumTest, WithoutHandoffReplicasThatWereAwayLackTheWrites) {
  const TestRun run(
      two_away(R"("sloppy_quorum": true, "hinted_handoff": { "replay_period": "1h" })"));
  EXPECT_GT(run["stand_in_writes"], 50);
  EXPECT_EQ(run["cells_handed_off"], 0);
  EXPECT_GT(run["diverged_keys"], 0);
}

TEST(SloppyQuorumTest, PrAndPwCountReplicasAloneAndRefuseWhereTooFewAreUp) {
  const TestRun strict(two_away(R"("sloppy_quorum": false)"));
  const TestRun both(two_away(R"("sloppy_quorum": true, "pr": 2, "pw": 2)"));
  EXPECT_EQ(both["operations_failed"], strict["operations_failed"]);
  EXPECT_EQ(both["writes_met_by_stand_ins"] + both["reads_met_by_stand_ins"], 0);
  EXPECT_GT(both["stand_in_writes"], 20);  // beside the replicas
  // In a strict set they are a lower bound of the level.
  const TestRun three(two_away(R"("write": "ONE", "read": "ONE", "pr": 3, "pw": 3)"));
  EXPECT_GT(three["operations_failed"], strict["operations_failed"]);
}

TEST(SloppyQuorumTest, WhatIsHeldOutlastsAKill) {
  // The three that may stand in are killed together, before anybody is back.
  const TestRun run(
      R"({ "cluster": { "nodes": 5 }, "duration": "6s", "replication": { "sloppy_quorum": true },
    "faults": [ { "at": "1s", "for": "3s", "isolate": { "node": [3, 4] } },
                { "at": "3s", "for": "100ms", "crash": { "node": [0, 1, 2] } } ],
    "workload": [ { "name": "w", "from": "2s", "to": "2900ms", "rate": "500/s", "clients": 4,
                    "coordinators": [0, 1, 2], "mix": { "update": 1 } } ] })");
  EXPECT_EQ(run["crashes"], 3);
  EXPECT_GT(run["stand_in_writes"], 50);
  EXPECT_EQ(run["diverged_keys"] + run["lost_acknowledged_writes"], 0);
}

TEST(SloppyQuorumTest, TheTwoSidesOfAPartitionServeEachTheirOwn) {
  const auto split = [](const std::string& replication) {
    return TestRun(R"({ "cluster": { "nodes": 6 }, "replication": { "sloppy_quorum": true)" +
                   replication + R"( },
      "faults": [ { "at": "500ms", "for": "2s", "partition": { "from": [0, 1, 2], "to": [3, 4, 5] } } ],
      "workload": [ { "name": "writers", "from": "1500ms", "to": "2s", "rate": "500/s", "clients": 4,
                      "coordinators": [0, 1, 2], "mix": { "update": 1 } },
                    { "name": "readers", "from": "1500ms", "to": "2s", "rate": "500/s", "clients": 4,
                      "coordinators": [3, 4, 5], "mix": { "read": 1 } } ] })");
  };
  EXPECT_GT(split("")["stale_reads"], 20);
  EXPECT_GT(split(R"(, "pr": 2)")["stale_reads"], 20);
  EXPECT_GT(split(R"(, "pw": 2)")["stale_reads"], 20);
  EXPECT_EQ(split(R"(, "pr": 2, "pw": 2)")["stale_reads"], 0);
}

}  // namespace
}  // namespace revenant::sim
