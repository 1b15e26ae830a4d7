// Atomic batches in whole runs: written whole, seen through by the batch log where their coordinator
// does not, and judged.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "tests/sim/experiment/test_run.h"

namespace revenant::sim {
namespace {

// Five nodes; batches of four keys through nodes 0 and 1, which lose messages and are killed again
// and again. Hints, reads and repair would hide what the batch log does not do.
std::string killed_coordinators(const std::string& more = "") {
  return R"({ "cluster": { "nodes": 5 }, "preload": { "keys": 2000 }, "duration": "6s",
    "replication": { "hinted_handoff": "off", "batch_log": { "replay_period": "200ms" } },
    "faults": [ { "at": "200ms", "for": "5s", "period": "150ms", "crash": { "node": 0 } },
                { "at": "270ms", "for": "5s", "period": "170ms", "crash": { "node": 1 } },
                { "at": "0s", "for": "5s", "link": { "from": [0, 1], "to": [2, 3, 4], "loss": 0.3 } } ],
    "workload": [ { "name": "w", "rate": "300/s", "clients": 8, "to": "5s", "coordinators": [0, 1],
                    "batch_keys": 4, "mix": { "update": 1 } } ],
    "checks": [ "atomic_batches" ])" +
         more + " }";
}

TEST(BatchTest, IsWrittenWholeAndLeavesTheBatchLogEmpty) {
  const TestRun run(
      R"({ "workload": [ { "name": "w", "rate": "200/s", "clients": 4, "batch_keys": 3,
                         "mix": { "update": 1, "read": 1 } } ] })");
  EXPECT_GT(run["batches"], 200);
  EXPECT_EQ(run["batches_stored"], 2 * run["batches"]);
  EXPECT_EQ(run["batches_replayed"] + run["batches_expired"], 0);
  EXPECT_EQ(run["operations_failed"] + run["operations_unknown"], 0);
  EXPECT_EQ(run["stale_reads"] + run["lost_acknowledged_writes"] + run["torn_batches"], 0);
  // Each key is an update of its own in the history, under the stamp of its batch.
  std::map<uint64_t, std::set<std::string>> keys;
  std::map<uint64_t, std::set<uint64_t>> stamps;
  for (const Json& operation : run.operations()) {
    if (!operation.contains("batch")) continue;
    keys[operation["batch"]].insert(operation["key"].get<std::string>());
    stamps[operation["batch"]].insert(operation["version"].get<uint64_t>());
  }
  EXPECT_EQ(static_cast<double>(keys.size()), run["batches"]);
  for (const auto& [batch, written] : keys) EXPECT_EQ(written.size(), 3u);
  for (const auto& [batch, given] : stamps) EXPECT_EQ(given.size(), 1u);
}

TEST(BatchTest, HoldersSeeThroughWhatTheirCoordinatorsDoNot) {
  const TestRun run(killed_coordinators());
  EXPECT_GT(run["operations_unknown"], 100);
  EXPECT_GT(run["batches_replayed"], 20);
  EXPECT_EQ(run["torn_batches"], 0);
}

TEST(BatchTest, AReplayThatStopsEarlyLeavesBatchesTorn) {
  const TestRun run(killed_coordinators(R"(, "defects": [ "batch_replay_stops_early" ])"));
  EXPECT_GT(run["torn_batches"], 0);
}

TEST(BatchTest, EntriesOutlastAPowerLossOfTheirHolders) {
  // Node 0 is cut off while it stores batches: their acknowledgements are lost. Then all lose power.
  const TestRun run(R"({ "preload": { "keys": 2000 }, "duration": "6s",
    "replication": { "hinted_handoff": "off", "batch_log": { "replay_period": "3s" } },
    "faults": [ { "at": "1s", "for": "500ms", "partition": { "from": [1, 2], "to": 0, "one_way": true } },
                { "at": "2s", "for": "100ms", "power_loss": { "node": "all" } } ],
    "workload": [ { "name": "w", "from": "1s", "to": "1400ms", "rate": "100/s", "coordinators": 0,
                    "batch_keys": 4, "mix": { "update": 1 } } ],
    "checks": [ "atomic_batches" ] })");
  EXPECT_GT(run["operations_unknown"], 20);
  EXPECT_EQ(run["power_losses"], 3);
  EXPECT_GT(run["batches_replayed"], 5);
  EXPECT_EQ(run["torn_batches"], 0);
  EXPECT_EQ(run["diverged_keys"], 0);
}

TEST(BatchTest, EntriesOlderThanGcGraceAreDropped) {
  const auto run = [](const std::string& drops) {
    return TestRun(R"({ "duration": "8s", "storage": { "gc_grace": "2s" },
      "replication": { "hinted_handoff": "off",
                       "batch_log": { "replay_period": "3s", "drops_expired": )" +
                   drops + R"( } },
      "faults": [ { "at": "1s", "for": "500ms", "partition": { "from": [1, 2], "to": 0, "one_way": true } } ],
      "workload": [ { "name": "w", "from": "1s", "to": "1400ms", "rate": "100/s", "coordinators": 0,
                      "batch_keys": 4, "mix": { "update": 1 } } ] })");
  };
  const TestRun dropped = run("true");
  EXPECT_GT(dropped["batches_expired"], 5);
  EXPECT_EQ(dropped["batches_replayed"], 0);
  const TestRun kept = run("false");
  EXPECT_GT(kept["batches_replayed"], 5);
  EXPECT_EQ(kept["batches_expired"], 0);
}

}  // namespace
}  // namespace revenant::sim
