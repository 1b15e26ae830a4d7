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

bool is_unsound(const FaultOptions& f) {
  return f.bit_rot || f.torn_write || f.lost_write || f.misdirected_write || f.wipe || f.restore ||
         f.swap_disks;
}
bool weakens(const FaultOptions& f) {
  return f.crash || f.power_loss || f.pause || f.partition || f.isolate || f.bridge || f.ring ||
         f.clog || f.disk_read_error || f.disk_write_error || f.disk_sync_error || f.disk_full ||
         f.disk_stall || f.disk_slow || f.slow_cpu || (f.lag && f.lag->disk > Duration{}) ||
         (f.link && (f.link->loss.ppb > 0 || f.link->packet_loss.ppb > 0));
}

// The nodes that a fault takes away, if it does.
std::vector<uint32_t> taken_away(const FaultOptions& f) {
  if (f.bit_rot) return f.bit_rot->node.nodes;
  if (f.torn_write) return f.torn_write->node.nodes;
  if (f.lost_write) return f.lost_write->node.nodes;
  if (f.misdirected_write) return f.misdirected_write->node.nodes;
  if (f.wipe) return f.wipe->node.nodes;
  if (f.restore) return f.restore->node.nodes;
  if (f.disk_write_error) return f.disk_write_error->node.nodes;
  if (f.disk_sync_error) return f.disk_sync_error->node.nodes;
  if (f.disk_full) return f.disk_full->node.nodes;
  if (f.disk_stall) return f.disk_stall->node.nodes;
  if (f.bridge) return f.bridge->from.nodes;
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

TEST(SwarmTest, RepairsIncrementallyWhereNoDiskIsReplacedAndNoStrategyHasLevels) {
  Scenario scenario = swarm_scenario();
  for (const bool asked_for : {false, true}) {
    if (asked_for) scenario.replication.repair.emplace().incremental = true;
    int incremental = 0;
    for (uint64_t seed = 1; seed <= 120; ++seed) {
      const Scenario drawn = draw_swarm(scenario, seed);
      if (!drawn.replication.repair || !drawn.replication.repair->incremental) continue;
      ++incremental;
      EXPECT_EQ(errors_of(to_json(drawn).dump(2)), "") << "seed " << seed;
      for (const FaultOptions& f : drawn.faults)
        EXPECT_FALSE(f.wipe || f.restore || f.swap_disks || f.bit_rot || f.lost_write)
            << "seed " << seed;
    }
    EXPECT_GT(incremental, 3);
    EXPECT_TRUE(!asked_for || incremental == 120);
  }
}

TEST(SwarmTest, EveryClassIsOnInSomeRunsAndOffInOthers) {
  std::map<std::string, int> runs;
  constexpr int kSeeds = 120;
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
  for (const char* kind : {"crash",
                           "power_loss",
                           "pause",
                           "partition",
                           "isolate",
                           "clog",
                           "lag",
                           "link",
                           "clock",
                           "bridge",
                           "slow_cpu",
                           "disk_stall",
                           "disk_slow",
                           "disk_full",
                           "bit_rot",
                           "disk_read_error",
                           "torn_write",
                           "disk_write_error",
                           "lost_write",
                           "disk_sync_error",
                           "misdirected_write",
                           "wipe",
                           "restore",
                           "swap_disks"}) {
    EXPECT_GT(runs[kind], 1) << kind;
    EXPECT_LT(runs[kind], kSeeds) << kind;
  }
}

TEST(SwarmTest, AimedFaultsEndWithTheirRound) {
  const Scenario scenario = swarm_scenario();
  const SwarmOptions& swarm = *scenario.swarm;
  size_t aimed = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    for (const FaultOptions& f : draw_swarm(scenario, seed).faults) {
      if (!f.when) continue;
      ++aimed;
      const int64_t round = f.at.ns / swarm.round.ns;
      EXPECT_LE(*f.when->before + *f.duration, swarm.round * (round + 1) - swarm.calm);
    }
  }
  EXPECT_GT(aimed, 20u);
}

