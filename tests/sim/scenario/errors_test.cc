// Every kind of mistake is told with its line, its path and the nearest valid name. Texts are
// exact: they are what a user sees.
#include "tests/sim/scenario/fixture.h"

namespace revenant::sim {
namespace {

struct Mistake {
  const char* fields;    // from line 2 of the scenario on
  const char* expected;  // after "s.json:", without the last line break
};

void expect_mistakes(const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    EXPECT_EQ(errors_of(scenario_with(mistake.fields)),
              "s.json:" + std::string(mistake.expected) + "\n");
  }
}

TEST(Errors, UnknownKeysNameTheNearest) {
  expect_mistakes({
      {R"("storage": { "gc_grase": "1d" })",
       R"(2: storage.gc_grase: unknown key "gc_grase" (did you mean "gc_grace"?))"},
      {R"("storage": { "wal": { "Sync": "always" } })",
       R"(2: storage.wal.Sync: unknown key "Sync" (did you mean "sync"?))"},
      {R"("gc_grace": "1d")",
       R"(2: gc_grace: unknown key "gc_grace" (did you mean "storage.gc_grace"?))"},
      {R"("sotrage": {})", R"(2: sotrage: unknown key "sotrage" (did you mean "storage"?))"},
      {R"("cluster": {
            "nodes": 3,
            "racks": 2 })",
       R"(4: cluster.racks: unknown key "racks" (did you mean "cluster.placement.racks"?))"},
      {R"("workload": [ { "name": "w", "mix": { "read": 1 }, "keys": 1, "insert": 1 }, { "name": "v", "mix": { "insert": 1 } } ])",
       R"(2: workload[0].insert: unknown key "insert" (did you mean "workload[…].mix.insert"?))"},
      {R"("expects": {})", R"(2: expects: unknown key "expects" (did you mean "expect"?))"},
  });
}

