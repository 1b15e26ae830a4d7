// A scenario, validated and with every default resolved: all that a run depends on besides its
// seed. load.h makes one from text, resolved.h prints it back.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/defects.h"
#include "engine/base/settings.h"
#include "engine/lsm/options.h"
#include "engine/replication/options.h"
#include "engine/ring/options.h"
#include "sim/disk/options.h"
#include "sim/net/options.h"
#include "sim/scenario/atlas_options.h"
#include "sim/scenario/fault_options.h"
#include "sim/scenario/node_set.h"
#include "sim/scenario/operation_kind.h"
#include "sim/scenario/placement.h"
#include "sim/scenario/script.h"
#include "sim/scenario/swarm_options.h"

namespace revenant::sim {

using Json = nlohmann::ordered_json;  // keeps the order of its file

// Defaults are ntpd's (RFC 5905).
struct NtpOptions {
  Duration poll = seconds(64);
  Duration error_max = milliseconds(1);
  Duration step_threshold = milliseconds(128);
  int64_t slew_ppm = 500;

  template <typename V>
  void describe(V& v) {
    v.field("poll", poll, at_least(milliseconds(1)),
            "Time between two looks at the clock's error.");
    v.field("error_max", error_max, between(Duration{}, days(1)),
            "Each look is off by a uniform draw between minus and plus this.");
    v.field("step_threshold", step_threshold,
            "A greater error is stepped away at once, a smaller one slewed.");
    v.field("slew_ppm", slew_ppm, between<int64_t>(1, 100000),
            "Microseconds per second that slewing gains or loses.");
  }
};

struct ClockOptions {
  Duration offset_max;
  int64_t drift_ppm_max = 0;
  Duration step_every, step_max;
  std::optional<NtpOptions> ntp;

  template <typename V>
  void describe(V& v) {
    v.field("offset_max", offset_max,
            "Each node's clock starts off by a uniform draw between minus and plus this.");
    v.field("drift_ppm_max", drift_ppm_max, between<int64_t>(0, 100000),
            "And gains or loses up to this many microseconds per second.");
    v.field("step_every", step_every, "Mean time between sudden steps of a clock; 0 for none.");
    v.field("step_max", step_max, between(Duration{}, days(365)),
            "A step is a uniform draw between minus and plus this.");
    v.field("ntp", ntp, "Keeps each clock near the truth.");
  }
};

// 20 us a message is an order of magnitude, not a measurement: a core that does some 50,000
// messages a second. What jobs and files cost is free unless it is said: for comparison, merging
// and compressing take a core some 100 to 200 MiB/s, a system call some microseconds.
struct CpuOptions {
  int64_t cores = 4;
  Duration per_message = microseconds(20);
  Bandwidth bandwidth{int64_t{1} << 30};
  Duration per_io;
  Bandwidth job_bandwidth{INT64_MAX};  // unlimited

  template <typename V>
  void describe(V& v) {
    v.field("cores", cores, between<int64_t>(1, 1024), "Messages and jobs handled at a time.");
    v.field("per_message", per_message, between(Duration{}, hours(1)),
            "A core's time for each message that reaches the node's process.");
    v.field("bandwidth", bandwidth, "And for its bytes: so many a second.");
    v.field("per_io", per_io, between(Duration{}, hours(1)),
            "A core's time for each read, append and sync of a file.");
    v.field("job_bandwidth", job_bandwidth,
            "And for the bytes that flushes and compactions read and write: so many a second.");
  }
};

struct ClusterOptions {
  int64_t nodes = 3;
  int64_t spares = 0;
  ring::RingOptions ring;  // its fields stand directly under "cluster"
  PlacementOptions placement;
  ClockOptions clocks;
  std::optional<CpuOptions> cpu;

