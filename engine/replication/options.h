// Settings of the replication layer. Names and defaults are Cassandra's.
#pragma once

#include <array>
#include <optional>

#include "engine/base/defects.h"
#include "engine/base/settings.h"
#include "engine/replication/consistency_level.h"
#include "engine/replication/speculative_retry.h"

namespace revenant::replication {

enum class ReadRepair : uint8_t { kBlocking, kAsync, kOff };
constexpr auto enum_names(ReadRepair) {
  return std::array{
      EnumName<ReadRepair>{
          ReadRepair::kBlocking, "blocking",
          "the read waits until enough of the stale replicas it asked are repaired"},
      EnumName<ReadRepair>{ReadRepair::kAsync, "async", "repairs go out after the answer"},
      EnumName<ReadRepair>{ReadRepair::kOff, "off", "a read repairs nothing"},
  };
}

enum class Timestamps : uint8_t { kClient, kCoordinator, kHlc };
constexpr auto enum_names(Timestamps) {
  return std::array{
      EnumName<Timestamps>{Timestamps::kClient, "client",
                           "the client's time of day; a retry keeps its stamp"},
      EnumName<Timestamps>{Timestamps::kCoordinator, "coordinator",
                           "the coordinator's time of day; a retry is stamped anew"},
      EnumName<Timestamps>{Timestamps::kHlc, "hlc",
                           "the coordinator's hybrid logical clock, which every message advances"},
  };
}

struct HintOptions {
  Duration window = hours(3);
  Duration replay_period = seconds(10);
  Bandwidth throttle{1 << 20};
  ByteSize max_size_per_host{0};
  bool dropped_by_truncation = true;

  template <typename V>
  void describe(V& v) {
    v.field("window", window,
            "How long after a replica was last heard from hints are still written for it. "
            "Cassandra: max_hint_window, 3 h.");
    v.field("replay_period", replay_period, at_least(milliseconds(1)),
            "Time between attempts to deliver hints.");
    v.field(
        "throttle", throttle,
        "Hinted bytes sent per second and target. Cassandra: hinted_handoff_throttle, 1 MiB/s.");
    v.field("max_size_per_host", max_size_per_host,
            "No hint is written for a target while more bytes than this are kept for it; 0: no "
            "limit. Cassandra: max_hints_size_per_host, no limit.");
    v.field("dropped_by_truncation", dropped_by_truncation,
            "Whether a truncation drops the hints made before it, as Cassandra does "
            "(truncatedAt).");
  }
};

struct BatchLogOptions {
  Duration replay_period = seconds(10);
  bool drops_expired = true;

  template <typename V>
  void describe(V& v) {
    v.field("replay_period", replay_period, at_least(milliseconds(1)),
            "Time between looks for batches that were begun more than two write timeouts ago. "
            "Cassandra: 10 s.");
    v.field("drops_expired", drops_expired,
            "Whether batches older than gc_grace (tombstone_gc repair: propagation_delay) are "
            "dropped, as Cassandra does.");
  }
};

// How many replicas of a range build their trees at a time. Cassandra: RepairParallelism.
enum class RepairParallelism : uint8_t { kSequential, kParallel, kDcParallel };
constexpr auto enum_names(RepairParallelism) {
  using enum RepairParallelism;
  return std::array{
      EnumName<RepairParallelism>{kSequential, "sequential", "one replica after the other"},
      EnumName<RepairParallelism>{kParallel, "parallel", "all at once"},
      EnumName<RepairParallelism>{kDcParallel, "dc_parallel", "one of each data center at once"},
  };
}

struct RepairOptions {
  Duration every = days(7);
  int64_t tree_depth = 10;
  int64_t subranges = 1;
  RepairParallelism parallelism = RepairParallelism::kParallel;
  bool sends_purgeable = false;
  bool incremental = false;
  bool pins_sstables = true;