TEST(Errors, WrongValuesSayWhatIsExpectedWithAnExample) {
  expect_mistakes({
      {R"("settle": 5)", R"(2: settle: expected a duration such as "250ms" or "10d", found 5)"},
      {R"("settle": "5 days")",
       R"(2: settle: expected a duration such as "250ms" or "10d", found "5 days": unknown unit; units are ns, us, ms, s, m, h, d)"},
      {R"("settle": "5")",
       R"(2: settle: expected a duration such as "250ms" or "10d", found "5": no unit; units are ns, us, ms, s, m, h, d)"},
      {R"("settle": "-5s")",
       R"(2: settle: expected a duration such as "250ms" or "10d", found "-5s")"},
      {R"("settle": "0.3ns")",
       R"(2: settle: expected a duration such as "250ms" or "10d", found "0.3ns": not a whole number of ns)"},
      {R"("settle": "1000000d")",
       R"(2: settle: expected a duration such as "250ms" or "10d", found "1000000d": too large)"},
      {R"("cluster": { "nodes": "3" })",
       R"(2: cluster.nodes: expected a whole number such as 3, found "3")"},
      {R"("cluster": { "nodes": 3.0 })",
       R"(2: cluster.nodes: expected a whole number such as 3, found 3.0)"},
      {R"("cluster": { "nodes": 0 })", R"(2: cluster.nodes: must be from 1 to 1000, found 0)"},
      {R"("storage": { "memtable_size": "64MB" })",
       R"(2: storage.memtable_size: expected a size such as "64MiB" or "100B", found "64MB": unknown unit; units are B, KiB, MiB, GiB, TiB (did you mean "64MiB"?))"},
      {R"("storage": { "memtable_size": "10B" })",
       R"(2: storage.memtable_size: must be at least "1KiB", found "10B")"},
      {R"("storage": { "purge_guards": { "grace": "no" } })",
       R"(2: storage.purge_guards.grace: expected true or false, found "no")"},
      {R"("storage": { "compaction": { "bucket_low": "half" } })",
       R"(2: storage.compaction.bucket_low: expected a number such as 0.5, found "half")"},
      {R"("storage": { "compaction": { "strategy": "leveld" } })",
       R"(2: storage.compaction.strategy: expected "size_tiered", "leveled", "universal", "lazy_leveling", "time_window", "unified", "incremental" or "none", found "leveld" (did you mean "leveled"?))"},
      {R"("storage": { "sstable": { "compression_per_level": "lz4" } })",
       R"(2: storage.sstable.compression_per_level: expected a list [ … ], found "lz4")"},
      {R"("storage": { "sstable": { "compression_per_level": [
            "none",
            "zip" ] } })",
       R"(4: storage.sstable.compression_per_level[1]: expected "none", "lz4" or "zstd", found "zip")"},
      {R"("replication": { "write": "quorum" })",
       R"(2: replication.write: expected "ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM", "ANY" or a number such as 2, found "quorum" (did you mean "QUORUM"?))"},
      {R"("replication": { "write": 0 })",
       R"(2: replication.write: expected "ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM", "ANY" or a number such as 2, found 0)"},
      {R"("replication": { "repair": true })",
       R"(2: replication.repair: expected an object { … } or "off", found true)"},
      {R"("replication": { "hinted_handoff": { "throttle": "5" } })",
       R"(2: replication.hinted_handoff.throttle: expected a bandwidth such as "200MiB/s" or "unlimited", found "5")"},
      {R"("network": { "loss": 1.5 })",
       R"(2: network.loss: expected a probability such as 0.01 or "1%", found 1.5: must be from 0 to 1)"},
      {R"("network": { "loss": "150%" })", R"(2: network.loss: must be at most 1.0, found "150%")"},
      {R"("network": { "loss": 1e-12 })",
       R"(2: network.loss: expected a probability such as 0.01 or "1%", found 1e-12: finer than one in a billion)"},
      {R"("cluster": 5)", R"(2: cluster: expected an object { … }, found 5)"},
      {R"("workload": {})", R"(2: workload: expected a list [ … ], found {})"},
      {R"("preload": { "keys": 1 }, "workload": [ { "name": "w", "rate": "2/d", "mix": { "read": 1 } } ])",
       R"(2: workload[0].rate: expected a rate such as "200/s", "6/m" or "1/h", found "2/d": unknown unit; units are /s, /m, /h)"},
      {R"("faults": [ { "at": "1m", "crash": { "node": "two" } } ])",
       R"(2: faults[0].crash.node: expected nodes such as 2, [0, 2], "zone 1" or "all", found "two")"},
      {R"("faults": [ { "at": "1m", "crash": { "node": [] } } ])",
       R"(2: faults[0].crash.node: expected nodes such as 2, [0, 2], "zone 1" or "all", found []: names no node)"},
      {R"("disk": { "profile": "ssd" })",
       R"(2: disk.profile: expected "ideal", "nvme_enterprise", "nvme_consumer", "optane", "sata_ssd", "hdd_7200", "ebs_gp2" or "ebs_gp3", found "ssd" (did you mean "sata_ssd"?))"},
      {R"("disk": { "profile": "nvme" })",
       R"(2: disk.profile: expected "ideal", "nvme_enterprise", "nvme_consumer", "optane", "sata_ssd", "hdd_7200", "ebs_gp2" or "ebs_gp3", found "nvme" (did you mean "nvme_enterprise"?))"},
      {R"("checks": "all")", R"(2: checks: expected a list [ … ], found "all")"},
      {R"("checks": [ "convergance" ])",
       R"(2: checks[0]: unknown check "convergance" (did you mean "convergence"?))"},
      {R"("checks": [ "convergence", "convergence" ])",
       R"(2: checks[1]: "convergence" stands twice)"},
  });
}

