// Anti-entropy: for each range this node owns first, all replicas hash what they hold at one moment
// into Merkle trees; where two trees differ, both send the other their cells of the ranges that
// differ.
//
//   coordinator ── TreeRequest(range, moment) ──> every replica of the range ── trees ──> compare pairs
//               ── StreamRequest(ranges that differ, to b) ──> a, and the same with a and b exchanged
//
// Trees and streams leave out tombstones that the purge rule's GcRule lets go at the moment, so
// replicas that purge at different times still agree. A range with a replica that is down, or
// that does not answer, is not repaired and is counted as failed, as in Cassandra.
//
// In purge mode repair a session has two more steps, as in ScyllaDB. Before the trees every node is
// asked to deliver the hints it keeps, and a range counts as repaired only if none is left for its
// replicas anywhere: an old write that came after the tombstones' purge would bring its key back.
// After the trees the replicas are told of each range so repaired, with the session's moment:
//
//   moment ── FlushHints ──> every node ── trees, streams ── Repaired(range, moment) ──> every replica
//
// A range may be cut into parts with trees of their own (subranges): a tree of the same depth then
// tells finer where replicas differ. Replicas may build their trees at once or in turn (parallelism).
// Simplification: no snapshot is taken, so what is written between two replicas' trees is streamed
// for nothing. A preview compares as a repair does, and streams and tells nothing.
//
// A range that gets other replicas during its session counts as failed: those to come were not asked.
//
// An incremental session is about the SSTables that no session has marked yet. All nodes take theirs,
// which compactions then leave alone; what is streamed becomes SSTables of their own; in the end all
// mark both as repaired, or nobody does (Cassandra: pending repair, since 4.0). It is about the whole
// ring, for SSTables hold keys of many ranges; or, with subranges, about as many arcs of it one after
// the other, by sessions of their own between the replicas of each, which first split the SSTables
// that hold other keys too (anticompaction). A node that is not told of the end marks
// nothing: then its tombstones may be marked elsewhere, and are compared with nobody's any more, but
// what it holds itself is compared again. What it was sent is lost with the session, marked elsewhere
// or not: Cassandra has all promise first (FinalizePropose), here nobody is asked.
//
//   BeginSession ──> every node ── trees and streams of what was taken ── EndSession(mark) ──> every node
//
// Replicas that know of different repairs leave out different tombstones. What the one that knows
// less sends is no news to the other, which holds it or has purged it.
#pragma once

#include <optional>
#include <vector>

#include "engine/env/sync.h"
#include "engine/lsm/compaction/tombstone_gc.h"
#include "engine/replication/messenger.h"
#include "engine/replication/options.h"
#include "engine/replication/peers.h"
#include "engine/ring/merkle_tree.h"
#include "engine/ring/topology.h"

namespace revenant::replication {

struct RepairMetrics {
  uint64_t sessions = 0;  // ended, with or without failed ranges
  uint64_t ranges_repaired = 0;
  uint64_t ranges_failed = 0;
  uint64_t ranges_hinted = 0;  // of those failed: hints were left for a replica, or may have been
  uint64_t ranges_differing = 0;  // of those repaired
  uint64_t cells_streamed = 0;
  uint64_t previews = 0, previewed_differing = 0;  // previews, and ranges that differed in them
};

class Repair {
 public:
  Repair(env::Environment environment, Messenger& messenger, Peers& peers,
         const ring::Topology& topology, const RepairOptions& options, Duration timeout,
         lsm::TombstoneGc tombstone_gc);

  // Repairs every range this node owns first; incrementally: the whole ring. Suspends. One session at a time per node: a second
  // waits.
  void run();
  // Likewise compares them.
  void preview();

  const RepairMetrics& metrics() const { return metrics_; }

 private:
  void run_ranges(Instant moment);
  void run_incremental();
  // Of ranges of the ring, or parts of them; `all`: the whole ring. Whether they are marked.
  bool run_session(const std::vector<ring::Ring::OwnedRange>& ranges, bool all);
  // Whether each of the nodes has answered that it did.
  bool tell_all(const std::vector<NodeId>& nodes, Verb verb, Bytes body);
  // The nodes for which hints are left somewhere; nothing if a node did not tell.
  std::optional<std::vector<NodeId>> flush_hints();
  void tell(const ring::Ring::OwnedRange& owned, Instant moment);
  using Trees = std::vector<std::pair<NodeId, ring::MerkleTree>>;  // in the order of nodes
  bool repair_range(const ring::Ring::OwnedRange& owned, Instant moment);
  bool repair_parts(const std::vector<ring::Ring::OwnedRange>& parts, Instant moment);
  // Nothing if a replica is down or does not answer.
  std::optional<Trees> trees(const ring::Ring::OwnedRange& owned, Instant moment, Verb verb);
  std::vector<std::vector<NodeId>> in_turn(const std::vector<NodeId>& replicas) const;
  // Whether the replicas differed; nothing if they could not be made equal.
  std::optional<bool> repair_part(const ring::Ring::OwnedRange& part, Instant moment);
  bool stream(NodeId from, NodeId to, Instant moment, const std::vector<ring::TokenRange>& ranges);

  env::Environment environment_;
  Messenger& messenger_;
  Peers& peers_;
  const ring::Topology& topology_;
  const RepairOptions options_;
  Duration timeout_;
  lsm::TombstoneGc tombstone_gc_;
  env::Mutex session_;
  RepairMetrics metrics_;
};

}  // namespace revenant::replication
