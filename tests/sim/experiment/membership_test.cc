// Nodes that join, leave, replace others and move, under load and while others fail.
#include <gtest/gtest.h>

#include <string>

#include "tests/sim/experiment/test_run.h"

namespace revenant::sim {
namespace {

// Five machines, one or more of them spares, three replicas of each key; every check that applies.
TestRun changing(const std::string& operations, const std::string& more = "{}", uint64_t seed = 1) {
  Json patch = Json::parse(R"({ "duration": "20s", "settle": "60s",
      "cluster": { "nodes": 5, "spares": 1, "vnodes": 8 }, "preload": { "keys": 500 },
      "replication": { "repair": { "every": "30s" } },
      "checks": [ "no_stale_reads", "no_lost_writes", "no_thin_air", "no_resurrection", "convergence" ] })");
  patch["operations"] = Json::parse(operations);
  patch.merge_patch(Json::parse(more));
  return TestRun(patch.dump(), seed);
}

void expect_sound(const TestRun& run) {
  EXPECT_GT(run["operations_ok"], 5000);
  for (const char* metric : {"stale_reads", "resurrected_reads", "lost_acknowledged_writes",
                             "diverged_keys", "thin_air_reads"}) {
    EXPECT_EQ(run[metric], 0) << metric;
  }
}

TEST(MembershipTest, ANodeJoinsUnderLoadAndNobodyReadsAnythingOld) {
  const TestRun run = changing(R"([ { "at": "5s", "bootstrap": 4 } ])");
  expect_sound(run);
  EXPECT_EQ(run["membership_changes"], 1);
  EXPECT_GT(run["moved_cells"], 100);
  EXPECT_EQ(run["operations_failed"], 0);
}

TEST(MembershipTest, ANodeLeavesAndItsKeysStay) {
  const TestRun run = changing(R"([ { "at": "5s", "decommission": 1 } ])");
  expect_sound(run);
  EXPECT_EQ(run["membership_changes"], 1);
  EXPECT_GT(run["moved_cells"], 100);
}

TEST(MembershipTest, ANodeMovesToOtherTokens) {
  const TestRun run = changing(R"([ { "at": "5s", "move": 2 } ])");
  expect_sound(run);
  EXPECT_EQ(run["membership_changes"], 1);
}

TEST(MembershipTest, AReplacementHoldsWhatTheDeadNodeHadAcknowledged) {
  const TestRun run = changing(R"([ { "at": "6s", "replace": { "dead": 0, "node": 4 } } ])",
                               R"({ "faults": [ { "at": "4s", "crash": { "node": 0 } } ] })");
  expect_sound(run);
  EXPECT_EQ(run["membership_changes"], 1);
}

TEST(MembershipTest, AJoinGoesOnWhereASourceOrTheNewcomerCrashes) {
  for (const char* node : {"4", "2"}) {
    for (const char* at : {"5.25s", "6s", "8s"}) {
      const TestRun run = changing(
          R"([ { "at": "5s", "bootstrap": 4 } ])",
          R"({ "replication": { "stream_throughput": "10KiB/s" }, "faults": [ { "at": ")" +
              std::string(at) + R"(", "for": "2s", "crash": { "node": )" + node + "} } ] }");
      expect_sound(run);
      EXPECT_EQ(run["membership_changes"], 1) << node << " at " << at;
    }
  }
}

TEST(MembershipTest, ANodeThatJoinedIsAMemberAfterAPowerLoss) {
  const TestRun run = changing(R"([ { "at": "5s", "bootstrap": 4 } ])",
                               R"({ "storage": { "wal": { "sync": "always" } },
           "faults": [ { "at": "12s", "for": "1s", "power_loss": { "node": 4 } } ] })");
  expect_sound(run);
  EXPECT_EQ(run["membership_changes"], 1);
}

TEST(MembershipTest, AnAbortedJoinLeavesTheClusterAsItWas) {
  const TestRun run = changing(R"([ { "at": "5s", "bootstrap": 4 }, { "at": "6s", "abort": 4 } ])",
                               R"({ "replication": { "stream_throughput": "1KiB/s" } })");
  expect_sound(run);
  EXPECT_EQ(run["membership_changes"], 0);
}

TEST(MembershipTest, ASecondChangeIsRefusedWhileOneGoesOn) {
  const TestRun run =
      changing(R"([ { "at": "5s", "bootstrap": 4 }, { "at": "5.1s", "decommission": 0 } ])");
  expect_sound(run);
  EXPECT_EQ(run["membership_changes"], 1);
  EXPECT_EQ(run["membership_changes_refused"], 1);
}

TEST(MembershipTest, ChangesInTurnWithCleanupsBetweenThem) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const TestRun run =
        changing(R"([ { "at": "2s", "bootstrap": 4 }, { "at": "5s", "cleanup": "all" },
        { "at": "7s", "decommission": 4 }, { "at": "10s", "move": 1 }, { "at": "13s", "cleanup": "all" },
        { "at": "15s", "decommission": 0 } ])",
                 "{}", seed);
    expect_sound(run);
    EXPECT_EQ(run["membership_changes"], 4);
    EXPECT_GT(run["cleanup_cells_dropped"], 100);
    EXPECT_EQ(run["cleanups"], 10);
  }
}

// Node 0 alone coordinates, and leaves before it would deliver what it keeps; then it is gone.
TEST(MembershipTest, ANodeThatLeavesHandsItsHintsOver) {
  const TestRun run = changing(
      R"([ { "at": "5s", "decommission": 0 } ])",
      R"({ "replication": { "repair": null, "read_repair": "off", "hinted_handoff": { "replay_period": "15s" } },
           "workload": [ { "name": "w", "rate": "500/s", "clients": 4, "to": "5s", "coordinators": 0,
                           "mix": { "update": 1 } } ],
           "faults": [ { "at": "1s", "for": "2s", "crash": { "node": 3 } },
                       { "at": "14s", "crash": { "node": 0 } } ] })");
  EXPECT_EQ(run["membership_changes"], 1);
  EXPECT_GT(run["hints_handed_over"], 50);
  EXPECT_EQ(run["diverged_keys"] + run["lost_acknowledged_writes"], 0);
}

TEST(MembershipTest, AJoinMovesItsShareOfTheKeys) {
  const TestRun run = changing(R"([ { "at": "1s", "bootstrap": 4 } ])",
                               R"({ "duration": "15s", "preload": { "keys": 20000 },
          "cluster": { "replication_factor": 1, "vnodes": 16, "allocation": "even" },
          "replication": { "write": "ONE", "read": "ONE" },
          "workload": [ { "name": "w", "rate": "10/s", "mix": { "read": 1 } } ] })");
  EXPECT_EQ(run["membership_changes"], 1);
  EXPECT_NEAR(run["moved_cells"] / 20000 * 5, 1.0, 0.03);
}

}  // namespace
}  // namespace revenant::sim
