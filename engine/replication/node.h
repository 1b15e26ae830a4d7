// One member of the cluster, from the start of its process to its end: its Db, what it answers as a
// replica and as a coordinator, and its background work (heartbeats or gossip, hint delivery,
// scheduled repair).
#pragma once

#include <memory>

#include "engine/base/random.h"
#include "engine/env/transport.h"
#include "engine/lsm/db.h"
#include "engine/replication/batch_log.h"
#include "engine/replication/coordinator.h"
#include "engine/replication/gossip.h"
#include "engine/replication/hints.h"
#include "engine/replication/membership.h"
#include "engine/replication/options.h"
#include "engine/replication/repair.h"
#include "engine/replication/repair_history.h"
#include "engine/replication/replica.h"
#include "engine/replication/stand_ins.h"

namespace revenant::replication {

// Counted since this process started.
struct NodeMetrics {
  lsm::LsmMetrics lsm;
  ReplicaMetrics replica;
  CoordinatorMetrics coordinator;
  HintMetrics hints;
  uint64_t hints_pending_bytes = 0;
  StandInMetrics stand_ins;
  BatchLogMetrics batch_log;
  uint64_t hlc_heard_ahead = 0;
  RepairMetrics repair;
  MembershipMetrics membership;
  uint64_t gossip_rounds = 0;
};
// Adds what another life of a node, or another node, counted. Gauges (levels, bytes held now) are
// left alone: they say how things stand, and end with the process.
void add_counts(NodeMetrics& sum, const NodeMetrics& m);

class Node {
 public:
  // Recovers the Db, finds kept hints, then serves; goes on with a change of membership that it
  // had begun. Suspends. `topology` outlives the node.
  static Result<std::unique_ptr<Node>> start(env::Environment environment,
                                             env::Transport& transport, ring::Topology& topology,
                                             const lsm::LsmOptions& storage,
                                             const ReplicationOptions& options, Random random);
  Node(const Node&) = delete;
  ~Node();

  lsm::Db& db() { return *db_; }
  Repair& repair() { return repair_; }
  Membership& membership() { return membership_; }
  // From now on, for tombstones and for hints.
  void set_gc_grace(Duration gc_grace);
  // Has every node forget all data written before, without tombstones, as Cassandra's TRUNCATE does.
  // Whether all did: they must be up. Suspends.
  bool truncate();
  NodeMetrics metrics() const;

 private:
  // What an earlier life left on disk. It is read before there is a node: whoever is there is asked at
  // once, and one that could not be read must not have answered. Null: the options ask for none.
  struct Recovered {
    std::unique_ptr<lsm::Db> db;
    BatchLog::Recovered batches;
    std::unique_ptr<Hints> hints;
    std::optional<StandIns::Recovered> stand_ins;
    std::unique_ptr<RepairHistory> repair_history;
  };
  static Result<Recovered> recover(env::Environment environment, const lsm::LsmOptions& storage,
                                   const ReplicationOptions& options);

  Node(env::Environment environment, env::Transport& transport, ring::Topology& topology,
       Recovered recovered, const lsm::LsmOptions& storage, const ReplicationOptions& options,
       Random random);

  void send_heartbeats();
  void deliver_hints();
  void hand_off_stand_ins();
  // What is kept in `kept`, over and over, to those that are there to take it.
  template <typename Delivered>
  void deliver(Hints& kept, env::ApplySource source, Delivered delivered);
  // Whether there is somebody to take what is kept for it.
  bool takes_hints(NodeId target) const;
  // Whether `target` acknowledged it; if it is no replica of the key any more, all that are.
  // Suspends. (Cassandra: the receiver sends such a hint on.)
  bool deliver_hint(NodeId target, Buffer key, const Cell& cell, env::ApplySource source);
  // All that is kept by now. Whether none is left.
  bool flush_kept(Hints& kept, NodeId target, env::ApplySource source);
  void serve_flush_hints(NodeId from, uint64_t id);
  void serve_repaired(Bytes body);
  void serve_truncate(NodeId from, uint64_t id);
  void repair_on_schedule();
  // Ranges that are being sent to this node keep their tombstones.
  void follow_topology();

  env::Environment environment_;
  ring::Topology& topology_;
  ReplicationOptions options_;
  std::unique_ptr<lsm::Db> db_;
  Peers peers_;
  std::optional<HybridClock> hybrid_;
  Messenger messenger_;
  std::unique_ptr<Gossip> gossip_;       // null: nodes hear each other themselves
  std::unique_ptr<Hints> hints_;         // null: hinted handoff is off
  std::unique_ptr<StandIns> stand_ins_;  // null: quorums are strict
  BatchLog batch_log_;
  std::unique_ptr<RepairHistory> repair_history_;  // null: the purge rule does not ask for it
  Replica replica_;
  Coordinator coordinator_;
  Repair repair_;
  Membership membership_;
};

}  // namespace revenant::replication
