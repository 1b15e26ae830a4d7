// A run that ends before its time, with a planted death: what it leaves, and what that is good for.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <sstream>

#include "sim/experiment/hunt.h"
#include "sim/experiment/replay.h"
#include "sim/experiment/shrink.h"
#include "sim/experiment/whole_file.h"
#include "sim/world/world.h"
#include "tests/sim/scenario/fixture.h"

namespace revenant::sim {
namespace {

// A manifest that nobody synced is not there after a blackout at its writing: no node starts.
Scenario doomed() {
  return must_parse(shipped("manifest_power_loss"),
                    {"defects=[\"manifest_not_synced\"]", "workload.writers.to=14s",
                     "workload.readers.from=5s", "duration=25s", "faults.blackout.when.nth=3"});
}

class DeathTest : public testing::Test {
 protected:
  // The one failure of a hunt of one seed.
  Failure hunt_one(const Scenario& scenario, const HuntOne& run) {
    const std::filesystem::path directory =
        std::filesystem::path(testing::TempDir()) / fmt::format("revenant_death_{}", ::getpid());
    std::filesystem::remove_all(directory);
    std::ostringstream out, err;
    const HuntPlan plan{.name = "d", .scenario = "", .settings = "", .first = 1, .last = 1};
    EXPECT_EQ(hunt(
                  plan, run, [&](uint64_t) { return scenario; },
                  {.directory = directory.string(), .workers = 1}, out, err),
              4)
        << out.str() << err.str();
    Failure failure;
    for (const auto& file : std::filesystem::directory_iterator(directory)) {
      if (file.path().filename() == "hunt.json") continue;
      auto parsed = parse_failure(read_whole(file.path()).value(), "f", known());
      EXPECT_TRUE(parsed.has_value());
      failure = *std::move(parsed);
    }
    std::filesystem::remove_all(directory);
    return failure;
  }
};

TEST_F(DeathTest, TheOperationsBegunUntilThenAreInTheFileAndLeadToTheSameDeath) {
  const Scenario scenario = doomed();
  const Failure failure = hunt_one(scenario, [&](uint64_t seed, BlackBox& box) {
    return run_for_failure(scenario, seed, "test", &box);
  });
  EXPECT_EQ(failure.signature, (Signature{"died", "CHECK failed: !disk_.keeps_promises()"}));
  ASSERT_TRUE(failure.operations.contains("writers"));
  EXPECT_GT(failure.operations.at("writers").size(), 100u);

  std::ostringstream err;
  const auto shrunk = shrink(failure, {.runs_max = 60, .workers = 2}, known(), err);
  ASSERT_TRUE(shrunk.has_value()) << shrunk.error().message;
  EXPECT_LT(shrunk->after.client_operations, shrunk->before.client_operations);

  Failure elsewhere = failure;
  elsewhere.build = "another";
  EXPECT_EQ(replayed_scenario(elsewhere, replay_mode(elsewhere)).workload[0].script,
            failure.operations.at("writers"));
}

// Takes the process away, as a signal would, once so many operations have begun.
class Killer final : public Observer {
 public:
  explicit Killer(int count) : left_(count) {}
  void operation_began(const Operation&) override {
    if (--left_ == 0) ::kill(::getpid(), SIGKILL);
  }

 private:
  int left_;
};

TEST_F(DeathTest, NoHandlerNeedRun) {
  const Scenario scenario = doomed();
  const Failure failure = hunt_one(scenario, [&](uint64_t seed, BlackBox& box) {
    OperationLog log(scenario, &box);
    Killer killer(37);
    run_scenario(scenario, seed, {.command = "test", .observers = {&log, &killer}});
    return HuntedRun{};
  });
  EXPECT_EQ(failure.signature.cause, "signal 9 (Killed)");
  EXPECT_EQ(failure.operations.at("writers").size(), 37u);
}

// Clients that are stopped for ever never have their answers.
TEST(StandstillDeathTest, EveryWaitingTaskIsListed) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const Scenario scenario =
      must_parse(shipped("quickstart"), {"duration=1s", "settle=0s", "replication.heartbeat=10m",
                                         "replication.failure_detection=1h"});
  const auto stand_still = [&] {
    World world(scenario, 1, "test");
    Metrics metrics;
    bool stopped = false;
    world.run(
        [&](const Snapshot&) {
          // The nodes' groups came first.
          for (uint32_t i = 0; !stopped && i < scenario.workload.size(); ++i)
            world.kernel().pause({static_cast<uint32_t>(scenario.cluster.nodes) + 1 + i});
          stopped = true;
        },
        metrics);
  };
  EXPECT_EXIT(stand_still(), testing::ExitedWithCode(4),
              "waited in vain: every client has its answer; what every task waits for:(.|\n)*"
              "heartbeats +sleep +since .*until (.|\n)*(arrivals|client) .*paused");
}

}  // namespace
}  // namespace revenant::sim