TEST(Errors, ExpectationsAreChecked) {
  expect_mistakes({
      {R"("expect": { "stale_read": { "max": 0 } })",
       R"(2: expect.stale_read: unknown metric "stale_read" (did you mean "stale_reads"?))"},
      {R"("expect": { "stale_reads": 0 })",
       R"(2: expect.stale_reads: expected bounds such as { "min": 1 }, found 0)"},
      {R"("expect": { "stale_reads": { "when": {} } })",
       R"(2: expect.stale_reads: bounds nothing: expected "min", "max" or both)"},
      {R"("expect": { "stale_reads": [] })",
       R"(2: expect.stale_reads: bounds nothing: expected { "min": …, "max": … })"},
      {R"("expect": { "stale_reads": { "min": 2, "max": 1 } })",
       R"(2: expect.stale_reads: no value is both at least 2 and at most 1)"},
      {R"("expect": { "stale_reads": [ { "max": 0 },
                                       { "most": 0, "min": 0 } ] })",
       R"(3: expect.stale_reads[1].most: unknown key "most")"},
      {R"("must_happen": { "stale_reads": { "min": 1, "when": { "storage.gc_grase": "1d" } } })",
       R"(2: must_happen.stale_reads.when.storage.gc_grase: no such setting: "gc_grase" (did you mean "gc_grace"?))"},
      {R"("must_happen": { "stale_reads": { "min": 1, "when": { "storage.gc_grace": [ "1d", 5 ] } } })",
       R"(2: must_happen.stale_reads.when.storage.gc_grace: expected a duration such as "250ms" or "10d", found 5)"},
      {R"("must_happen": { "stale_reads": { "min": 1, "when": { "workload.readers.rate": "1/s" } } })",
       R"(2: must_happen.stale_reads.when.workload.readers.rate: no such element: "readers" of 0)"},
      {R"("must_happen": { "stale_reads": { "min": 1, "when": { "storage.gc_grace.days": "1d" } } })",
       R"(2: must_happen.stale_reads.when.storage.gc_grace.days: has no settings inside, so no "days")"},
      {R"("must_happen": { "stale_reads": { "min": 1, "when": { "storage.gc_grace": [] } } })",
       R"(2: must_happen.stale_reads.when.storage.gc_grace: lists no value, so it can never hold)"},
      {R"("must_happen": [])",
       R"(2: must_happen: expected metrics and bounds such as { "stale_reads": { "max": 0 } }, found [])"},
  });
}

TEST(Errors, SweepsAreChecked) {
  expect_mistakes({
      {R"("sweep": { "storage.gc_grase": [ "1d", "2d" ] })",
       R"(2: sweep.storage.gc_grase: no such setting: "gc_grase" (did you mean "gc_grace"?))"},
      {R"("sweep": { "storage.gc_grace": [ "1d",
             "2" ] })",
       R"(3: sweep.storage.gc_grace[1]: expected a duration such as "250ms" or "10d", found "2": no unit; units are ns, us, ms, s, m, h, d)"},
      {R"("sweep": { "cluster.nodes": [ 3, 0 ] })",
       R"(2: sweep.cluster.nodes[1]: must be from 1 to 1000, found 0)"},
      {R"("sweep": { "cluster.nodes": 3 })",
       R"(2: sweep.cluster.nodes: expected a list of values such as ["1d", "10d"], found 3)"},
      {R"("sweep": { "storage.gc_grace": [ "1d", "24h" ] })",
       R"(2: sweep.storage.gc_grace[1]: "24h" stands twice)"},
      {R"("sweep": { "seed": "1-20" })",
       R"(2: sweep.seed: expected seeds such as "1..20", [1, 5, 9] or 7, found "1-20")"},
      {R"("sweep": { "seed": "20..1" })",
       R"(2: sweep.seed: "20..1" is empty: the first is above the last)"},
      {R"("sweep": { "seed": [ 1, 2, 1 ] })", R"(2: sweep.seed: seed 1 stands twice)"},
      {R"("sweep": { "seed": "0..99999999999" })",
       R"(2: sweep.seed: "0..99999999999" is more than 10000000 seeds)"},
      {R"("sweep": { "[0]": [ 1 ] })",
       R"(2: sweep.[0]: not a path such as storage.gc_grace or workload.readers.rate)"},
  });
}

