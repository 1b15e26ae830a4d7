// What a node believes about the others: up, or down since when. Every datagram heard is a sign of
// life; where nothing else is said, heartbeats are. Views of different nodes differ, as they do in
// a real cluster.
//
// Simplification: a fixed silence instead of a phi-accrual detector, and each node hears each other
// itself instead of by gossip.
#pragma once

#include <vector>

#include "engine/base/ids.h"
#include "engine/env/environment.h"

namespace revenant::replication {

class Peers {
 public:
  // All are up at first. `nodes` is the number of cluster members, 0…nodes-1.
  Peers(const env::Clock& clock, NodeId self, size_t nodes, Duration failure_detection);

  void heard(NodeId node);     // clients' ids are ignored
  void said(NodeId node);      // something was sent to it: no heartbeat needed soon
  bool up(NodeId node) const;  // itself always is
  // How long it has been silent beyond the first missed sign; zero while up.
  Duration down_for(NodeId node) const;
  bool heartbeat_due(NodeId node, Duration period) const;

 private:
  const env::Clock& clock_;
  NodeId self_;
  Duration failure_detection_;
  std::vector<Instant> last_heard_, last_said_;
};

}  // namespace revenant::replication
