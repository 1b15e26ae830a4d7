// Writes that this node took for replicas that were away (sloppy quorums): it keeps them under the
// replica's name, answers reads from them, and hands them over when the replica is back.
//
//   coordinator ── HeldFor(n1, cell) ──> n4    n1 is away, n4 comes next on the ring
//               <────────── ok ────────        counts towards the level
//   coordinator ── ReadStandIn(key) ───> n4    the cell, or "not found", which counts too
//   n4 ────────────── cells ───────────> n1    n1 is back; then n4 drops them
//
// Dynamo keeps them in a database of their own, Riak in a fallback vnode. Here they are a log like
// that of hints (hints.h): written to the file system at once, never synced, replayed into memory at
// a start; and like hints those that are older than the purge rule bears are not handed over.
//
// Simplifications. What is held lies in memory too. A read is answered with the winner of what is
// held for anybody; Riak asks the one vnode, Dynamo any copy under the key. Nodes do not exchange
// what they hold for others, and do not compare it (Riak repairs fallback vnodes as others).
#pragma once

#include <map>
#include <memory>

#include "engine/replication/hints.h"
#include "engine/replication/messenger.h"

namespace revenant::replication {

struct StandInMetrics {
  uint64_t writes = 0;      // taken
  uint64_t reads = 0;       // answered
  uint64_t handed_off = 0;  // cells that their replicas acknowledged
};

class StandIns {
 public:
  using Held = std::map<NodeId, std::map<Buffer, Cell>>;  // by replica, of each key the winner

  // What an earlier life held. What is `age_max` old or older is dropped. Suspends.
  struct Recovered {
    std::unique_ptr<Hints> log;
    Held held;
  };
  static Result<Recovered> recover(env::Environment environment, const HintOptions& options,
                                   Duration age_max);

  // Serves kStandIn and kReadStandIn.
  StandIns(Messenger& messenger, Recovered recovered);

  // What is still to be handed over: the log's own calls deliver it.
  Hints& log() { return *log_; }
  // After a delivery: forgets what was held for `primary`, if nothing is left for it.
  void forget_delivered(NodeId primary);
  // Drops all. Suspends.
  void discard();

  StandInMetrics metrics();

 private:
  void serve_stand_in(NodeId from, uint64_t id, Bytes body);
  void serve_read(NodeId from, uint64_t id, Bytes body);

  Messenger& messenger_;
  const std::unique_ptr<Hints> log_;
  Held held_;
  StandInMetrics metrics_;
};

}  // namespace revenant::replication
