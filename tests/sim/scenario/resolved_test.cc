#include "sim/scenario/resolved.h"

#include "sim/scenario/expectation.h"
#include "tests/sim/scenario/fixture.h"

namespace revenant::sim {
namespace {

// Every optional present, every kind of entry, and values other than the defaults.
constexpr const char* kFull = R"({
  "name": "full", "question": "?", "duration": "2h", "settle": "90s", "sample_every": "1m",
  "cluster": { "nodes": 7, "replication_factor": 5, "vnodes": 3,
               "placement": { "regions": 2, "zones": 2, "places": [ { "nodes": [ 0, 5 ], "region": 1, "rack": 7 } ] }, "clocks": { "offset_max": "3ms", "drift_ppm_max": 40, "step_every": "1h", "step_max": "1s", "ntp": { "poll": "16s" } },
               "cpu": { "cores": 2, "bandwidth": "unlimited" } },
  "storage": { "purge_guards": { "memtables": false }, "sstable": { "block_size": "8KiB", "compression_per_level": [ "none", "lz4" ] },
               "compaction": { "strategy": "leveled", "bucket_low": 0.25 } },
  "replication": { "write": "ALL", "read": 2, "read_repair": "async", "hinted_handoff": "off", "repair": { "every": "36h" } },
  "disk": { "profile": "hdd_7200", "sync_latency": "5ms", "write_bandwidth": "unlimited" },
  "network": { "profile": "inter_az", "delay": "uniform", "loss": "0.1%", "delay_added": "1us", "in_order": true,
               "port_bandwidth": "1GiB/s", "topology": { "inter_zone": { "profile": "ec2_az_b_c", "packet_loss": "1%" },
                 "region_links": [ { "from": 1, "to": 0, "one_way": true, "profile": "wan" } ] },
               "legs": [ { "leg": "read_response", "delay": "pareto_exponential", "delay_min": "1ms", "delay_body": 0.75,
                           "delay_shape": 3.5, "delay_tail_mean": "9ms" },
                         { "name": "w", "delay": "empirical", "delay_quantiles": { "min": "1ms", "p99.9": "2ms" } } ] },
  "preload": { "keys": 5 },
  "workload": [ { "name": "open", "from": "1s", "to": "2s", "rate": "7/m", "mix": { "read": 0.1, "scan": 2 },
                  "coordinators": [ 1, 2 ], "read": "ONE", "write": 3, "popularity": "latest" },
                { "name": "closed", "clients": 9, "think_time": "1ms", "mix": { "insert": 1 }, "retries": 2 } ],
  "faults": [ { "name": "a", "at": "1s", "for": "1m", "crash": { "node": "all" } },
              { "at": "2s", "power_loss": { "node": [ 0, 1 ] } },
              { "at": "3s", "pause": { "node": 6 } },
              { "at": "4s", "partition": { "from": 0, "one_way": true } },
              { "at": "4s", "for": "1m", "period": "10s", "duty": 0.25, "isolate": { "node": 1, "clients": true } },
              { "at": "4s", "period": "1s", "bridge": { "node": 3, "from": [ 0, 1 ] } },
              { "at": "4s", "ring": {} },
              { "at": "4s", "for": "1s", "slow_cpu": { "node": 1, "factor": 1.5 } },
              { "at": "4s", "for": "1s", "wipe": { "node": 1 } },
              { "at": "4s", "for": "1s", "restore": { "node": 1, "taken": "1s" } },
              { "at": "4s", "for": "1s", "swap_disks": { "node": [ 1, 2 ] } },
              { "at": "4s", "pause": { "node": "region 1 zone 0" } },
              { "at": "4s", "clog": { "from": 0, "to": 2, "one_way": true } },
              { "at": "5s", "lag": { "node": 1, "disk": "1ms" } },
              { "at": "6s", "link": { "from": "all", "to": 3, "loss": "50%" } },
              { "at": "7s", "clock": { "node": 2, "behind": "1s", "drift_ppm": -3 } },
              { "at": "8s", "disk_read_error": { "node": 1, "files": "wal", "from": "4KiB", "chance": "1%", "sticky": true } },
              { "at": "8s", "bit_rot": { "node": "all", "to": "1MiB", "bits": 7 } },
              { "at": "8s", "disk_full": { "node": 0, "free": "1MiB", "shrinks": "4KiB/s" } },
              { "at": "8s", "period": "1s", "disk_slow": { "node": 0, "factor": 2.5, "delay": "250us", "multiples": 12 } } ],
  "operations": [ { "at": "1h", "flush": "all" }, { "name": "r", "every": "30m", "repair": [ 0, 3 ] } ],
  "checks": [ "convergence" ],
  "must_happen": { "operations_ok": { "min": 1 } },
  "expect": { "stale_reads": [ { "min": 0.5, "max": 7 }, { "max": 1e9, "when": { "replication.read": [ 2, "ONE" ] } } ] },
  "sweep": { "faults.a.for": [ "30s", "60s" ], "disk.sync_latency": [ "1ms" ], "seed": [ 5, 18446744073709551615 ] }
})";

