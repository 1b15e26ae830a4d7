// Anti-entropy: for each range this node owns first, all replicas hash what they hold at one moment
// into Merkle trees; where two trees differ, both send the other their cells of the ranges that
// differ.
//
//   coordinator ── TreeRequest(range, moment) ──> every replica of the range ── trees ──> compare pairs
//               ── StreamRequest(ranges that differ, to b) ──> a, and the same with a and b exchanged
//
// Trees and streams leave out tombstones past gc_grace at the moment (the purge rule's grace test),
// so replicas that purge at different times still agree. A range with a replica that is down, or
// that does not answer, is not repaired and is counted as failed, as in Cassandra.
#pragma once

#include "engine/env/sync.h"
#include "engine/replication/messenger.h"
#include "engine/replication/options.h"
#include "engine/replication/peers.h"
#include "engine/ring/merkle_tree.h"

namespace revenant::replication {

struct RepairMetrics {
  uint64_t sessions = 0;  // ended, with or without failed ranges
  uint64_t ranges_repaired = 0;
  uint64_t ranges_failed = 0;
  uint64_t ranges_differing = 0;  // of those repaired
  uint64_t cells_streamed = 0;
};

class Repair {
 public:
  Repair(env::Environment environment, Messenger& messenger, Peers& peers, const ring::Ring& ring,
         int tree_depth, Duration timeout);

  // Repairs every range this node owns first. Suspends. One session at a time per node: a second
  // waits.
  void run();

  const RepairMetrics& metrics() const { return metrics_; }

 private:
  bool repair_range(const ring::Ring::OwnedRange& owned, Instant moment);
  bool stream(NodeId from, NodeId to, Instant moment, const std::vector<ring::TokenRange>& ranges);

  env::Environment environment_;
  Messenger& messenger_;
  Peers& peers_;
  const ring::Ring& ring_;
  int tree_depth_;
  Duration timeout_;
  env::Mutex session_;
  RepairMetrics metrics_;
};

}  // namespace revenant::replication