  template <typename V>
  void describe(V& v) {
    v.field("every", every, at_least(seconds(1)),
            "Time between repairs of the whole ring; the first comes after one period.");
    v.field("tree_depth", tree_depth, between<int64_t>(0, 20),
            "Depth of the Merkle tree of each range.");
    v.field(
        "subranges", subranges, between<int64_t>(1, 4096),
        "Parts that each range is cut into, to be repaired one after the other, each with trees "
        "of its own; incremental: that the circle is cut into, each with a session of its own. "
        "Cassandra: nodetool repair -st -et; Reaper's segments.");
    v.field("parallelism", parallelism,
            "Replicas that build their trees at a time. Cassandra: parallel.");
    v.field("sends_purgeable", sends_purgeable,
            "Whether repair compares and sends tombstones that could be purged, as long as they "
            "are there. Cassandra and ScyllaDB leave them out.");
    v.field(
        "incremental", incremental,
        "Whether a session is about SSTables that no session has marked as repaired yet, of all "
        "nodes, which it then marks. With subranges, SSTables that hold keys of several are "
        "split (anticompaction). Cassandra's default.");
    v.field("pins_sstables", pins_sstables,
            "incremental: whether compactions leave the SSTables of a session alone until it has "
            "marked them. Cassandra: since 4.0 (CASSANDRA-9143).");
  }
};

// Of one read by one replica. Cassandra: tombstone_warn_threshold, tombstone_failure_threshold.
struct TombstoneThresholds {
  int64_t warning = 1000;
  int64_t failure = 100'000;

  template <typename V>
  void describe(V& v) {
    v.field("warning", warning, at_least<int64_t>(0),
            "Tombstones that a replica may step over in one read before it counts a warning. "
            "Cassandra: 1000.");
    v.field("failure", failure, at_least<int64_t>(0),
            "And before it gives the read up. Cassandra: 100000.");
  }
};

// To how many of a key's replicas that are up an operation is sent.
enum class Fanout : uint8_t { kLevel, kAll };
constexpr auto enum_names(Fanout) {
  return std::array{
      EnumName<Fanout>{Fanout::kLevel, "level",
                       "as many as the level asks for: the coordinator, if it is one, and others "
                       "at random"},
      EnumName<Fanout>{Fanout::kAll, "all", "all; the first answers count"},
  };
}

enum class FailureDetector : uint8_t { kTimeout, kPhi };
constexpr auto enum_names(FailureDetector) {
  return std::array{
      EnumName<FailureDetector>{FailureDetector::kTimeout, "timeout",
                                "after failure_detection without any message from it"},
      EnumName<FailureDetector>{FailureDetector::kPhi, "phi",
                                "once its heartbeats are missing for too long by how regular they "
                                "were: the phi-accrual detector, which "
                                "phi_convict_threshold and heartbeat govern"},
  };
}

struct GossipOptions {
  Duration interval = seconds(1);
  int64_t seeds = 3;

  template <typename V>
  void describe(V& v) {
    v.field("interval", interval, at_least(milliseconds(1)),
            "Time between a node's rounds. Cassandra: 1 s.");
    v.field("seeds", seeds, at_least<int64_t>(1),
            "So many nodes, the first ones, hear more of the rounds than others, so that parts of "
            "a cluster that have lost each other meet again there. Cassandra: seed_provider; "
            "three of each data center are usual.");
  }
};

struct ReplicationOptions {
  ConsistencyLevel write;
  ConsistencyLevel read;
  Timestamps timestamps = Timestamps::kClient;
  bool sloppy_quorum = false;
  int64_t pr = 0, pw = 0;
  Fanout write_fanout = Fanout::kAll;
  Fanout read_fanout = Fanout::kLevel;
  bool digest_reads = true;
  SpeculativeRetry speculative_retry;
  ReadRepair read_repair = ReadRepair::kBlocking;
  bool reads_return_purgeable = true;
  TombstoneThresholds tombstone_thresholds;
  std::optional<HintOptions> hinted_handoff = HintOptions{};
  BatchLogOptions batch_log;
  std::optional<RepairOptions> repair;
  Bandwidth stream_throughput{24 << 20};
  Duration write_timeout = seconds(2);
  Duration read_timeout = seconds(5);
  FailureDetector failure_detector = FailureDetector::kTimeout;
  Duration failure_detection = seconds(18);
  double phi_convict_threshold = 8;
  Duration heartbeat = seconds(5);
  std::optional<GossipOptions> gossip;

