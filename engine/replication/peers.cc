#include "engine/replication/peers.h"

namespace revenant::replication {

Peers::Peers(const env::Clock& clock, NodeId self, size_t nodes, const ReplicationOptions& options)
    : clock_(clock),
      self_(self),
      failure_detector_(options.failure_detector),
      failure_detection_(options.failure_detection),
      heartbeat_(options.heartbeat),
      phi_convict_threshold_(options.phi_convict_threshold),
      last_heard_(nodes, clock.monotonic()),
      last_said_(nodes, Instant{INT64_MIN / 2}) {
  if (phi()) heartbeats_.assign(nodes, ArrivalWindow(clock.monotonic(), heartbeat_));
}

void Peers::heard(NodeId node) {
  if (node.value < last_heard_.size()) last_heard_[node.value] = clock_.monotonic();
}

void Peers::heard_heartbeat(NodeId node) {
  if (node.value < heartbeats_.size()) heartbeats_[node.value].arrived(clock_.monotonic());
}

void Peers::said(NodeId node) {
  if (node.value < last_said_.size()) last_said_[node.value] = clock_.monotonic();
}

bool Peers::up(NodeId node) const {
  if (node == self_) return true;
  const Instant now = clock_.monotonic();
  if (phi()) return heartbeats_[node.value].phi(now) <= phi_convict_threshold_;
  return now - last_heard_[node.value] < failure_detection_;
}

Duration Peers::down_for(NodeId node) const {
  if (up(node)) return {};
  return clock_.monotonic() - (phi() ? heartbeats_[node.value].last() : last_heard_[node.value]);
}

bool Peers::heartbeat_due(NodeId node) const {
  return phi() || clock_.monotonic() - last_said_[node.value] >= heartbeat_;
}

}  // namespace revenant::replication
