// Who stamps writes, and what wrong clocks then do.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/sim/experiment/test_run.h"

namespace revenant::sim {
namespace {

TestRun run_with(const std::string& mode, const std::string& rest) {
  Json patch = Json::parse(rest);
  patch["replication"]["timestamps"] = mode;
  return TestRun(patch.dump());
}

TEST(TimestampsTest, AHybridClockSavesTheUpdatesThatSkewedClocksLose) {
  const char* skewed =
      R"({ "cluster": { "clocks": { "offset_max": "2s" } }, "preload": { "keys": 20 } })";
  const TestRun client = run_with("client", skewed), coordinator = run_with("coordinator", skewed),
                hlc = run_with("hlc", skewed);
  EXPECT_GT(client["lost_updates"], 10);
  EXPECT_GT(coordinator["lost_updates"], 10);
  EXPECT_EQ(hlc["lost_updates"], 0);
  EXPECT_GT(hlc["hlc_heard_ahead"], 10);
  EXPECT_EQ(client["hlc_heard_ahead"] + coordinator["hlc_heard_ahead"], 0);
  for (const TestRun* run : {&client, &coordinator, &hlc}) {
    EXPECT_GT((*run)["operations_ok"], 1800);
    EXPECT_EQ((*run)["stale_reads"] + (*run)["thin_air_reads"] + (*run)["diverged_keys"], 0);
  }
}

TEST(TimestampsTest, WithRightClocksNothingIsLostWhoeverStamps) {
  for (const char* mode : {"client", "coordinator", "hlc"}) {
    const TestRun run = run_with(mode, R"({ "preload": { "keys": 20 } })");
    EXPECT_GT(run["operations_ok"], 1800) << mode;
    EXPECT_EQ(run["lost_updates"] + run["stale_reads"] + run["lost_acknowledged_writes"], 0)
        << mode;
  }
}

TEST(TimestampsTest, TheHistoryHasTheStampUnderWhichTheWriteLies) {
  for (const char* mode : {"client", "coordinator", "hlc"}) {
    const TestRun run = run_with(mode, R"({ "preload": { "keys": 20 } })");
    std::map<uint64_t, uint64_t> stamps;
    size_t compared = 0;
    for (const Json& operation : run.operations()) {
      if (!operation.contains("write") || !operation.contains("version")) continue;
      const uint64_t write = operation["write"], version = operation["version"];
      if (!operation.contains("found")) {
        EXPECT_GT(version, 1u) << mode;
        stamps[write] = version;
      } else if (const auto known = stamps.find(write); known != stamps.end()) {
        EXPECT_EQ(version, known->second) << mode;
        ++compared;
      }
    }
    EXPECT_GT(compared, 300u) << mode;
  }
}

TEST(TimestampsTest, ARetriedOrDoubledWriteThatIsStampedTwiceRaisesNoFalseAlarm) {
  for (const char* mode : {"coordinator", "hlc"}) {
    const TestRun run = run_with(mode, R"({
        "faults": [ { "at": "0s", "for": "4s",
                      "link": { "from": "all", "to": "all", "loss": 0.2, "duplication": 0.2 } } ],
        "workload": [ { "name": "w", "rate": "200/s", "retries": 5, "clients": 4,
                        "mix": { "update": 1, "read": 1, "delete": 0.2 } } ] })");
    EXPECT_GT(run["messages_lost"], 100) << mode;
    EXPECT_GT(run["messages_duplicated"], 100) << mode;
    EXPECT_EQ(run["thin_air_reads"] + run["lost_acknowledged_writes"] + run["diverged_keys"], 0)
        << mode;
  }
}

TEST(TimestampsTest, ASwarmOfWrongClocksDoesNotAskForNoLostUpdatesWhereNodesStamp) {
  Json scenario = Json::parse(kBase);
  scenario["swarm"] = {{"mode", "budgeted"}};
  scenario["duration"] = "1h";
  scenario["checks"] = {"no_lost_updates"};
  const auto refusal = [&](const char* mode) {
    scenario["replication"]["timestamps"] = mode;
    const auto parsed = parse_scenario(scenario.dump(), "test", {metric_names(), check_names()});
    return parsed ? std::string() : to_string(parsed.error());
  };
  EXPECT_EQ(refusal("client"), "");
  EXPECT_NE(refusal("coordinator").find("swarm.classes"), std::string::npos);
  EXPECT_NE(refusal("hlc").find("swarm.classes"), std::string::npos);
}

}  // namespace
}  // namespace revenant::sim