  template <typename V>
  void describe(V& v) {
    v.field("write", write,
            "Replicas that must acknowledge a write: ONE, TWO, THREE, QUORUM, ALL or a number; in "
            "the coordinator's data center (cluster.replication_factor) LOCAL_ONE, LOCAL_QUORUM; "
            "in each, EACH_QUORUM; ANY: one, or a stored hint.");
    v.field("read", read, "Replicas that must answer a read: likewise, but for ANY.");
    v.field("sloppy_quorum", sloppy_quorum,
            "Whether other nodes, the next ones on the ring, stand in for replicas that the "
            "coordinator takes for down: they count towards the level, and hand over what they "
            "took. Dynamo and Riak: yes; Cassandra: no, hints do not count.");
    v.field("pr", pr, at_least<int64_t>(0),
            "So many of those that answer a read must be the key's own replicas; without "
            "sloppy_quorum all are. Riak: pr, 0.");
    v.field("pw", pw, at_least<int64_t>(0),
            "So many of those that acknowledge a write must be. Riak: pw, 0.");
    v.field("timestamps", timestamps,
            "Who stamps writes, and so decides which wins. Cassandra: the client, or without its "
            "stamp the coordinator.");
    v.field("write_fanout", write_fanout,
            "Replicas that a write is sent to. No hints are kept for those it is not sent to. "
            "Cassandra, Dynamo and Riak: all.");
    v.field("read_fanout", read_fanout,
            "Replicas that a read is sent to. Cassandra: level; Dynamo and Riak: all.");
    v.field("digest_reads", digest_reads,
            "Whether a read fetches the cell from one replica and digests from the others, and the "
            "cells of all of them only where they differ.");
    v.field("speculative_retry", speculative_retry,
            "When a read of a key asks one replica more of each quorum that is not complete: "
            "\"never\", \"always\" (at once), after a percentile of the coordinator's recent reads "
            "such as \"99p\", or after a time such as \"50ms\". Cassandra: 99p.");
    v.field("read_repair", read_repair,
            "What a read does about replicas that answered with older data.");
    v.field("reads_return_purgeable", reads_return_purgeable,
            "Whether a replica's answer holds tombstones that could be purged, as long as they are "
            "there. Cassandra and ScyllaDB leave them out.");
    v.field("tombstone_thresholds", tombstone_thresholds,
            "What reads over many tombstones come to.");
    v.field("hinted_handoff", hinted_handoff,
            "Writes kept by the coordinator for replicas that did not answer.");
    v.field("batch_log", batch_log, "What becomes of batches that their coordinator does not end.");
    v.field("repair", repair, "Scheduled anti-entropy repair.");
    v.field("stream_throughput", stream_throughput, between(Bandwidth{1}, Bandwidth{INT64_MAX}),
            "Bytes a second that a node sends a new replica of its ranges. Cassandra: "
            "stream_throughput_outbound, 24 MiB/s.");
    v.field("write_timeout", write_timeout, at_least(microseconds(1)),
            "After this a write's outcome is unknown. Cassandra: write_request_timeout, 2 s.");
    v.field("read_timeout", read_timeout, at_least(microseconds(1)),
            "After this a read has failed. Cassandra: read_request_timeout, 5 s.");
    v.field("failure_detector", failure_detector,
            "When a node takes another for down. Cassandra: phi.");
    v.field("failure_detection", failure_detection, at_least(milliseconds(1)),
            "Silence after which a coordinator takes a replica for down. Cassandra: about 18 s "
            "(phi_convict_threshold 8 at a heartbeat a second).");
    v.field("phi_convict_threshold", phi_convict_threshold, between(5.0, 16.0),
            "With the detector phi: the suspicion from which a replica is down; 8 is a silence of "
            "18.4 mean heartbeats. Cassandra: 8.");
    v.field(
        "heartbeat", heartbeat, at_least(milliseconds(1)),
        "Time between heartbeats; none are sent where recent traffic already tells, but with the "
        "detector phi. Cassandra's gossip: 1 s.");
    v.field("gossip", gossip,
            "How nodes learn that others live: off: from them, by heartbeats and whatever else "
            "they say; on: from anybody who has newer news of them, and the failure detector goes "
            "by such news. Cassandra: on, with the detector phi.");
  }

  Defects defects;  // set by the program
};

}  // namespace revenant::replication
