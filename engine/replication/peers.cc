#include "engine/replication/peers.h"

namespace revenant::replication {

Peers::Peers(const env::Clock& clock, env::EventSink& events, NodeId self, size_t nodes,
             const ReplicationOptions& options)
    : clock_(clock),
      events_(events),
      self_(self),
      gossip_(options.gossip.has_value()),
      failure_detector_(options.failure_detector),
      failure_detection_(options.failure_detection),
      heartbeat_(options.heartbeat),
      sign_period_(gossip_ ? options.gossip->interval : heartbeat_),
      phi_convict_threshold_(options.phi_convict_threshold),
      last_heard_(nodes, clock.monotonic()),
      last_said_(nodes, Instant{INT64_MIN / 2}),
      down_since_(nodes) {
  if (phi()) signs_.assign(nodes, ArrivalWindow(clock.monotonic(), sign_period_));
}

void Peers::heard(NodeId node) {
  if (!gossip_ && node.value < last_heard_.size()) last_heard_[node.value] = clock_.monotonic();
}

void Peers::heard_heartbeat(NodeId node) {
  if (node.value < signs_.size()) signs_[node.value].arrived(clock_.monotonic());
}

void Peers::said(NodeId node) {
  if (node.value < last_said_.size()) last_said_[node.value] = clock_.monotonic();
}

void Peers::news(NodeId node, Process process) {
  const Instant now = clock_.monotonic();
  last_heard_[node.value] = now;
  if (!phi()) return;
  if (process == Process::kRestarted) signs_[node.value] = ArrivalWindow(now, sign_period_);
  signs_[node.value].arrived(now);
}

void Peers::answered_echo(NodeId node) {
  if (node.value < down_since_.size() && down_since_[node.value]) mark(node, true);
}

bool Peers::silent(NodeId node) const {
  const Instant now = clock_.monotonic();
  if (phi()) return signs_[node.value].phi(now) > phi_convict_threshold_;
  return now - last_heard_[node.value] >= failure_detection_;
}

Instant Peers::last_sign(NodeId node) const {
  return phi() ? signs_[node.value].last() : last_heard_[node.value];
}

bool Peers::up(NodeId node) const {
  if (node == self_) return true;
  return gossip_ ? !down_since_[node.value] : !silent(node);
}

Duration Peers::down_for(NodeId node) const {
  if (up(node)) return {};
  return clock_.monotonic() - (gossip_ ? *down_since_[node.value] : last_sign(node));
}

void Peers::look() {
  for (NodeId node{0}; node.value < down_since_.size(); ++node.value) {
    if (node == self_) continue;
    const bool was_down = down_since_[node.value].has_value();
    if (!was_down && silent(node)) mark(node, false);
    if (was_down && !gossip_ && !silent(node)) mark(node, true);
  }
}

void Peers::mark(NodeId node, bool up) {
  down_since_[node.value] = up ? std::optional<Instant>() : last_sign(node);
  events_.peer_marked(node, up);
}

bool Peers::heartbeat_due(NodeId node) const {
  return phi() || clock_.monotonic() - last_said_[node.value] >= heartbeat_;
}

}  // namespace revenant::replication
