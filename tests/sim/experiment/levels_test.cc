// Which consistency level still answers when which replicas are down, and what each leaves behind.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "tests/sim/experiment/test_run.h"

namespace revenant::sim {
namespace {

const std::vector<std::string> kWriteLevels = {
    "ANY", "ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM"};

// Nodes 0, 2 and 4 in region 0 and 1, 3 and 5 in region 1 hold every key; node 0 coordinates. The
// levels of whose operations, begun when the dead are known to be dead, all succeeded; of the others
// all must have failed.
std::set<std::string> answering(const std::string& down, const std::string& kind) {
  Json workloads = Json::array();
  for (const std::string& level : kWriteLevels) {
    if (level == "ANY" && kind == "read") continue;
    Json workload = {{"name", level}, {"from", "1500ms"},  {"to", "2500ms"},    {"rate", "20/s"},
                     {"region", 0},   {"coordinators", 0}, {"mix", {{kind, 1}}}};
    workload[kind == "read" ? "read" : "write"] = level;
    workloads.push_back(workload);
  }
  Json patch = {{"cluster",
                 {{"nodes", 6},
                  {"replication_factor", {{"region 0", 3}, {"region 1", 3}}},
                  {"placement", {{"regions", 2}}}}},
                {"duration", "3s"},
                {"replication", {{"read_timeout", "1s"}, {"write_timeout", "1s"}}},
                {"workload", workloads}};
  if (down != "[]")
    patch["faults"] = Json::array({{{"at", "0s"}, {"crash", {{"node", Json::parse(down)}}}}});
  const TestRun run(patch.dump());
  std::map<std::string, std::set<std::string>> outcomes;
  for (const Json& operation : run.operations())
    outcomes[operation["workload"]].insert(operation["outcome"].get<std::string>());
  std::set<std::string> answering;
  for (const auto& [level, seen] : outcomes) {
    EXPECT_EQ(seen.size(), 1u) << level << " with " << down << " down";
    if (seen == std::set<std::string>{"ok"}) {
      answering.insert(level);
    } else {
      EXPECT_EQ(seen, std::set<std::string>{"fail"}) << level << " with " << down << " down";
    }
  }
  EXPECT_EQ(outcomes.size(), workloads.size());
  return answering;
}

struct DownCase {
  const char* down;
  std::set<std::string> refusing;
};
class AvailabilityTest : public testing::TestWithParam<DownCase> {};

TEST_P(AvailabilityTest, ALevelAnswersWhileTheReplicasItAsksForAreUp) {
  for (const std::string kind : {"update", "read"}) {
    std::set<std::string> expected(kWriteLevels.begin(), kWriteLevels.end());
    for (const std::string& level : GetParam().refusing) expected.erase(level);
    if (kind == "read") expected.erase("ANY");
    EXPECT_EQ(answering(GetParam().down, kind), expected) << kind;
  }
}

INSTANTIATE_TEST_SUITE_P(
    , AvailabilityTest,
    testing::Values(DownCase{"[]", {}}, DownCase{"[2]", {"ALL"}}, DownCase{"[3]", {"ALL"}},
                    DownCase{"[2, 4]", {"ALL", "LOCAL_QUORUM", "EACH_QUORUM"}},
                    DownCase{"[3, 5]", {"ALL", "EACH_QUORUM"}},
                    DownCase{"[1, 3, 5]", {"ALL", "QUORUM", "EACH_QUORUM"}},
                    DownCase{"[2, 4, 3, 5]",
                             {"ALL", "THREE", "QUORUM", "LOCAL_QUORUM", "EACH_QUORUM"}}));

// Region 1 holds every key and is down; node 0 of region 0 coordinates and holds none.
constexpr const char* kNobodyUp = R"({
  "cluster": { "nodes": 6, "replication_factor": { "region 1": 3 }, "placement": { "regions": 2 } },
  "faults": [ { "at": "0s", "for": "3s", "crash": { "node": "region 1" } } ],
  "workload": [ { "name": "w", "from": "1s", "to": "2s", "rate": "100/s", "coordinators": 0,
                  "mix": { "update": 1 }, "write": "%s" } ] })";

TestRun run_with_nobody_up(const std::string& level) {
  std::string text = kNobodyUp;
  text.replace(text.find("%s"), 2, level);
  return TestRun(text);
}

