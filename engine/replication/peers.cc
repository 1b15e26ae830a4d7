#include "engine/replication/peers.h"

namespace revenant::replication {

Peers::Peers(const env::Clock& clock, NodeId self, size_t nodes, Duration failure_detection)
    : clock_(clock),
      self_(self),
      failure_detection_(failure_detection),
      last_heard_(nodes, clock.monotonic()),
      last_said_(nodes, Instant{INT64_MIN / 2}) {}

void Peers::heard(NodeId node) {
  if (node.value < last_heard_.size()) last_heard_[node.value] = clock_.monotonic();
}

void Peers::said(NodeId node) {
  if (node.value < last_said_.size()) last_said_[node.value] = clock_.monotonic();
}

bool Peers::up(NodeId node) const {
  return node == self_ || clock_.monotonic() - last_heard_[node.value] < failure_detection_;
}

Duration Peers::down_for(NodeId node) const {
  return up(node) ? Duration{} : clock_.monotonic() - last_heard_[node.value];
}

bool Peers::heartbeat_due(NodeId node, Duration period) const {
  return clock_.monotonic() - last_said_[node.value] >= period;
}

}  // namespace revenant::replication
