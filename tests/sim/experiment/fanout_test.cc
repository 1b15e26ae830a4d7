// To how many replicas reads and writes go, and through whom.
#include <gtest/gtest.h>

#include <algorithm>
#include <ranges>
#include <string>
#include <tuple>
#include <vector>

#include "tests/sim/experiment/test_run.h"

namespace revenant::sim {
namespace {

TEST(FanoutTest, AReadSentToAllTakesTheFirstAnswersAndWaitsForNoSlowReplica) {
  const auto with = [](const std::string& fanout) {
    return TestRun(R"({ "faults": [ { "at": "0s", "lag": { "node": 1, "messages": "50ms" } } ],
        "replication": { "read_fanout": ")" +
                   fanout + R"(" },
        "workload": [ { "name": "w", "rate": "300/s", "coordinators": [ 0, 2 ],
                        "mix": { "read": 1 } } ] })");
  };
  const TestRun level = with("level"), all = with("all");
  EXPECT_EQ(level["digest_reads"], level["reads_ok"]);
  EXPECT_EQ(all["digest_reads"], 2 * all["reads_ok"]) << "the third replica was asked too";
  EXPECT_GT(level["read_latency_p99_ms"], 50);
  EXPECT_LT(all["read_latency_p99_ms"], 10);
}

TEST(FanoutTest, AWriteSentToAQuorumLeavesTheOthersWithoutItAndWithoutHints) {
  const auto with = [](const std::string& fanout) {
    return TestRun(R"({ "preload": { "keys": 50 }, "replication": { "write_fanout": ")" + fanout +
                   R"(", "read_repair": "off" },
        "workload": [ { "name": "w", "rate": "300/s", "mix": { "read": 0.5, "update": 0.5 } } ] })");
  };
  const TestRun all = with("all"), level = with("level");
  EXPECT_EQ(all["diverged_keys"], 0);
  EXPECT_GT(level["diverged_keys"], 40);
  EXPECT_GT(level["read_mismatches"], 100);
  EXPECT_EQ(level["hints_written"], 0);
  EXPECT_EQ(level["stale_reads"] + level["operations_failed"], 0) << "quorums overlap all the same";
}

TEST(LoadBalancingTest, InTurnNoTwoOperationsInARowGoToTheSameNodeAtRandomAThirdDoes) {
  for (const auto& [balancing, same_least, same_most] :
       {std::tuple{"round_robin", 0, 0}, std::tuple{"random", 250, 420}}) {
    const TestRun run(R"({ "workload": [ { "name": "w", "clients": 1, "operations_max": 1000,
        "mix": { "read": 1 }, "load_balancing": ")" +
                      std::string(balancing) + R"(" } ] })");
    std::vector<int> coordinators;
    for (const Json& operation : run.operations()) coordinators.push_back(operation["coordinator"]);
    const auto same =
        std::ranges::count_if(std::views::iota(size_t{1}, coordinators.size()),
                              [&](size_t i) { return coordinators[i] == coordinators[i - 1]; });
    EXPECT_GE(same, same_least) << balancing;
    EXPECT_LE(same, same_most) << balancing;
    EXPECT_EQ(coordinators.size(), 1000u);
  }
}

}  // namespace
}  // namespace revenant::sim