TEST(Errors, SettingsMustFitTogether) {
  expect_mistakes({
      {R"("cluster": { "nodes": 3,
             "replication_factor": 5 })",
       "3: cluster.replication_factor: 5 replicas need as many nodes: cluster.nodes is 3"},
      {R"("cluster": { "nodes": 5 }, "faults": [ { "at": "1m", "crash": { "node": 7 } } ])",
       "2: faults[0].crash.node: unknown node 7: cluster.nodes is 5, the last is 4"},
      {R"("operations": [ { "at": "1m", "repair": [ 0, 3 ] } ])",
       "2: operations[0].repair: unknown node 3: cluster.nodes is 3, the last is 2"},
      {R"("workload": [ { "name": "w", "mix": { "insert": 1 }, "coordinators": 3 } ])",
       "2: workload[0].coordinators: unknown node 3: cluster.nodes is 3, the last is 2"},
      {R"("replication": { "read": 4 })",
       "2: replication.read: 4 replicas cannot answer: cluster.replication_factor is 3"},
      {R"("workload": [ { "name": "w", "mix": { "insert": 1 }, "write": 4 } ])",
       "2: workload[0].write: 4 replicas cannot answer: cluster.replication_factor is 3"},
      {R"("cluster": { "replication_factor": 2 }, "replication": { "write": "THREE" })",
       "2: replication.write: 3 replicas cannot answer: cluster.replication_factor is 2"},
      {R"("replication": { "read": "ANY" })",
       "2: replication.read: ANY is a level of writes: a hint cannot be read; ONE asks least"},
      {R"("replication": { "write": "ANY", "hinted_handoff": "off" })",
       "2: replication.write: ANY needs hints, and replication.hinted_handoff is off: ONE is the "
       "same then"},
      {R"("replication": { "sloppy_quorum": true, "pr": 4 })",
       "2: replication.pr: 4 replicas cannot answer: cluster.replication_factor is 3"},
      {R"("replication": { "sloppy_quorum": true, "write": "EACH_QUORUM" })",
       "2: replication.write: EACH_QUORUM has no meaning with replication.sloppy_quorum: it counts "
       "nodes wherever they stand; take QUORUM, ALL or a number"},
      {R"("replication": { "sloppy_quorum": true, "write": "ANY" })",
       "2: replication.write: ANY has no meaning with replication.sloppy_quorum: a node that "
       "stands "
       "in counts; ONE asks as little"},
      {R"("cluster": { "replication_factor": { "region 0": 3 } }, "replication": { "sloppy_quorum": true })",
       "2: replication.sloppy_quorum: nodes stand in for others wherever they stand: "
       "cluster.replication_factor must be a number"},
      {R"("cluster": { "replication_factor": { "region 0": 3 } }, "replication": { "pw": 2 })",
       "2: replication.pr: pr and pw count replicas wherever they stand: "
       "cluster.replication_factor must be a number"},
      {R"("replication": { "sloppy_quorum": true }, "operations": [ { "at": "1m", "move": 1 } ])",
       "2: operations[0]: a range that moves is sent by the replica that gives it away, and with "
       "replication.sloppy_quorum others may hold what it acknowledged"},
      {R"("replication": { "timestamps": "hlc" }, "defects": [ "coordinator_stamps_writes" ])",
       "2: defects: coordinator_stamps_writes is none where replication.timestamps is hlc"},
      {R"("cluster": { "nodes": 4, "placement": { "regions": 2 },
             "replication_factor": { "region 0": 2, "region 1": 3 } })",
       "3: cluster.replication_factor: 3 replicas in region 1 need as many nodes: 2 stand there "
       "(cluster.placement)"},
      {R"("faults": [ { "at": "1m" } ])",
       "2: faults[0]: does nothing: expected one of crash, power_loss, pause, partition, isolate, "
       "bridge, ring, clog, lag, link, clock, disk_read_error, disk_write_error, disk_sync_error, "
       "bit_rot, torn_write, lost_write, misdirected_write, disk_full, disk_stall, disk_slow, "
       "slow_cpu, wipe, restore, swap_disks"},
      {R"("cluster": { "nodes": 3, "placement": { "zones": 3 } }, "faults": [ { "at": "1m", "crash": { "node": "zone 3" } } ])",
       "2: faults[0].crash.node: no node stands there (cluster.placement)"},
      {R"("cluster": { "nodes": 3, "placement": { "places": [ { "nodes": [0, 1] }, { "nodes": 1 } ] } })",
       "2: cluster.placement.places[1].nodes: node 1 stands in two places"},
      {R"("network": { "topology": { "region_links": [ { "from": 2, "to": 2 } ] } })",
       "2: network: topology.region_links[0]: from and to are one region, 2"},
      {R"("network": { "legs": [ { "leg": "read_request" }, { "leg": "read_request" } ] })",
       "2: network: leg \"read_request\" stands twice"},
      {R"("faults": [ { "at": "1m", "slow_cpu": { "node": 0 } } ])",
       "2: faults[0].slow_cpu: slows nothing: work takes no time, set cluster.cpu"},
      {R"("faults": [ { "at": "1m", "restore": { "node": 0, "taken": "2m" } } ])",
       "2: faults[0].restore.taken: 2m is after it is restored, at 1m"},
      {R"("faults": [ { "at": "1m", "swap_disks": { "node": 0 } } ])",
       "2: faults[0].swap_disks.node: expected two nodes such as [0, 2]"},
      {R"("cluster": { "clocks": { "step_max": "1s" } })",
       "2: cluster.clocks: step_every and step_max belong together: set both, or neither"},
      {R"("faults": [ { "at": "1m", "duty": 0.5, "crash": { "node": 0 } } ])",
       "2: faults[0].duty: belongs to a fault that flaps: give a period"},
      {R"("faults": [ { "at": "1m", "for": "1s", "period": "2s", "crash": { "node": 0 } } ])",
       "2: faults[0].period: 2s is not shorter than \"for\": it would not flap"},
      {R"("cluster": { "nodes": 3 }, "faults": [ { "at": "1m", "ring": {} } ])",
       "2: faults[0].ring.node: a ring needs 4 nodes: of fewer all are neighbours"},
      {R"("cluster": { "nodes": 3 }, "faults": [ { "at": "1m", "bridge": { "node": [ 0, 1 ] } } ])",
       "2: faults[0].bridge: leaves no node for one of the sides"},
      {R"("faults": [ { "at": "1m", "crash": { "node": 0 }, "pause": { "node": 1 } } ])",
       "2: faults[0]: crash and pause at once: give each fault an entry of its own"},
      {R"("faults": [ { "at": "2h", "crash": { "node": 0 } } ])",
       "2: faults[0].at: 2h is after the run's end at 1h"},
      {R"("faults": [ { "at": "1m", "for": "0s", "crash": { "node": 0 } } ])",
       "2: faults[0].for: must be longer than 0s"},
      {R"("faults": [ { "at": "1m", "crash": {} } ])",
       R"(2: faults[0].crash.node: missing: expected nodes such as 2, [0, 2], "zone 1" or "all")"},
      {R"("faults": [ { "at": "1m", "lag": { "node": 0 } } ])",
       "2: faults[0].lag: delays nothing: set messages or disk"},
      {R"("faults": [ { "at": "1m", "clock": { "node": 0 } } ])",
       "2: faults[0].clock: changes nothing: set ahead, behind or drift_ppm"},
      {R"("faults": [ { "at": "1m", "clock": { "node": 0, "ahead": "1s", "behind": "1s" } } ])",
       "2: faults[0].clock: ahead and behind at once: leave one out"},
      {R"("faults": [ { "at": "1m", "disk_slow": { "node": 0 } } ])",
       "2: faults[0].disk_slow: slows nothing: set factor, delay or jitter"},
      {R"("faults": [ { "at": "1m", "disk_slow": { "node": 0, "factor": 2, "multiples": 3 } } ])",
       "2: faults[0].disk_slow.multiples: of no delay: set delay"},
      {R"("faults": [ { "at": "1m", "lost_write": { "node": 0, "chance": 0 } } ])",
       "2: faults[0].lost_write.chance: strikes nothing: expected a chance above 0"},
      {R"("faults": [ { "at": "1m", "bit_rot": { "node": 0, "from": "8KiB", "to": "4KiB" } } ])",
       "2: faults[0].bit_rot.to: 4KiB is not after from, which is 8KiB"},
      {R"("faults": [ { "at": "1m", "partition": { "from": [ 0, 1 ], "to": [ 1, 2 ] } } ])",
       "2: faults[0].partition: node 1 stands on both sides"},
      {R"("faults": [ { "at": "1m", "partition": { "from": "all" } } ])",
       "2: faults[0].partition.from: is every node, so there is no other side"},
      {R"("operations": [ { "repair": "all" } ])",
       R"(2: operations[0]: neither "at" nor "every": expected exactly one)"},
      {R"("operations": [ { "at": "1m" } ])",
       "2: operations[0]: does nothing: expected one of flush, compact, repair, preview, truncate, "
       "bootstrap, decommission, replace, move, abort, cleanup, alter"},
      {R"("operations": [ { "at": "1m", "bootstrap": [ 1, 2 ] } ])",
       "2: operations[0].bootstrap: expected the number of one node: one changes at a time"},
      {R"("operations": [ { "at": "1m", "replace": { "dead": 1, "node": 1 } } ])",
       "2: operations[0].replace: a node cannot replace itself"},
      {R"("cluster": { "nodes": 3, "spares": 3, "replication_factor": 1 })",
       "2: cluster.spares: 3 leave no member: cluster.nodes is 3"},
      {R"("cluster": { "nodes": 4, "spares": 2 })",
       "2: cluster.replication_factor: 3 replicas need as many nodes: cluster.nodes is 4, spares "
       "2"},
      {R"("operations": [ { "every": "2h", "repair": "all" } ])",
       "2: operations[0].every: 2h is longer than the run, 1h: it would never happen"},
      {R"("workload": [ { "name": "w", "mix": { "insert": 1 }, "from": "30m", "to": "20m" } ])",
       "2: workload[0].from: 30m is not before its end at 20m"},
      {R"("workload": [ { "name": "w", "mix": { "insert": 1 }, "to": "2h" } ])",
       "2: workload[0].to: 2h is after the run's end at 1h"},
      {R"("workload": [ { "name": "w" } ])",
       R"(2: workload[0].mix: does nothing: expected a weight above 0 such as { "read": 0.5, "update": 0.5 })"},
      {R"("preload": { "keys": 9 }, "workload": [ { "name": "w", "sequence": ["update", "read"], "mix": { "read": 1 } } ])",
       "2: workload[0].mix: belongs to a workload without a sequence"},
      {R"("preload": { "keys": 9 }, "workload": [ { "name": "w", "sequence": ["update", "raed"] } ])",
       R"(2: workload[0].sequence[1]: expected "read", "insert", "update", "delete" or "scan", found "raed" (did you mean "read"?))"},
      {R"("workload": [ { "name": "w", "sequence": ["update", "read"] } ])",
       "2: workload[0].sequence: there are no keys to choose from: set preload.keys"},
      {R"("workload": [ { "name": "w", "mix": { "insert": 1 } }, { "name": "w", "mix": { "insert": 1 } } ])",
       R"(2: workload[1].name: "w" stands twice in workload)"},
      {R"("workload": [ { "name": "my load", "mix": { "insert": 1 } } ])",
       R"(2: workload[0].name: expected a name of letters, digits and _ such as "readers", found "my load")"},
      {R"("workload": [ { "name": "w", "mix": { "read": 1 } } ])",
       "2: workload[0].mix: reads or deletes, but there are never any keys: set preload.keys, or "
       "insert some"},
      {R"("workload": [ { "name": "w", "mix": { "update": 1 } } ])",
       "2: workload[0].mix: updates, but there are no keys to choose from: set preload.keys or its "
       "keys, or insert some"},
      {R"("workload": [ { "name": "w", "mix": { "insert": 1 }, "rate": "0/s" } ])",
       "2: workload[0].rate: must be above 0"},
      {R"("network": { "profile": "ideal" }, "workload": [ { "name": "w", "mix": { "insert": 1 } } ])",
       "2: workload[0].think_time: a closed loop over a network without delay never lets time "
       "pass: give a think_time, a rate or operations_max"},
      {R"("workload": [ { "name": "w", "mix": { "insert": 1 }, "rate": "1/s", "think_time": "1s" } ])",
       "2: workload[0].think_time: belongs to a closed loop, which has no rate: leave one of the "
       "two out"},
      {R"("workload": [ { "name": "w", "mix": { "insert": 1 }, "popularity": "zipf", "zipf_theta": 1 } ])",
       "2: workload[0].zipf_theta: must not be exactly 1: take 0.99 or 1.01"},
      {R"("storage": { "compaction": { "min_threshold": 9, "max_threshold": 8 } })",
       "2: storage.compaction.min_threshold: 9 is above max_threshold, which is 8"},
      {R"("storage": { "level0_slowdown_writes_trigger": 99 })",
       "2: storage.level0_slowdown_writes_trigger: 99 is above level0_stop_writes_trigger, which "
       "is 36"},
      {R"("network": { "delay_min": "5ms", "delay_mean": "1ms" })",
       "2: network: delay_mean (1ms) is below delay_min (5ms)"},
      {R"("disk": { "page_cache": "1MiB", "dirty_max": "2MiB" })",
       "2: disk.dirty_max: 2MiB is above page_cache, which is 1MiB"},
      {R"("replication": { "heartbeat": "9s", "failure_detection": "8s" })",
       "2: replication.failure_detection: 8s is not above heartbeat, which is 9s: every replica "
       "would be taken for down"},
  });
}

