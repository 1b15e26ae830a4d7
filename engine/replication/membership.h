// A node's part in changes of membership: it joins, leaves, takes a dead node's place or moves to
// other tokens, and drops what it no longer owns.
//
//   begin: ranges pending ── wait for writes that know nothing of it ── stream ── flush ── finish
//                                                   └ a source is silent: again, from the start
//
//   driver ── SendRange(ranges, to) ──> source ── Apply batches, each acknowledged ──> new replica
//          <── so many cells so far ───
//
// Streaming begins once every write that went to the old replicas alone has ended, after
// write_timeout (Cassandra waits 30 s, RING_DELAY), so that a source holds what it ever helped to
// acknowledge. A newcomer is sent each range by the replica that gives way to it, as Cassandra's
// consistent range movement has it; in the place of a dead one by all other replicas, as ScyllaDB's
// repair-based operations do: it may have held what only one of them does. A node that dies in the
// middle takes its change up again when it starts. A node that leaves hands its hints over.
//
// Simplifications. What was sent before a failure is sent again. A change that cannot end goes on
// trying; nobody but an operator gives it up.
#pragma once

#include <optional>

#include "engine/lsm/compaction/key_spans.h"
#include "engine/lsm/db.h"
#include "engine/replication/hints.h"
#include "engine/replication/messenger.h"
#include "engine/replication/options.h"
#include "engine/replication/peers.h"
#include "engine/ring/topology.h"

namespace revenant::replication {

// The storage keys of these ranges.
lsm::KeySpans spans_of(const std::vector<ring::TokenRange>& ranges);

struct MembershipMetrics {
  uint64_t refused = 0;                             // changes that could not begin
  uint64_t streams_failed = 0;                      // a source or a new replica was silent or down
  uint64_t cells_received = 0, bytes_received = 0;  // by new replicas; keys and values
  uint64_t cleanups = 0;
  uint64_t hints_handed_over = 0;
};

class Membership {
 public:
  // `hints` null: hinted handoff is off. Serves what others ask of this node for their changes.
  Membership(env::Environment environment, Messenger& messenger, Peers& peers,
             ring::Topology& topology, lsm::Db& db, Hints* hints,
             const ReplicationOptions& options);

  // Each suspends until the change has ended, or could not begin.
  void bootstrap();
  void decommission();
  void replace(NodeId dead);
  void move();
  // Goes on with the change that this node began in an earlier life, if there is one.
  void resume();
  // Drops all that the node does not own, nor is to own. Whether it did: not during a change.
  bool cleanup();

  const MembershipMetrics& metrics() const { return metrics_; }

 private:
  struct Stream {
    NodeId from, to;
    std::vector<ring::TokenRange> ranges;
  };
  void carry_out(Result<void> begun);
  // Whether the change of this number goes on.
  bool goes_on(uint64_t change) const;
  // Until `step` succeeds or the change is given up.
  template <typename Step>
  void persist(uint64_t change, Step step);
  bool receive(const Stream& stream);
  bool flush(NodeId node);
  // All that this node keeps, to another member. Whether none is left.
  bool hand_over_hints();
  void serve_flush(NodeId from, uint64_t id);
  void serve_take_hint(NodeId from, uint64_t id, Bytes body);
  void answer(NodeId to, uint64_t id, bool done);

  env::Environment environment_;
  Messenger& messenger_;
  Peers& peers_;
  ring::Topology& topology_;
  lsm::Db& db_;
  Hints* hints_;
  const ReplicationOptions options_;
  MembershipMetrics metrics_;
};

}  // namespace revenant::replication
