// Serves clients: sends their operations to the key's replicas, waits for as many answers as the
// consistency level asks, keeps hints for replicas that missed a write, and repairs replicas that a
// read finds stale.
//
// Any node can coordinate any key. A timeout says nothing about whether the write took effect;
// "unavailable" is said before anything is sent, so then it surely did not. Unless the options say
// otherwise (write_fanout, read_fanout), writes go to all replicas, whatever the level, and to nodes
// that are about to become some; reads to exactly as many as it asks, and where it asks (quorum.h);
// for one that answers that it cannot read, another is asked. A hint counts as an answer at ANY
// alone.
//
// A read of a key fetches the cell from one replica, this node if it is asked, and digests from the
// others:
//
//   n0  cell    ─┐                            n0  cell   ─┐
//   n1  digest  ─┴─ equal: that is the cell   n1  digest ─┴─ differ: the cells of both ─ the winner
//
// and repairs those that held something older. If answers are late, it may ask one replica more
// than it needs (speculative_retry). Scans fetch cells from all they ask.
// With sloppy quorums the next nodes on the ring stand in for replicas that are down (stand_ins.h),
// one for each; pr and pw are quorums of the replicas themselves, beside the level's. Scans ask
// replicas alone, as Riak's coverage queries do.
//
// Simplification: replicas are chosen at random, not by how fast or how near they are.
#pragma once

#include <expected>

#include "engine/base/random.h"
#include "engine/replication/answers.h"
#include "engine/replication/hints.h"
#include "engine/replication/latency_window.h"
#include "engine/replication/messenger.h"
#include "engine/replication/options.h"
#include "engine/replication/peers.h"
#include "engine/replication/stamper.h"
#include "engine/ring/topology.h"

namespace revenant::replication {

struct CoordinatorMetrics {
  uint64_t writes = 0, batches = 0, reads = 0, scans = 0;
  uint64_t unavailable = 0, timeouts = 0;
  uint64_t digest_mismatches = 0;  // reads whose replicas disagreed
  uint64_t read_repairs = 0;       // cells sent to stale replicas
  uint64_t digests_asked = 0, speculative_retries = 0;
  // That had their level only by the answers of nodes which stood in for replicas.
  uint64_t writes_met_by_stand_ins = 0, reads_met_by_stand_ins = 0;
};

class Coordinator {
 public:
  // `hints` null: hinted handoff is off. `hybrid`: the messenger's, if it has one. `random` picks
  // the replicas of a read.
  Coordinator(env::Environment environment, Messenger& messenger, Peers& peers,
              const ring::Topology& topology, Hints* hints, HybridClock* hybrid,
              const ReplicationOptions& options, Random random);

  // Sends what a batch log has kept to its replicas, and keeps hints for those that do not take it;
  // whether each has it, or a hint. Suspends.
  bool replay_batch(const StoredBatch& batch);

  const CoordinatorMetrics& metrics() const { return metrics_; }

 private:
  void serve_write(NodeId from, uint64_t id, Bytes body);
  void serve_batch(NodeId from, uint64_t id, Bytes body);
  void serve_read(NodeId from, uint64_t id, Bytes body);
  void serve_scan(NodeId from, uint64_t id, Bytes body);

  // A node in place of a replica that is down.
  struct StandIn {
    NodeId node, primary;
  };
  // As this node sees it now; none unless quorums are sloppy. Fewer than replicas are down if too
  // few others are up.
  std::vector<StandIn> stand_ins_of(ring::Token token, const std::vector<NodeId>& takers) const;
  // Those that stand in answer in the quorums too; and so many of the replicas themselves must.
  static void add_stand_ins(std::vector<Quorum>& quorums, const std::vector<StandIn>& stand_ins,
                            const std::vector<NodeId>& replicas, int64_t of_replicas);
  // A write to a replica, or to the node that stands in for it.
  void send_apply(NodeId to, const std::vector<StandIn>& stand_ins, uint64_t id,
                  env::ApplySource source, Bytes storage_key, const CellView& cell);
  // Who is to take a write, and what makes it done; as this node sees it now.
  struct WritePlan {
    std::vector<Quorum> quorums;
    std::vector<NodeId> replicas;  // those to come too
    std::vector<StandIn> stand_ins;
    std::vector<NodeId> sent_to;  // of these and of the replicas, those that are up
    size_t level_required = 0;
    bool enough_up = true;
  };
  WritePlan plan_write(ring::Token token, const ConsistencyLevel& level);
  // Sends it, and keeps hints for replicas that are down and that nobody stands in for. Whether one
  // was kept.
  bool send_write(const WritePlan& plan, uint64_t id, Bytes storage_key, const CellView& cell);
  // Waits for late answers, and keeps hints for those that do not come, each followed by `kept()`.
  template <typename Kept>
  void hint_silent(const WritePlan& plan, Answers& answers, Bytes storage_key, const CellView& cell,
                   Kept kept);
  // Two others to keep a batch, in this data center, from other racks and from different ones if
  // they can be had (Cassandra: ReplicaPlans.filterBatchlogEndpoints); this node if it is alone.
  std::vector<NodeId> choose_batch_holders();
  std::vector<NodeId> up_of(const std::vector<NodeId>& replicas) const;
  // The replicas of each quorum to send to, of those that are up. Nothing if not enough are up.
  std::optional<std::vector<NodeId>> choose(const std::vector<Quorum>& quorums, Fanout fanout);
  // Waits for the answers of those `asked`, and for each of them that cannot read asks another of
  // its quorum that is up; and once, at `speculate_at`, another of each quorum that is not complete.
  // `ask(node)` sends the request. Suspends; whether every quorum has answers that `reads` accepts,
  // and they are `sufficient()`, before the deadline.
  template <typename Reads, typename Ask, typename Sufficient>
  bool gather(const char* why, Answers& answers, const std::vector<Quorum>& quorums,
              std::vector<NodeId> asked, Reads reads, Ask ask, Sufficient sufficient,
              std::optional<Instant> speculate_at = std::nullopt);
  std::optional<Instant> speculation_of_read() const;
  // What the replicas of the quorums hold, of which `asked` are asked first. Suspends.
  struct Held {
    NodeId node;
    std::optional<Cell> cell;
  };
  struct Readings {
    std::vector<Held> held;
    bool digests_differed = false;
  };
  std::expected<Readings, Status> read_replicas(Bytes storage_key,
                                                const std::vector<Quorum>& quorums,
                                                const std::vector<NodeId>& asked,
                                                const std::vector<StandIn>& stand_ins);
  // What a gathering that failed came to: time ran out, or too many replicas cannot read.
  Status failure_of(const Answers& answers);
  // False if a blocking repair did not end in time.
  bool repair_stale(const std::vector<NodeId>& stale, const std::vector<StandIn>& stand_ins,
                    Bytes storage_key, const CellView& winner);
  // Acknowledgements that a write waits for; `up` of the quorum's replicas are up.
  size_t required_of(const Quorum& quorum, size_t up) const;
  // Whether it was kept.
  bool keep_hint(NodeId target, Bytes storage_key, const CellView& cell,
                 std::optional<Instant> created = std::nullopt);
  void send(NodeId to, Verb verb, uint64_t id, Bytes body);

  env::Environment environment_;
  Messenger& messenger_;
  Peers& peers_;
  const ring::Topology& topology_;
  Hints* hints_;
  ReplicationOptions options_;
  Stamper stamper_;
  Random random_;
  uint64_t last_batch_ = 0;  // BatchId::created
  LatencyWindow read_latencies_;
  CoordinatorMetrics metrics_;
};

}  // namespace revenant::replication