TEST(Errors, AllAreCollectedInTheOrderOfLines) {
  EXPECT_EQ(
      errors_of(R"({
  "cluster": { "nodes": 0, "wheels": 4 },
  "duration": "soon",
  "storage": { "gc_grace": 1 },
  "expect": { "x": {} }
})"),
      "s.json:1: name: missing: every scenario has one\n"
      "s.json:2: cluster.nodes: must be from 1 to 1000, found 0\n"
      "s.json:2: cluster.wheels: unknown key \"wheels\"\n"
      "s.json:3: duration: expected a duration such as \"250ms\" or \"10d\", found \"soon\"\n"
      "s.json:4: storage.gc_grace: expected a duration such as \"250ms\" or \"10d\", found 1\n"
      "s.json:5: expect.x: unknown metric \"x\"\n");
}

TEST(Errors, WhatIsNotJsonSaysWhere) {
  EXPECT_EQ(errors_of("{ \"name\": \"s\",\n  \"duration\" \"1h\" }"),
            "s.json:2: not JSON: column 17: syntax error while parsing object separator - "
            "unexpected string literal; expected ':'\n");
  EXPECT_EQ(errors_of("[]"), "s.json:1: expected an object { … }, found []\n");
  EXPECT_TRUE(errors_of("").starts_with("s.json:1: not JSON: column 1: "));
  EXPECT_EQ(errors_of("{ \"name\": \"a\",\n \"name\": \"b\" }"),
            "s.json:2: name: stands twice, first on line 1\n");
  EXPECT_TRUE(errors_of("{ /* no end\n }").starts_with("s.json:")) << errors_of("{ /* no end\n }");
}