  template <typename V>
  void describe(V& v) {
    v.field("nodes", nodes, between<int64_t>(1, 1000), "Machines, numbered from 0.");
    v.field("spares", spares, between<int64_t>(0, 999),
            "So many of them, the last, have no tokens at the start: they coordinate, and wait for "
            "an operation bootstrap or replace. Cassandra: join_ring false.");
    ring.describe(v);
    v.field("placement", placement, "Racks, zones and regions.");
    v.field("clocks", clocks, "How far the nodes' clocks are off.");
    v.field("cpu", cpu, "Each node's processor; work takes no time if off.");
  }
};

struct PreloadOptions {
  int64_t keys = 0;
  ByteSize value_size{100};

  template <typename V>
  void describe(V& v) {
    v.field("keys", keys, between<int64_t>(0, 100'000'000),
            "Keys written to all their replicas and flushed before time 0.");
    v.field("value_size", value_size, between(ByteSize{16}, mib(16)), "Bytes of each value.");
  }
};

struct MixOptions {
  double read = 0, insert = 0, update = 0, remove = 0, scan = 0;

  template <typename V>
  void describe(V& v) {
    v.field("read", read, between(0.0, 1e9), "Weight of reads of one key.");
    v.field("insert", insert, between(0.0, 1e9), "Weight of writes of a new key.");
    v.field("update", update, between(0.0, 1e9), "Weight of writes of an existing key.");
    v.field("delete", remove, between(0.0, 1e9), "Weight of deletes of one key.");
    v.field("scan", scan, between(0.0, 1e9),
            "Weight of scans: keys in token order, merged of as many replicas as the level asks.");
  }
};

enum class Popularity : uint8_t { kUniform, kZipf, kLatest, kSequential };
constexpr auto enum_names(Popularity) {
  return std::array{
      EnumName<Popularity>{Popularity::kUniform, "uniform", "every key alike"},
      EnumName<Popularity>{Popularity::kZipf, "zipf", "few keys get most operations (zipf_theta)"},
      EnumName<Popularity>{Popularity::kLatest, "latest",
                           "the keys inserted last get most operations (zipf_theta)"},
      EnumName<Popularity>{Popularity::kSequential, "sequential", "each key in turn"},
  };
}

enum class LoadBalancing : uint8_t { kRoundRobin, kRandom };
constexpr auto enum_names(LoadBalancing) {
  return std::array{
      EnumName<LoadBalancing>{LoadBalancing::kRoundRobin, "round_robin", "each in turn"},
      EnumName<LoadBalancing>{LoadBalancing::kRandom, "random", "any"},
  };
}

struct WorkloadOptions {
  std::string name;
  Duration from;
  std::optional<Duration> to;
  std::optional<Rate> rate;
  int64_t clients = 1;
  Duration think_time;
  int64_t operations_max = 0;
  MixOptions mix;
  std::vector<OperationKind> sequence;
  Popularity popularity = Popularity::kUniform;
  double zipf_theta = 0.99;
  int64_t keys = 0;
  ByteSize value_size{100};
  int64_t batch_keys = 1;
  std::optional<Duration> ttl;
  int64_t scan_length = 100;
  int64_t page_size = 5000;
  NodeSet coordinators{.all = true, .nodes = {}};
  LoadBalancing load_balancing = LoadBalancing::kRoundRobin;
  std::optional<int64_t> region, zone, rack;
  std::optional<replication::ConsistencyLevel> read, write;
  int64_t retries = 0;
  std::vector<ScriptedOperation> script;

