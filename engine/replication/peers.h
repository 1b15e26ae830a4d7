// What a node believes about the others: up, or down since when. Views of different nodes differ, as
// they do in a real cluster.
//
//   without gossip   every datagram heard is a sign of life, and where nothing else is said,
//                    heartbeats are
//   with gossip      news of a node are, that is a greater heartbeat state of it, whoever brought
//                    them (gossip.h)
//
// The detector "timeout" takes a fixed silence for down. The detector "phi" goes by how regular the
// signs were (arrival_window.h); without gossip, by heartbeats alone, which then are sent whatever
// else is said.
//
// With gossip a node that was taken for down is up again only when it has answered an echo: news
// may come around a link that is broken (Cassandra: Gossiper.markAlive). Without, its next sign of
// life is enough.
#pragma once

#include <optional>
#include <vector>

#include "engine/base/ids.h"
#include "engine/env/environment.h"
#include "engine/replication/arrival_window.h"
#include "engine/replication/options.h"

namespace revenant::replication {

class Peers {
 public:
  // All are up at first. `nodes` is the number of cluster members, 0…nodes-1.
  Peers(const env::Clock& clock, env::EventSink& events, NodeId self, size_t nodes,
        const ReplicationOptions& options);

  // Clients' ids are ignored.
  void heard(NodeId node);
  void heard_heartbeat(NodeId node);  // besides heard()
  void said(NodeId node);             // something was sent to it: no heartbeat needed soon
  bool up(NodeId node) const;         // itself always is
  // How long it has been silent beyond the first missed sign; zero while up.
  Duration down_for(NodeId node) const;
  bool heartbeat_due(NodeId node) const;

  // --- with gossip ---
  enum class Process { kSame, kRestarted };
  // Of a restarted one, how regular its signs were says nothing any more.
  void news(NodeId node, Process process);
  void answered_echo(NodeId node);

  // Tells the observer of changes since the last look. With gossip, whoever has been silent for too
  // long is down from here on.
  void look();

 private:
  bool phi() const { return failure_detector_ == FailureDetector::kPhi; }
  // What the failure detector says.
  bool silent(NodeId node) const;
  Instant last_sign(NodeId node) const;
  void mark(NodeId node, bool up);

  const env::Clock& clock_;
  env::EventSink& events_;
  NodeId self_;
  bool gossip_;
  FailureDetector failure_detector_;
  Duration failure_detection_;
  Duration heartbeat_;
  Duration sign_period_;  // of heartbeats, or of news if nobody else had to bring them
  double phi_convict_threshold_;
  std::vector<Instant> last_heard_, last_said_;
  std::vector<ArrivalWindow> signs_;                // empty unless phi()
  std::vector<std::optional<Instant>> down_since_;  // as of the last look
};

}  // namespace revenant::replication
