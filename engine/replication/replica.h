// One replica's answers: applies cells, reads keys and ranges, builds Merkle trees, streams
// differences. All reads and writes go to this node's Db and to nothing else.
#pragma once

#include <map>
#include <optional>

#include "engine/lsm/db.h"
#include "engine/replication/messenger.h"
#include "engine/replication/options.h"
#include "engine/replication/peers.h"
#include "engine/ring/merkle_tree.h"

namespace revenant::replication {

struct ReplicaMetrics {
  uint64_t cells_applied = 0;
  uint64_t reads = 0;
  uint64_t trees = 0;
  uint64_t cells_streamed = 0;  // sent to others by repair
  // Stepped over by reads of keys and of ranges (expired values too); reads that stepped over more
  // than the thresholds, and either went on or gave up.
  uint64_t tombstones_scanned = 0, tombstone_warnings = 0, tombstone_failures = 0;
};

class Replica {
 public:
  // Serves the replica's verbs on `messenger`.
  Replica(env::Environment environment, Messenger& messenger, Peers& peers, lsm::Db& db,
          Duration stream_timeout, const ReplicationOptions& options);

  const ReplicaMetrics& metrics() const { return metrics_; }

 private:
  // Counts what one read stepped over; false if it was too much.
  bool bears(uint64_t tombstones);
  void serve_apply(NodeId from, uint64_t id, Bytes body);
  void serve_read(NodeId from, uint64_t id, Bytes body);
  void serve_read_digest(NodeId from, uint64_t id, Bytes body);
  void serve_read_range(NodeId from, uint64_t id, Bytes body);
  void serve_tree(NodeId from, uint64_t id, Bytes body);
  void serve_stream(NodeId from, uint64_t id, Bytes body);
  void serve_begin_session(NodeId from, uint64_t id, Bytes body);
  void serve_tree_unrepaired(NodeId from, uint64_t id, Bytes body);
  void serve_stream_unrepaired(NodeId from, uint64_t id, Bytes body);
  void serve_receive(NodeId from, uint64_t id, Bytes body);
  void serve_end_session(NodeId from, uint64_t id, Bytes body);
  void end_session();
  enum class Data { kAll, kUnrepaired };
  void build_tree(NodeId from, uint64_t id, Bytes body, Data data);
  void stream(NodeId from, uint64_t id, Bytes body, Data data);
  void serve_send_range(NodeId from, uint64_t id, Bytes body);
  // Sends another replica the cells of the ranges, batch after acknowledged batch; all of them, or
  // those that repair is about. `sent` is called after each. Whether all were taken.
  struct Sent {
    uint64_t cells = 0, bytes = 0;
  };
  bool send_cells(const StreamRequest& request, env::ApplySource source, Data data,
                  const std::function<void(const Sent&)>& sent);
  bool send_batch(NodeId to, Bytes apply, env::ApplySource source, Data data);
  // What a read is answered with.
  Result<std::optional<Cell>> read(Bytes storage_key);
  // Whether the Db's GcRule lets this cell go.
  static bool purgeable(const lsm::GcRule& gc, Bytes key, const CellView& cell, Instant moment) {
    return cell.is_tombstone() && gc.of(key, moment).passed(cell);
  }
  // Calls `visit` with each cell of the range that repair is about: all, or all but those that
  // are purgeable at `moment`.
  Result<void> visit_repaired(
      ring::TokenRange range, Instant moment, env::Cause cause, Data data,
      const std::function<Result<void>(Bytes key, const CellView& cell)>& visit);
  // With every cell of it, as it is.
  Result<void> visit_all(ring::TokenRange range, env::Cause cause, Data data,
                         const std::function<Result<void>(Bytes key, const CellView& cell)>& visit);
  void answer_status(NodeId to, uint64_t id, Status status);
  void answer_unreadable(NodeId to, uint64_t id);

  env::Environment environment_;
  Messenger& messenger_;
  Peers& peers_;
  lsm::Db& db_;
  Duration stream_timeout_;
  const ReplicationOptions options_;
  // A session of incremental repair: who coordinates it, and what others sent in it, of each key the
  // winner.
  struct Session {
    NodeId coordinator;
    Instant began;       // with the coordinator, its name
    bool begun = false;  // what it is about is taken
    std::map<Buffer, Cell> received;
  };
  bool is_session(NodeId coordinator, Instant began) const {
    return session_ && session_->coordinator == coordinator && session_->began == began;
  }
  std::optional<Session> session_;
  struct LastSessions {
    Instant begun = Instant::never(), ended = Instant::never();
  };
  std::map<NodeId, LastSessions> last_sessions_;  // by coordinator
  ReplicaMetrics metrics_;
};

}  // namespace revenant::replication
