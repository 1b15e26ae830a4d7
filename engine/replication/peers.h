// What a node believes about the others: up, or down since when. By default every datagram heard is
// a sign of life, and where nothing else is said, heartbeats are; a fixed silence means down. The
// detector "phi" goes by heartbeats alone, which then are sent whatever else is said, and by how
// regular they were (arrival_window.h). Views of different nodes differ, as they do in a real
// cluster.
//
// Simplification: each node hears each other itself instead of by gossip.
#pragma once

#include <vector>

#include "engine/base/ids.h"
#include "engine/env/environment.h"
#include "engine/replication/arrival_window.h"
#include "engine/replication/options.h"

namespace revenant::replication {

class Peers {
 public:
  // All are up at first. `nodes` is the number of cluster members, 0…nodes-1.
  Peers(const env::Clock& clock, NodeId self, size_t nodes, const ReplicationOptions& options);

  // Clients' ids are ignored.
  void heard(NodeId node);
  void heard_heartbeat(NodeId node);  // besides heard()
  void said(NodeId node);             // something was sent to it: no heartbeat needed soon
  bool up(NodeId node) const;         // itself always is
  // How long it has been silent beyond the first missed sign; zero while up.
  Duration down_for(NodeId node) const;
  bool heartbeat_due(NodeId node) const;

 private:
  bool phi() const { return failure_detector_ == FailureDetector::kPhi; }

  const env::Clock& clock_;
  NodeId self_;
  FailureDetector failure_detector_;
  Duration failure_detection_;
  Duration heartbeat_;
  double phi_convict_threshold_;
  std::vector<Instant> last_heard_, last_said_;
  std::vector<ArrivalWindow> heartbeats_;  // empty unless phi()
};

}  // namespace revenant::replication
