// How news that a node lives reach all others without all of them hearing it themselves: Cassandra's
// Gossiper.
//
// Every node has a heartbeat state: the generation of its process, and a version that grows with
// each of its rounds. Each round it exchanges what it knows with one node that it takes for up,
// chosen at random; now and then also with one that it takes for down, and with a seed:
//
//   a ── Syn (digests: generation and version of each) ──> b
//   a <── Ack (digests of what b wants, states that b has newer) ── b
//   a ── Ack2 (the states wanted) ──> b
//
// So news reach N nodes in O(log N) rounds, over whichever links work. What its failure detector
// hears of a node is a greater state of it, whoever brings it (peers.h).
//
// A node's generation is the time of its start, in seconds by its clock. Cassandra keeps the last
// one, lest a clock that was set back or a quick restart give a lower one; here a node that hears of
// a state of its own that it is not at takes the next generation, as one whose disk was
// replaced must too.
//
// Simplifications: a state is the heartbeat alone, for everybody knows the ring and who its members
// are; there is no shadow round, and all are taken for up at the start.
#pragma once

#include <vector>

#include "engine/base/random.h"
#include "engine/env/environment.h"
#include "engine/replication/messenger.h"
#include "engine/replication/options.h"
#include "engine/replication/peers.h"

namespace revenant::replication {

// What one node knows of all, and what it makes of messages. No time, no messages of its own.
class GossipStates {
 public:
  // Of `nodes` members, 0…nodes-1.
  GossipStates(NodeId self, size_t nodes, uint64_t generation);

  void beat() { ++states_[self_.value].version; }
  const std::vector<HeartbeatState>& digests() const { return states_; }
  GossipAck answer(const std::vector<HeartbeatState>& digests) const;
  std::vector<HeartbeatState> wanted(const GossipAck& ack) const;

  struct News {
    NodeId node;
    Peers::Process process;
  };
  // Takes over what is newer; says of whom that was.
  std::vector<News> take(const std::vector<HeartbeatState>& states);

 private:
  bool known(NodeId node) const { return node.value < states_.size(); }

  NodeId self_;
  std::vector<HeartbeatState> states_;  // by node
};

class Gossip {
 public:
  // All references outlive it, and the tasks that serve its verbs.
  Gossip(env::Environment environment, Messenger& messenger, Peers& peers, size_t nodes,
         const GossipOptions& options, Random random);

  // Rounds, for ever. Suspends.
  void run();
  uint64_t rounds() const { return rounds_; }

 private:
  void round();
  void send_syn(NodeId to);
  void take(const std::vector<HeartbeatState>& states);

  env::Environment environment_;
  Messenger& messenger_;
  Peers& peers_;
  size_t nodes_;
  GossipOptions options_;
  Random random_;
  GossipStates states_;
  uint64_t rounds_ = 0;
};

}  // namespace revenant::replication
