#include "sim/faults/swarm.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "sim/faults/drawn_ring.h"
#include "tests/sim/scenario/fixture.h"

namespace revenant::sim {
namespace {

Scenario swarm_scenario(const std::vector<std::string>& sets = {}) {
  return must_parse(shipped("swarm"), sets);
}

std::vector<Json> entries(const Scenario& drawn, const char* kind) {
  std::vector<Json> found;
  const Json whole = to_json(drawn);
  for (const Json& fault : whole["faults"]) {
    if (fault.contains(kind)) found.push_back(fault);
  }
  return found;
}

// The nodes that a fault takes away, if it does.
std::vector<uint32_t> taken_away(const FaultOptions& f) {
  if (f.crash) return f.crash->node.nodes;
  if (f.power_loss) return f.power_loss->node.nodes;
  if (f.pause) return f.pause->node.nodes;
  if (f.partition) return f.partition->from.nodes;
  if (f.isolate) return f.isolate->node.nodes;
  if (f.clog) return f.clog->from.nodes;
  return {};
}

TEST(SwarmTest, IsAFunctionOfScenarioAndSeed) {
  const Scenario scenario = swarm_scenario();
  EXPECT_EQ(to_json(draw_swarm(scenario, 7)), to_json(draw_swarm(scenario, 7)));
  EXPECT_NE(to_json(draw_swarm(scenario, 7)), to_json(draw_swarm(scenario, 8)));
}

TEST(SwarmTest, WhatItDrawsIsAValidScenarioWithoutASwarm) {
  const Scenario scenario = swarm_scenario();
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const Scenario drawn = draw_swarm(scenario, seed);
    EXPECT_FALSE(drawn.swarm.has_value());
    EXPECT_EQ(errors_of(to_json(drawn).dump(2)), "") << "seed " << seed;
  }
}

TEST(SwarmTest, EveryClassIsOnInSomeRunsAndOffInOthers) {
  std::map<std::string, int> runs;
  constexpr int kSeeds = 60;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    std::set<std::string> kinds;
    const Json whole = to_json(draw_swarm(swarm_scenario(), seed));
    for (const Json& fault : whole["faults"]) {
      for (const auto& [key, value] : fault.items()) {
        if (value.is_object()) kinds.insert(key);
      }
    }
    for (const std::string& kind : kinds) ++runs[kind];
  }
  for (const char* kind :
       {"crash", "power_loss", "pause", "partition", "isolate", "clog", "lag", "link", "clock"}) {
    EXPECT_GT(runs[kind], kSeeds / 10) << kind;
    EXPECT_LT(runs[kind], kSeeds) << kind;
  }
}

TEST(SwarmTest, BudgetedNeverTakesMoreOfAReplicaSetThanTheLevelsSpare) {
  const Scenario scenario = swarm_scenario({"cluster.nodes=9", "cluster.vnodes=1"});
  size_t checked = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const Scenario drawn = draw_swarm(scenario, seed);
    const ring::Ring ring = drawn_ring(drawn, seed);
    for (const FaultOptions& at : drawn.faults) {
      std::set<uint32_t> away;
      for (const FaultOptions& f : drawn.faults) {
        if (f.at <= at.at && at.at < f.at + *f.duration) {
          for (uint32_t node : taken_away(f)) away.insert(node);
        }
      }
      for (const auto& owned : ring.ranges()) {
        const auto gone = std::ranges::count_if(
            owned.replicas, [&](NodeId node) { return away.contains(node.value); });
        EXPECT_LE(gone, 1) << "seed " << seed << " at " << to_string(at.at);
      }
      checked += away.size() > 1 ? 1 : 0;
    }
  }
  EXPECT_GT(checked, 20u) << "nodes of different replica sets may be away together";
}

TEST(SwarmTest, BudgetedEndsEveryFaultBeforeTheCalmInWhichAllRepair) {
  const Scenario scenario = swarm_scenario();
  const SwarmOptions& swarm = *scenario.swarm;
  const Duration rounds_end = scenario.duration - swarm.core - swarm.calm;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const Scenario drawn = draw_swarm(scenario, seed);
    size_t repairs = 0;
    for (const OperationOptions& o : drawn.operations) {
      if (!o.repair) continue;
      ++repairs;
      EXPECT_TRUE(o.repair->all);
      for (const FaultOptions& f : drawn.faults) {
        EXPECT_FALSE(f.at <= *o.at + swarm.calm / 4 && *o.at - swarm.calm / 4 < f.at + *f.duration)
            << "seed " << seed << ": a fault at " << to_string(f.at) << " in the calm around "
            << to_string(*o.at);
      }
    }
    EXPECT_EQ(repairs, static_cast<size_t>(rounds_end.ns / swarm.round.ns) + 1);
    EXPECT_GT(drawn.progress_from, rounds_end);
  }
}

TEST(SwarmTest, UnboundedStrikesAllNodesAtOnce) {
  const Scenario scenario = swarm_scenario({"swarm.mode=unbounded", "storage.gc_grace=1h"});
  size_t blackouts = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const Scenario drawn = draw_swarm(scenario, seed);
    for (const FaultOptions& f : drawn.faults) blackouts += f.power_loss && f.power_loss->node.all;
  }
  EXPECT_GT(blackouts, 5u);
}

TEST(SwarmTest, AClassThatIsNotAllowedLeavesTheOthersAsTheyWere) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const Scenario all = draw_swarm(swarm_scenario(), seed);
    const Scenario less = draw_swarm(
        swarm_scenario({R"(swarm.classes=["message_lag", "clock_step", "power_loss"])"}), seed);
    std::vector<Json> lags;
    for (const Json& lag : entries(all, "lag")) {
      if (lag["lag"]["messages"] != "0s") lags.push_back(lag);
    }
    EXPECT_EQ(entries(less, "lag"), lags);
    EXPECT_TRUE(entries(less, "crash").empty());
    EXPECT_EQ(less.storage.memtable_size, all.storage.memtable_size);
  }
}

TEST(SwarmTest, RefusesWhatCannotBeSurvived) {
  const std::string text = shipped("swarm");
  EXPECT_NE(errors_of(text, {"storage.gc_grace=5s"}).find("storage.gc_grace"), std::string::npos);
  EXPECT_NE(errors_of(text, {"replication.read=ONE"}).find("swarm.mode"), std::string::npos);
  EXPECT_NE(errors_of(text, {"swarm.calm=5s"}).find("swarm.calm"), std::string::npos);
  EXPECT_NE(errors_of(text, {"duration=9s"}).find("duration"), std::string::npos);
  EXPECT_NE(errors_of(text, {"swarm.mode=unbounded"}).find("storage.gc_grace"), std::string::npos);
  EXPECT_NE(errors_of(text, {R"(swarm.classes=["crush"])"}).find("crash"), std::string::npos);
}

}  // namespace
}  // namespace revenant::sim