TEST(LevelsTest, AtAnyAHintIsEnoughAndItIsDelivered) {
  const TestRun any = run_with_nobody_up("ANY");
  EXPECT_GT(any["operations_ok"], 50);
  EXPECT_EQ(any["operations_failed"] + any["operations_unknown"], 0);
  EXPECT_EQ(any["hints_written"], 3 * any["operations_ok"]);
  EXPECT_EQ(any["hints_delivered"], any["hints_written"]);
  EXPECT_EQ(any["diverged_keys"] + any["lost_acknowledged_writes"], 0);
  const TestRun one = run_with_nobody_up("ONE");
  EXPECT_EQ(one["operations_ok"] + one["hints_written"], 0);
  EXPECT_GT(one["operations_failed"], 50);
}

TEST(LevelsTest, AtAnyAWriteThatNobodyAcknowledgesInTimeIsHintedAndSucceeds) {
  const TestRun run(R"({ "cluster": { "nodes": 6, "replication_factor": { "region 1": 3 },
                                      "placement": { "regions": 2 } },
                         "faults": [ { "at": "1s", "for": "300ms", "partition": { "from": 0 } } ],
                         "workload": [ { "name": "w", "from": "1s", "to": "1100ms", "rate": "100/s",
                                         "coordinators": 0, "write": "ANY", "mix": { "update": 1 } } ] })");
  EXPECT_GT(run["messages_cut"], 0);
  EXPECT_GT(run["operations_ok"] + run["operations_unknown"], 5);
  EXPECT_GT(run["hints_written"], 0);
  EXPECT_EQ(run["lost_acknowledged_writes"], 0);
}

TEST(LevelsTest, LocalReadsDoNotCrossTheOcean) {
  const auto reads_at = [](const std::string& level) {
    return TestRun(R"({ "cluster": { "nodes": 6, "placement": { "regions": 2 },
                                     "replication_factor": { "region 0": 3, "region 1": 3 } },
                        "workload": [ { "name": "w", "rate": "100/s", "coordinators": [0, 2, 4],
                                        "region": 0, "mix": { "read": 1 }, "read": ")" +
                   level + R"(" } ] })");
  };
  const double local = reads_at("LOCAL_QUORUM")["read_latency_p99_ms"];
  const double anywhere = reads_at("QUORUM")["read_latency_p99_ms"];
  EXPECT_GT(local, 0);
  EXPECT_LT(local, 10);
  EXPECT_GT(anywhere, 50);
}

TEST(LevelsTest, LocalQuorumsOfOneRegionOverlapAndThoseOfTwoDoNot) {
  const auto stale_reads = [](const std::string& readers) {
    const TestRun run(R"({ "preload": { "keys": 10 },
        "cluster": { "nodes": 6, "placement": { "regions": 2 },
                     "replication_factor": { "region 0": 3, "region 1": 3 } },
        "workload": [ { "name": "w", "rate": "200/s", "region": 0, "coordinators": "region 0",
                        "write": "LOCAL_QUORUM", "mix": { "update": 1 } },
                      { "name": "r", "rate": "200/s", "region": 0, "coordinators": ")" +
                      readers + R"(", "read": "LOCAL_QUORUM", "mix": { "read": 1 } } ] })");
    EXPECT_GT(run["reads_ok"], 500);
    return run["stale_reads"];
  };
  EXPECT_EQ(stale_reads("region 0"), 0);
  EXPECT_GT(stale_reads("region 1"), 0);
}

TEST(LevelsTest, ABudgetedSwarmRefusesWhatItCannotJudge) {
  Json scenario = Json::parse(kBase);
  scenario["swarm"] = {{"mode", "budgeted"}};
  scenario["duration"] = "1h";
  const auto refusal = [&](const char* level) {
    scenario["workload"][0]["write"] = level;
    const auto parsed = parse_scenario(scenario.dump(), "test", {metric_names(), check_names()});
    return parsed ? std::string() : to_string(parsed.error());
  };
  EXPECT_EQ(refusal("QUORUM"), "");
  for (const char* level : {"LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM", "ANY"}) {
    EXPECT_NE(refusal(level).find(std::string("cannot judge workload[0].write ") + level),
              std::string::npos)
        << refusal(level);
  }
  // Others may stand in at both ends, unless the replicas themselves overlap.
  scenario["replication"]["sloppy_quorum"] = true;
  EXPECT_NE(refusal("QUORUM").find("those of pr 0 and pw 0 do not"), std::string::npos);
  scenario["replication"]["pr"] = scenario["replication"]["pw"] = 2;
  EXPECT_EQ(refusal("QUORUM"), "");
}

}  // namespace
}  // namespace revenant::sim
