#include "engine/replication/gossip.h"

#include <algorithm>

namespace revenant::replication {
namespace {

// 0 is for nodes that nothing is known of.
uint64_t generation_of(Instant start) {
  return 1 + static_cast<uint64_t>(std::max<int64_t>(0, start.ns) / seconds(1).ns);
}

}  // namespace

GossipStates::GossipStates(NodeId self, size_t nodes, uint64_t generation) : self_(self) {
  for (uint32_t node = 0; node < nodes; ++node) states_.push_back({NodeId{node}, 0, 0});
  states_[self.value].generation = generation;
}

GossipAck GossipStates::answer(const std::vector<HeartbeatState>& digests) const {
  GossipAck ack;
  for (const HeartbeatState& digest : digests) {
    if (!known(digest.node)) continue;
    const HeartbeatState& own = states_[digest.node.value];
    if (digest.newer_than(own)) ack.wanted.push_back(own);
    if (own.newer_than(digest)) ack.newer.push_back(own);
  }
  return ack;
}

std::vector<HeartbeatState> GossipStates::wanted(const GossipAck& ack) const {
  std::vector<HeartbeatState> states;
  for (const HeartbeatState& digest : ack.wanted) {
    if (known(digest.node) && states_[digest.node.value].newer_than(digest))
      states.push_back(states_[digest.node.value]);
  }
  return states;
}

auto GossipStates::take(const std::vector<HeartbeatState>& states) -> std::vector<News> {
  std::vector<News> news;
  for (const HeartbeatState& state : states) {
    if (!known(state.node)) continue;
    HeartbeatState& own = states_[state.node.value];
    if (!state.newer_than(own)) continue;
    if (state.node == self_) {
      own.generation = state.generation + 1;
      continue;
    }
    const bool restarted = own.generation != 0 && state.generation != own.generation;
    news.push_back({state.node, restarted ? Peers::Process::kRestarted : Peers::Process::kSame});
    own = state;
  }
  return news;
}

Gossip::Gossip(env::Environment environment, Messenger& messenger, Peers& peers, size_t nodes,
               const GossipOptions& options, Random random)
    : environment_(environment),
      messenger_(messenger),
      peers_(peers),
      nodes_(nodes),
      options_(options),
      random_(random),
      states_(messenger.self(), nodes, generation_of(environment.clock.now())) {
  messenger_.serve(Verb::kGossipSyn, [this](NodeId from, uint64_t /*id*/, Bytes body) {
    const auto digests = decode_all<std::vector<HeartbeatState>>(body);
    if (!digests) return;
    Buffer ack;
    encode(ack, states_.answer(*digests));
    messenger_.send(from, Verb::kGossipAck, 0, ack);
  });
  messenger_.serve(Verb::kGossipAck, [this](NodeId from, uint64_t /*id*/, Bytes body) {
    const auto ack = decode_all<GossipAck>(body);
    if (!ack) return;
    take(ack->newer);
    const std::vector<HeartbeatState> states = states_.wanted(*ack);
    if (states.empty()) return;
    Buffer ack2;
    encode(ack2, states);
    messenger_.send(from, Verb::kGossipAck2, 0, ack2);
  });
  messenger_.serve(Verb::kGossipAck2, [this](NodeId /*from*/, uint64_t /*id*/, Bytes body) {
    if (const auto states = decode_all<std::vector<HeartbeatState>>(body)) take(*states);
  });
  messenger_.serve(Verb::kEcho, [this](NodeId from, uint64_t /*id*/, Bytes /*body*/) {
    messenger_.send(from, Verb::kEchoed, 0, {});
  });
  messenger_.serve(Verb::kEchoed, [this](NodeId from, uint64_t /*id*/, Bytes /*body*/) {
    peers_.answered_echo(from);
  });
}

void Gossip::run() {
  for (;;) {
    round();
    peers_.look();
    environment_.tasks.sleep(options_.interval);
  }
}

// Cassandra: GossipTask.
void Gossip::round() {
  ++rounds_;
  states_.beat();
  std::vector<NodeId> up, down, seeds;
  for (NodeId node{0}; node.value < nodes_; ++node.value) {
    if (node == messenger_.self()) continue;
    (peers_.up(node) ? up : down).push_back(node);
    if (std::cmp_less(node.value, options_.seeds)) seeds.push_back(node);
  }
  bool to_seed = false;
  if (!up.empty()) {
    const NodeId node = up[random_.below(up.size())];
    to_seed = std::cmp_less(node.value, options_.seeds);
    send_syn(node);
  }
  if (!down.empty() && random_.below(up.size() + 1) < down.size())
    send_syn(down[random_.below(down.size())]);
  if (seeds.empty() || (to_seed && up.size() >= seeds.size())) return;
  if (up.empty() || random_.below(up.size() + down.size()) < seeds.size())
    send_syn(seeds[random_.below(seeds.size())]);
}

void Gossip::send_syn(NodeId to) {
  Buffer syn;
  encode(syn, states_.digests());
  messenger_.send(to, Verb::kGossipSyn, 0, syn);
}

void Gossip::take(const std::vector<HeartbeatState>& states) {
  for (const auto& [node, process] : states_.take(states)) {
    peers_.news(node, process);
    if (!peers_.up(node)) messenger_.send(node, Verb::kEcho, 0, {});
  }
}

}  // namespace revenant::replication
