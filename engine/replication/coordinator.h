// Serves clients: sends their operations to the key's replicas, waits for as many answers as the
// consistency level asks, keeps hints for replicas that missed a write, and repairs replicas that a
// read finds stale.
//
// Any node can coordinate any key. A timeout says nothing about whether the write took effect;
// "unavailable" is said before anything is sent, so then it surely did not. Writes go to all
// replicas, whatever the level; reads to exactly as many as it asks, and where it asks (quorum.h);
// for one that answers that it cannot read, another is asked. A hint counts as an answer at ANY
// alone.
// Simplification: they fetch whole cells, without digests and without speculative retry of replicas
// that are merely slow.
#pragma once

#include "engine/base/random.h"
#include "engine/replication/answers.h"
#include "engine/replication/hints.h"
#include "engine/replication/messenger.h"
#include "engine/replication/options.h"
#include "engine/replication/peers.h"
#include "engine/replication/stamper.h"
#include "engine/ring/ring.h"

namespace revenant::replication {

struct CoordinatorMetrics {
  uint64_t writes = 0, reads = 0, scans = 0;
  uint64_t unavailable = 0, timeouts = 0;
  uint64_t digest_mismatches = 0;  // reads whose replicas disagreed
  uint64_t read_repairs = 0;       // cells sent to stale replicas
};

class Coordinator {
 public:
  // `hints` null: hinted handoff is off. `hybrid`: the messenger's, if it has one. `random` picks
  // the replicas of a read.
  Coordinator(env::Environment environment, Messenger& messenger, Peers& peers,
              const ring::Ring& ring, Hints* hints, HybridClock* hybrid,
              const ReplicationOptions& options, Random random);

  const CoordinatorMetrics& metrics() const { return metrics_; }

 private:
  void serve_write(NodeId from, uint64_t id, Bytes body);
  void serve_read(NodeId from, uint64_t id, Bytes body);
  void serve_scan(NodeId from, uint64_t id, Bytes body);

  std::vector<NodeId> up_of(const std::vector<NodeId>& replicas) const;
  // Of each quorum, as many replicas that are up as it requires: this node if it is one, then
  // others at random. Nothing if not enough are up.
  std::optional<std::vector<NodeId>> choose(const std::vector<Quorum>& quorums);
  // Sends a read to `asked`, and for each of them that cannot read to another of its quorum that is
  // up. Suspends; whether every quorum has read before the deadline.
  template <typename Reads>
  bool gather(const char* why, Answers& answers, std::vector<NodeId> asked,
              const std::vector<Quorum>& quorums, Verb verb, uint64_t id, Bytes body, Reads reads);
  // False if a blocking repair did not end in time.
  bool repair_stale(const std::vector<NodeId>& stale, Bytes storage_key, const CellView& winner);
  // Acknowledgements that a write waits for; `up` of the quorum's replicas are up.
  size_t required_of(const Quorum& quorum, size_t up) const;
  // Whether it was kept.
  bool keep_hint(NodeId target, Bytes storage_key, const CellView& cell);
  void send(NodeId to, Verb verb, uint64_t id, Bytes body);

  env::Environment environment_;
  Messenger& messenger_;
  Peers& peers_;
  const ring::Ring& ring_;
  Hints* hints_;
  ReplicationOptions options_;
  Stamper stamper_;
  Random random_;
  CoordinatorMetrics metrics_;
};

}  // namespace revenant::replication