// The restart after read errors, which anyone may have: acknowledged writes outlast it.
bool ends_read_errors(const FaultOptions& crash, const Scenario& drawn) {
  return crash.crash && std::ranges::any_of(drawn.faults, [&](const FaultOptions& f) {
           return f.disk_read_error && f.disk_read_error->node == crash.crash->node &&
                  f.at + *f.duration == crash.at;
         });
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
        // One that waits for an event may come as late as it is allowed to.
        const Duration latest = f.when ? *f.when->before : f.at;
        if (f.at <= at.at && at.at < latest + *f.duration && !ends_read_errors(f, drawn)) {
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

TEST(SwarmTest, BudgetedReplacesDisksOnlyWhileTheOtherReplicasMissNothing) {
  const Scenario scenario = swarm_scenario({"cluster.nodes=9", "cluster.vnodes=1"});
  const SwarmOptions& swarm = *scenario.swarm;
  size_t checked = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const Scenario drawn = draw_swarm(scenario, seed);
    const ring::Ring ring = drawn_ring(drawn, seed);
    std::map<int64_t, std::set<uint32_t>> unsound;  // by round
    for (const FaultOptions& f : drawn.faults) {
      if (!is_unsound(f)) continue;
      const auto nodes = taken_away(f);
      unsound[f.at.ns / swarm.round.ns].insert(nodes.begin(), nodes.end());
      ++checked;
    }
    for (const auto& [round, nodes] : unsound) {
      for (const FaultOptions& f : drawn.faults) {
        EXPECT_FALSE(f.at.ns / swarm.round.ns == round && weakens(f)) << "seed " << seed;
      }
      for (const auto& owned : ring.ranges()) {
        EXPECT_LE(std::ranges::count_if(owned.replicas,
                                        [&](NodeId n) { return nodes.contains(n.value); }),
                  1)
            << "seed " << seed;
      }
    }
  }
  EXPECT_GT(checked, 50u);
}

TEST(SwarmTest, ARingIsDrawnOnlyWhereEveryNodeKeepsEverything) {
  const auto rings = [](std::vector<std::string> sets) {
    size_t count = 0;
    for (uint64_t seed = 1; seed <= 60; ++seed)
      count += entries(draw_swarm(swarm_scenario(sets), seed), "ring").size();
    return count;
  };
  EXPECT_EQ(rings({"cluster.nodes=5"}), 0u);
  EXPECT_GT(rings({"cluster.nodes=5", "cluster.replication_factor=5"}), 5u);
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
  const Scenario scenario =
      swarm_scenario({"swarm.mode=unbounded", "storage.gc_grace=1h", R"(checks=["no_thin_air"])"});
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
        swarm_scenario({R"(swarm.classes=["duplication", "clock_step", "power_loss"])"}), seed);
    std::vector<Json> duplications;
    for (const Json& fault : entries(all, "link")) {
      if (fault["link"]["duplication"] != 0.0) duplications.push_back(fault);
    }
    EXPECT_EQ(entries(less, "link"), duplications);
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
  const std::vector<std::string> unbounded{"swarm.mode=unbounded", "storage.gc_grace=1h"};
  EXPECT_NE(errors_of(text, unbounded).find("no_stale_reads"), std::string::npos);
  EXPECT_EQ(errors_of(text, {unbounded[0], unbounded[1], R"(swarm.classes=["crash"])"}), "");
  const auto gc = [&](const std::string& mode, const std::string& delay) {
    return errors_of(text, {"storage.tombstone_gc=" + mode, "storage.propagation_delay=" + delay,
                            "storage.gc_grace=1s"});
  };
  EXPECT_EQ(gc("repair", "5600ms"), "");
  EXPECT_EQ(gc("disabled", "0s"), "");
  EXPECT_NE(gc("repair", "5599ms").find("storage.propagation_delay"), std::string::npos);
  EXPECT_NE(gc("immediate", "1h").find("storage.tombstone_gc"), std::string::npos);
  EXPECT_NE(errors_of(text, {R"(swarm.classes=["crush"])"}).find("crash"), std::string::npos);
}

}  // namespace
}  // namespace revenant::sim