  template <typename V>
  void describe(V& v) {
    v.field("name", name, "Names its clients and its random streams.");
    v.field("from", from, "When it begins.");
    v.field("to", to, "When it ends; the run's end if left out.");
    v.field("rate", rate,
            "Open loop: operations a second, all clients together, with exponential gaps. Left "
            "out: closed loop.");
    v.field("clients", clients, between<int64_t>(1, 100000),
            "Closed loop: clients, each with one operation at a time. Open loop: sessions the "
            "operations are dealt to in turn.");
    v.field("think_time", think_time, "Closed loop: pause of a client after each answer.");
    v.field("operations_max", operations_max, between<int64_t>(0, INT64_MAX),
            "Ends after so many operations; 0 for no limit.");
    v.field("mix", mix, "Weights of the operations.");
    v.field(
        "sequence", sequence,
        "Closed loop, instead of a mix: what each client does in turn, over and over, each time "
        "to one key.");
    v.field("popularity", popularity, "Which keys they choose.");
    v.field("zipf_theta", zipf_theta, between(0.01, 5.0), "Skew (zipf, latest). YCSB: 0.99.");
    v.field("keys", keys, between<int64_t>(0, 100'000'000),
            "Keys to choose from at the start: the first so many; 0 for all preloaded.");
    v.field("value_size", value_size, between(ByteSize{16}, mib(16)), "Bytes of each value.");
    v.field("batch_keys", batch_keys, between<int64_t>(1, 100),
            "Keys that each update writes: of more than one an atomic batch, through the batch "
            "log. Each is recorded as an update of its own.");
    v.field(
        "ttl", ttl, at_least(milliseconds(1)),
        "Values expire so long after they are written; never if left out. Cassandra: USING TTL.");
    v.field("scan_length", scan_length, between<int64_t>(1, 1'000'000),
            "Most cells a scan returns.");
    v.field(
        "page_size", page_size, between<int64_t>(1, 1'000'000),
        "Cells that a scan asks for at a time: the next page begins after the last one's end, by "
        "a request of its own. Cassandra's drivers: 5000.");
    v.field("coordinators", coordinators, "Nodes its clients send to.");
    v.field("load_balancing", load_balancing, "To which of them an operation goes.");
    v.field("region", region, between<int64_t>(0, 999),
            "Where its clients stand; as dealt if left out (cluster.placement).");
    v.field("zone", zone, between<int64_t>(0, 999), "Likewise.");
    v.field("rack", rack, between<int64_t>(0, 999), "Likewise.");
    v.field("read", read, "Consistency level of its reads; replication.read if left out.");
    v.field("write", write, "Consistency level of its writes; replication.write if left out.");
    v.field(
        "retries", retries, between<int64_t>(0, 100),
        "Attempts after the first when the outcome is unknown; each keeps the write's timestamp.");
    v.field("script", script,
            "Instead of a mix: each operation as \"1.25s c0 update k17 100B QUORUM n2\" (time, "
            "client, kind, key, bytes or cells, level, coordinator).");
  }
};

// What an operator changes of the storage of all nodes, those that are down too. Cassandra: ALTER
// TABLE.
struct AlterOptions {
  Duration gc_grace = days(10);

  template <typename V>
  void describe(V& v) {
    v.field("gc_grace", gc_grace, "storage.gc_grace from here on.");
  }
};

// Cassandra: replace_address.
struct ReplaceOptions {
  int64_t dead = 0, node = 0;

  template <typename V>
  void describe(V& v) {
    v.field("dead", dead, between<int64_t>(0, 999), "Whose place is taken.");
    v.field("node", node, between<int64_t>(0, 999), "Who takes it; no member until then.");
  }
};

// --- operations: { "at" or "every": …, exactly one kind } ---
struct OperationOptions {
  std::optional<std::string> name{};
  std::optional<Duration> at, every;
  std::optional<NodeSet> flush, compact, repair, preview, truncate;
  std::optional<NodeSet> bootstrap, decommission, move, cleanup, abort;
  std::optional<ReplaceOptions> replace;
  std::optional<AlterOptions> alter;