TEST(Errors, ThoseOfAnAssignmentPointToIt) {
  EXPECT_EQ(errors_of(kExample, {"storage.gc_grase=1d"}),
            "--set: storage.gc_grase: unknown key \"gc_grase\" (did you mean \"gc_grace\"?)\n");
  EXPECT_EQ(errors_of(kExample, {"storage.gc_grace=soon"}),
            "--set: storage.gc_grace: expected a duration such as \"250ms\" or \"10d\", found "
            "\"soon\"\n");
  EXPECT_EQ(errors_of(kExample, {"workload.reader.rate=1/s"}),
            "--set: workload.reader.rate: no element of workload is named \"reader\" (did you mean "
            "\"readers\"?)\n");
  EXPECT_EQ(errors_of(kExample, {"workload[2].rate=1/s"}),
            "--set: workload[2].rate: workload has 2 elements, numbered from 0\n");
  EXPECT_EQ(
      errors_of(kExample, {"storage.gc_grace.x=1"}),
      "--set: storage.gc_grace.x: storage.gc_grace is \"10d\", which has no settings inside\n");
  EXPECT_EQ(errors_of(kExample, {"storage[0]=1"}), "--set: storage[0]: storage is not a list\n");
  EXPECT_EQ(errors_of(kExample, {"a..b=1"}),
            "--set: a..b: not a path such as storage.gc_grace or workload[0].rate\n");
  EXPECT_EQ(
      errors_of(kExample, {"cluster.nodes=2"}),
      "s.json:6: cluster.replication_factor: 3 replicas need as many nodes: cluster.nodes is 2\n"
      "s.json:16: faults[0].crash.node: unknown node 2: cluster.nodes is 2, the last is 1\n");
  EXPECT_EQ(to_string(parse_assignment("storage.gc_grace").error()),
            "--set: expected PATH=VALUE such as storage.gc_grace=1d, found \"storage.gc_grace\"");
}