TEST(Resolved, PrintedAndParsedItIsTheSameScenario) {
  std::vector<std::string> texts = {kExample, kFull, scenario_with(R"("settle": "1s")")};
  for (const std::string& name : kShipped) texts.push_back(shipped(name));
  for (const std::string& text : texts) {
    const Json printed = to_json(must_parse(text));
    const Json again = to_json(must_parse(printed.dump(2)));
    EXPECT_EQ(printed.dump(1), again.dump(1));
  }
}

TEST(Resolved, PrintsWhatWasSet) {
  const Json printed = to_json(must_parse(kFull));
  const auto at = [&](const char* path) {
    const Json* value = find_value(printed, path);
    return value ? value->dump() : "-";
  };
  EXPECT_EQ(at("settle"), R"("90s")");
  EXPECT_EQ(at("storage.sstable.compression_per_level"), R"(["none","lz4"])");
  EXPECT_EQ(at("replication.repair.every"), R"("36h")");
  EXPECT_EQ(at("replication.hinted_handoff"), R"("off")");
  EXPECT_EQ(at("disk.write_bandwidth"), R"("unlimited")");
  EXPECT_EQ(at("network.loss"), "0.001");
  EXPECT_EQ(at("workload.open.coordinators"), "[1,2]");
  EXPECT_EQ(at("workload.closed.rate"), "-") << "absent inside a list";
  EXPECT_EQ(at("faults.a.crash.node"), R"("all")");
  EXPECT_EQ(at("faults[3].partition.to"), "-");
  EXPECT_EQ(at("faults[14].link.loss"), "0.5");
  EXPECT_EQ(at("storage.purge_guards.memtables"), "false");
  EXPECT_EQ(printed["sweep"]["seed"].dump(), "[5,18446744073709551615]");
}

// `when` of the only expectation against a scenario with these assignments.
bool when_holds(const std::string& when, const std::vector<std::string>& sets) {
  const std::string text =
      scenario_with(R"("faults": [ { "name": "f", "at": "1m", "pause": { "node": 1 } } ],
    "expect": { "stale_reads": { "max": 0, "when": { )" +
                    when + " } } }");
  return applies(must_parse(text).expect.at(0), to_json(must_parse(text, sets)));
}

TEST(Expectation, AppliesWhereTheValuesAreEqualInNormalForm) {
  EXPECT_TRUE(when_holds("", {}));
  EXPECT_TRUE(when_holds(R"("storage.gc_grace": "24h")", {"storage.gc_grace=1d"}));
  EXPECT_TRUE(when_holds(R"("storage.gc_grace": ["1d", "240h"])", {}));
  EXPECT_FALSE(when_holds(R"("storage.gc_grace": ["1d", "2d"])", {}));
  EXPECT_TRUE(when_holds(R"("replication.read": "2")", {"replication.read=2"}));
  EXPECT_FALSE(when_holds(R"("replication.read": 2)", {"replication.read=QUORUM"}));
  EXPECT_TRUE(when_holds(R"("network.loss": "10%")", {"network.loss=0.1"}));
  EXPECT_TRUE(
      when_holds(R"("storage.compaction.bucket_low": 1)", {"storage.compaction.bucket_low=1.0"}));
  EXPECT_TRUE(when_holds(R"("replication.repair": "off")", {}));
  EXPECT_FALSE(when_holds(R"("replication.repair": "off")", {"replication.repair.every=1d"}));
  EXPECT_TRUE(when_holds(R"("replication.repair.every": "24h")", {"replication.repair.every=1d"}));
  EXPECT_FALSE(when_holds(R"("replication.repair.every": "7d")", {})) << "repair is off";
  EXPECT_TRUE(when_holds(R"("faults.f.for": "1m")", {"faults[0].for=60s"}));
  EXPECT_TRUE(when_holds(R"("faults[0].pause.node": [[1, 1]])", {}));
}

TEST(Expectation, NeedsAllOfItsConditions) {
  const std::string both = R"("replication.read": ["ONE", "ALL"], "replication.write": "ALL")";
  EXPECT_TRUE(when_holds(both, {"replication.read=ONE", "replication.write=ALL"}));
  EXPECT_FALSE(when_holds(both, {"replication.read=ONE"}));
  EXPECT_FALSE(when_holds(both, {"replication.write=ALL"}));
}

}  // namespace
}  // namespace revenant::sim
