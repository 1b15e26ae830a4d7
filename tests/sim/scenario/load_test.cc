#include "sim/scenario/load.h"

#include "tests/sim/scenario/fixture.h"

namespace revenant::sim {
namespace {

using replication::ConsistencyLevel;

TEST(Load, TheExampleOfTheDesignHasItsValues) {
  const Scenario s = must_parse(kExample);
  EXPECT_EQ(s.name, "lagging_replica");
  EXPECT_TRUE(s.question.starts_with("A replica misses a delete"));
  EXPECT_EQ(s.duration, days(12));
  EXPECT_EQ(s.cluster.nodes, 5);
  EXPECT_EQ(s.cluster.ring.replication_factor, ring::ReplicationFactor{});
  EXPECT_EQ(s.cluster.ring.vnodes, 16);
  EXPECT_EQ(s.storage.memtable_size, mib(1));
  EXPECT_EQ(s.storage.gc_grace, days(10));
  EXPECT_EQ(s.storage.wal.sync, lsm::WalSync::kAlways);
  EXPECT_EQ(s.storage.compaction.strategy, lsm::CompactionStrategy::kSizeTiered);
  EXPECT_EQ(s.storage.compaction.min_threshold, 4);
  EXPECT_EQ(s.replication.write, ConsistencyLevel{});
  EXPECT_EQ(s.replication.read_repair, replication::ReadRepair::kOff);
  ASSERT_TRUE(s.replication.hinted_handoff.has_value());
  EXPECT_EQ(s.replication.hinted_handoff->window, hours(3));
  EXPECT_FALSE(s.replication.repair.has_value());
  EXPECT_EQ(s.disk.profile, DiskProfile::kNvmeEnterprise);
  EXPECT_EQ(s.network.profile, NetworkProfile::kSameAz);
  EXPECT_EQ(s.preload.keys, 2000);
  EXPECT_EQ(s.preload.value_size, ByteSize{100});

  ASSERT_EQ(s.workload.size(), 2u);
  EXPECT_EQ(s.workload[0].name, "deletes");
  EXPECT_EQ(s.workload[0].from, hours(4));
  EXPECT_EQ(s.workload[0].to, hours(5));
  EXPECT_EQ(s.workload[0].rate, Rate{1});
  EXPECT_EQ(s.workload[0].mix.remove, 1);
  EXPECT_EQ(s.workload[0].mix.read, 0);
  EXPECT_EQ(s.workload[1].from, days(11));
  EXPECT_FALSE(s.workload[1].to.has_value());
  EXPECT_EQ(s.workload[1].rate, Rate{0.5});

  ASSERT_EQ(s.faults.size(), 1u);
  EXPECT_EQ(s.faults[0].at, minutes(30));
  EXPECT_EQ(s.faults[0].duration, days(5));
  ASSERT_TRUE(s.faults[0].crash.has_value());
  EXPECT_EQ(s.faults[0].crash->node, (NodeSet{.all = false, .nodes = {2}}));
  EXPECT_FALSE(s.faults[0].pause.has_value());

  ASSERT_EQ(s.operations.size(), 1u);
  EXPECT_EQ(s.operations[0].every, hours(12));
  EXPECT_EQ(s.operations[0].compact, (NodeSet{.all = true, .nodes = {}}));

  ASSERT_EQ(s.must_happen.size(), 2u);
  EXPECT_EQ(s.must_happen[0].metric, "keys_at_risk");
  EXPECT_EQ(s.must_happen[0].min, 20);
  EXPECT_FALSE(s.must_happen[0].max.has_value());
  EXPECT_EQ(s.must_happen[0].line, 18);
  ASSERT_EQ(s.expect.size(), 2u);
  EXPECT_EQ(s.expect[1].metric, "resurrected_keys");
  EXPECT_EQ(s.expect[1].max, 0);
  EXPECT_EQ(s.expect[1].line, 21);

  ASSERT_EQ(s.sweep.size(), 1u);
  EXPECT_EQ(s.sweep[0].first, "storage.gc_grace");
  EXPECT_EQ(s.sweep[0].second, (std::vector<nlohmann::json>{"1d", "10d", "20d"}));
  ASSERT_EQ(s.sweep_seeds.size(), 20u);
  EXPECT_EQ(s.sweep_seeds.front(), 1u);
  EXPECT_EQ(s.sweep_seeds.back(), 20u);
}

TEST(Load, WhatIsLeftOutKeepsItsDefault) {
  const Scenario s = must_parse(scenario_with(R"("preload": { "keys": 1 })"));
  EXPECT_EQ(to_json(s)["storage"], to_json(Scenario{})["storage"]);
  EXPECT_EQ(to_json(s)["replication"], to_json(Scenario{})["replication"]);
  EXPECT_EQ(s.sweep_seeds, std::vector<uint64_t>{1});
  EXPECT_TRUE(s.checks.empty());
}

TEST(Load, AProfileComesBeforeTheFieldsThatChangeIt) {
  DiskOptions hdd;
  hdd.profile = DiskProfile::kHdd7200;
  hdd.apply_profile();
  const Scenario s =
      must_parse(scenario_with(R"("disk": { "sync_latency": "1us", "profile": "hdd_7200" })"));
  EXPECT_EQ(s.disk.profile, DiskProfile::kHdd7200);
  EXPECT_EQ(s.disk.sync_latency, microseconds(1));
  EXPECT_EQ(s.disk.read_latency, hdd.read_latency);
}

TEST(Load, AnOptionalStructIsOffOrStartsFromItsDefaults) {
  Scenario s =
      must_parse(scenario_with(R"("replication": { "hinted_handoff": "off", "repair": {} })"));
  EXPECT_FALSE(s.replication.hinted_handoff.has_value());
  ASSERT_TRUE(s.replication.repair.has_value());
  EXPECT_EQ(s.replication.repair->every, days(7));
  s = must_parse(scenario_with(R"("replication": { "hinted_handoff": { "window": "1h" } })"));
  EXPECT_EQ(s.replication.hinted_handoff->window, hours(1));
  EXPECT_EQ(s.replication.hinted_handoff->replay_period, seconds(10));
}

TEST(Load, AssignmentsTakeTheFilesPlace) {
  const Scenario s = must_parse(
      kExample,
      {"storage.gc_grace=1d", "workload.readers.rate=2/s", "workload[0].to=6h", "faults[0].for=1h",
       "replication.repair.every=2d", "replication.hinted_handoff=off", "preload.keys=10",
       "cluster.clocks.offset_max=5ms", "disk.profile=hdd_7200", "question=Is it \"so\"?",
       "faults[0].crash.node=[4,0,4]", "storage.purge_guards.grace=false"});
  EXPECT_EQ(s.storage.gc_grace, days(1));
  EXPECT_EQ(s.workload[1].rate, Rate{2});
  EXPECT_EQ(s.workload[0].rate, Rate{1});
  EXPECT_EQ(s.workload[0].to, hours(6));
  EXPECT_EQ(s.faults[0].duration, hours(1));
  EXPECT_EQ(s.replication.repair->every, days(2));
  EXPECT_FALSE(s.replication.hinted_handoff.has_value());
  EXPECT_EQ(s.preload.keys, 10);
  EXPECT_EQ(s.cluster.clocks.offset_max, milliseconds(5));
  EXPECT_EQ(s.disk.profile, DiskProfile::kHdd7200);
  EXPECT_EQ(s.question, "Is it \"so\"?");
  EXPECT_EQ(s.faults[0].crash->node.nodes, (std::vector<uint32_t>{0, 4}));
  EXPECT_FALSE(s.storage.purge_guards.grace);
}

TEST(Load, LaterAssignmentsWin) {
  EXPECT_EQ(must_parse(kExample, {"preload.keys=10", "preload.keys=20"}).preload.keys, 20);
}

TEST(Load, OneSourceResolvesEveryPointOfASweep) {
  const auto source = Source::read(kExample, "s.json");
  ASSERT_TRUE(source.has_value());
  const auto base = resolve(*source, known());
  ASSERT_TRUE(base.has_value());
  std::vector<Duration> seen;
  for (const nlohmann::json& value : base->sweep[0].second) {
    const Assignment point{.path = base->sweep[0].first, .value = value, .origin = "sweep"};
    const auto scenario = resolve(*source, known(), {&point, 1});
    ASSERT_TRUE(scenario.has_value());
    seen.push_back(scenario->storage.gc_grace);
  }
  EXPECT_EQ(seen, (std::vector{days(1), days(10), days(20)}));
  EXPECT_EQ(resolve(*source, known())->storage.gc_grace, days(10));
}

TEST(Load, SweepsKeepTheFilesOrderAndPutValuesIntoNormalForm) {
  const Scenario s = must_parse(scenario_with(R"(
    "faults": [ { "name": "outage", "at": "1m", "pause": { "node": 0 } } ],
    "sweep": { "storage.gc_grace": [ "24h", "90m" ], "faults.outage.for": [ "60s", "2m" ],
               "replication.repair": [ "off", { "every": "1d" } ], "replication.read": [ 2, "ALL" ], "seed": [ 9, 3 ] })"));
  ASSERT_EQ(s.sweep.size(), 4u);
  EXPECT_EQ(s.sweep[0].second, (std::vector<nlohmann::json>{"1d", "90m"}));
  EXPECT_EQ(s.sweep[1].first, "faults.outage.for");
  EXPECT_EQ(s.sweep[1].second, (std::vector<nlohmann::json>{"1m", "2m"}));
  EXPECT_EQ(s.sweep[2].second[0], "off");
  EXPECT_EQ(s.sweep[2].second[1], nlohmann::json({{"every", "1d"}}));
  EXPECT_EQ(s.sweep[3].second, (std::vector<nlohmann::json>{2, "ALL"}));
  EXPECT_EQ(s.sweep_seeds, (std::vector<uint64_t>{9, 3}));
}

TEST(Load, EveryShippedScenarioParsesAndAsksAQuestion) {
  for (const std::string& name : kShipped) {
    const auto s = parse_scenario(shipped(name), name + ".json", known());
    ASSERT_TRUE(s.has_value()) << to_string(s.error());
    EXPECT_EQ(s->name, name);
    EXPECT_TRUE(s->question.ends_with('?')) << name;
    EXPECT_FALSE(s->must_happen.empty()) << name << ": a run must not pass for having done nothing";
  }
}

TEST(Load, EveryPointOfAShippedSweepResolves) {
  for (const std::string& name : kShipped) {
    const auto source = Source::read(shipped(name), name);
    const auto base = resolve(*source, known());
    ASSERT_TRUE(base.has_value());
    std::vector<std::vector<Assignment>> points = {{}};
    for (const auto& [path, values] : base->sweep) {
      std::vector<std::vector<Assignment>> longer;
      for (const auto& point : points) {
        for (const nlohmann::json& value : values) {
          longer.push_back(point);
          longer.back().push_back({.path = path, .value = value, .origin = "sweep"});
        }
      }
      points = std::move(longer);
    }
    for (const auto& point : points) {
      const auto scenario = resolve(*source, known(), point);
      EXPECT_TRUE(scenario.has_value()) << to_string(scenario.error());
    }
  }
}

TEST(Load, NodesAreDealtToPlacesAndPlacesStandForThem) {
  const Scenario s = must_parse(scenario_with(R"("cluster": { "nodes": 7, "replication_factor": 3,
      "placement": { "regions": 2, "zones": 2, "places": [ { "nodes": 6, "region": 4, "rack": 1 } ] } },
    "faults": [ { "at": "1m", "crash": { "node": "region 0" } }, { "at": "1m", "crash": { "node": "zone 1" } },
                { "at": "1m", "crash": { "node": "region 4 rack 1" } },
                { "at": "1m", "partition": { "from": "region 1 zone 0" } } ])"));
  EXPECT_EQ(s.faults[0].crash->node.nodes, (std::vector<uint32_t>{0, 2, 4}));
  EXPECT_EQ(s.faults[1].crash->node.nodes, (std::vector<uint32_t>{2, 3}));
  EXPECT_EQ(s.faults[2].crash->node.nodes, (std::vector<uint32_t>{6}));
  EXPECT_EQ(s.faults[3].partition->from.nodes, (std::vector<uint32_t>{1, 5}));
}

}  // namespace
}  // namespace revenant::sim