TEST(Errors, AimedFaultsThatCannotBe) {
  const auto fault = [](const std::string& entry) { return "\"faults\": [ { " + entry + " } ]"; };
  const auto tell = [&](const std::string& entry) {
    return errors_of(scenario_with(fault(entry).c_str()));
  };
  EXPECT_EQ(tell(R"("when": { "event": "flush_ens" }, "crash": { "node": 1 })").substr(0, 40),
            "s.json:2: faults[0].when.event: expected");
  EXPECT_NE(tell(R"("when": { "event": "flush_ens" }, "crash": { "node": 1 })")
                .find("did you mean \"flush_ends\"?"),
            std::string::npos);
  EXPECT_NE(tell(R"("when": { "nth": 2 }, "crash": { "node": 1 })")
                .find("faults[0].when.event: missing: expected an event"),
            std::string::npos);
  EXPECT_EQ(tell(R"("crash": { "node": "most_pending_hint" })"),
            "s.json:2: faults[0].crash.node: expected nodes such as 2, [0, 2], \"zone 1\" or "
            "\"all\", found \"most_pending_hint\" (did you mean \"most_pending_hints\"?)\n");
  EXPECT_EQ(tell(R"("crash": { "node": "event_node" })"),
            "s.json:2: faults[0].crash.node: \"event_node\" needs an event: set \"when\"\n");
  EXPECT_EQ(tell(R"("when": { "event": "flush_ends" }, "crash": { "node": "event_peer" })"),
            "s.json:2: faults[0].crash.node: flush_ends concerns no other node; hint_stored and "
            "hint_delivered do\n");
  EXPECT_EQ(tell(R"("when": { "event": "flush_ends", "level": 2 }, "crash": { "node": 1 })"),
            "s.json:2: faults[0].when.level: flush_ends is of no level\n");
  EXPECT_EQ(tell(R"("when": { "event": "repair_ends", "lead": "1s" }, "crash": { "node": 1 })"),
            "s.json:2: faults[0].when.lead: nobody knows repair_ends beforehand; gc_grace_ends "
            "has a lead\n");
  EXPECT_EQ(tell(R"("at": "2s", "when": { "event": "flush_ends", "before": "2s" }, )"
                 R"("crash": { "node": 1 })"),
            "s.json:2: faults[0].when.before: 2s is not after \"at\": nothing can happen in "
            "between\n");
  EXPECT_EQ(tell(R"("for": "1s", "until": { "event": "repair_ends" }, "crash": { "node": 1 })"),
            "s.json:2: faults[0].until: beside \"for\": leave one out\n");
  EXPECT_EQ(
      tell(
          R"("when": { "event": "repair_ends", "node": "most_sstables" }, "crash": { "node": 1 })"),
      "s.json:2: faults[0].when.node: expected numbers such as 2 or [0, 2]: where it happens "
      "is event_node\n");
  EXPECT_EQ(tell(R"("restore": { "node": "most_sstables" })"),
            "s.json:2: faults[0].restore.node: expected numbers: whose snapshot to take must be "
            "known before the fault begins\n");
  EXPECT_EQ(
      errors_of(scenario_with(R"("operations": [ { "at": "1s", "flush": "most_sstables" } ])")),
      "s.json:2: operations[0].flush: \"most_sstables\" chooses among nodes only where a "
      "fault begins\n");
}

}  // namespace
}  // namespace revenant::sim