  template <typename V>
  void describe(V& v) {
    v.field("name", name, "If it has one, paths may use it: operations.NAME.at.");
    v.field("at", at, "Once, at this time.");
    v.field("every", every, at_least(milliseconds(1)),
            "Again and again with this period, first after one period.");
    v.field("flush", flush, "Nodes that flush their memtables.");
    v.field("compact", compact, "Nodes that run a major compaction.");
    v.field("repair", repair, "Nodes that repair the ranges they own first.");
    v.field("preview", preview,
            "Nodes that compare the ranges they own first, as repair does, and change nothing.");
    v.field("truncate", truncate,
            "The node that has every node forget all data, without a tombstone; all must be up. "
            "Cassandra: TRUNCATE.");
    v.field("bootstrap", bootstrap,
            "The node that joins, and takes its ranges over. One change of membership goes on at a "
            "time: another is refused until it has ended.");
    v.field("decommission", decommission,
            "The node that hands over its ranges and its hints, and is no member any more.");
    v.field(
        "replace", replace,
        "A node takes the tokens of another that is dead; the other replicas send it the data.");
    v.field("move", move, "The node that gets other tokens. Cassandra: nodetool move.");
    v.field("abort", abort,
            "The node whose change of membership, if one is under way, is given up. Cassandra: "
            "nodetool abortbootstrap, abortdecommission.");
    v.field("cleanup", cleanup,
            "Nodes that drop what they do not own, by a major compaction; not during a change of "
            "membership. Cassandra: nodetool cleanup.");
    v.field("alter", alter, "A change of settings.");
  }
};

// A bound on a figure of the run. For it to apply, the resolved scenario's value at each path of
// `when` must be one of those listed; they are spelled as resolved.h prints them. See
// expectation.h.
struct Expectation {
  std::string metric;
  std::optional<double> min, max;
  std::vector<std::pair<std::string, std::vector<nlohmann::json>>> when;
  int line = 0;  // where it stands in its file
};

struct Scenario {
  std::string name;
  std::string question;
  Duration duration;
  ClusterOptions cluster;
  lsm::LsmOptions storage;
  replication::ReplicationOptions replication;
  DiskOptions disk;
  NetworkOptions network;
  PreloadOptions preload;
  std::vector<WorkloadOptions> workload;
  std::vector<FaultOptions> faults;
  std::vector<OperationOptions> operations;
  std::optional<SwarmOptions> swarm;
  std::optional<AtlasOptions> atlas;
  std::vector<Defect> defects;
  Duration progress_from;
  Duration settle = seconds(0);
  Duration sample_every;
  std::vector<std::string> checks;
  std::vector<Expectation> must_happen, expect;
  std::vector<std::pair<std::string, std::vector<nlohmann::json>>>
      sweep;  // path and values, in the file's order
  std::vector<uint64_t> sweep_seeds{1};

  // The fields that a run depends on (not must_happen, expect, checks, sweep: those have shapes of
  // their own).
  template <typename V>
  void describe(V& v) {
    v.field("name", name, "Of the scenario: letters, digits and _.");
    v.field("question", question, "What the run answers.");
    v.field("duration", duration, at_least(milliseconds(1)),
            "Virtual time from the end of the preload.");
    v.field("cluster", cluster, "Machines and placement.");
    v.field("storage", storage, "The engine of each node.");
    v.field("replication", replication, "Consistency levels, hints, read repair and repair.");
    v.field("disk", disk, "Each node's disk.");
    v.field("network", network, "Links between all machines.");
    v.field("preload", preload, "Data before the run begins.");
    v.field("workload", workload, "What clients do.");
    v.field("faults", faults, "What fails, and when.");
    v.field("operations", operations, "What operators do, and when.");
    v.field("swarm", swarm,
            "Faults, operations and settings drawn from the seed, beside those given here.");
    v.field("atlas", atlas, "What makes it an entry of the atlas of resurrection.");
    v.field("defects", defects, "Planted in the engine, to be found.");
    v.field("progress_from", progress_from,
            "From here on the check progress asks that clients succeed now and then.");
    v.field("settle", settle,
            "After `duration`: clients and scheduled operations have stopped, faults have ended, "
            "the cluster goes on for this long before the final checks.");
    v.field("sample_every", sample_every,
            "Period of the time series; a hundredth of the duration if 0.");
  }
};

// Whether nodes' clocks may be wrong without updates being lost that `checks` watches over: where
// nodes stamp the writes, those with wrong clocks lose some.
bool bears_wrong_clocks(const Scenario& scenario);

}  // namespace revenant::sim
