#include "sim/net/network.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/checksum.h"

namespace revenant::sim {

class Network::Port final : public env::Transport {
 public:
  Port(Network& network, NodeId self) : network_(network), self_(self) {}
  ~Port() override {
    if (attached_) network_.detach(self_);
  }

  NodeId self() const override { return self_; }
  void send(NodeId to, Buffer message, env::MessageKind kind) override {
    if (attached_) network_.send(self_, to, std::move(message), kind);
  }
  void set_receiver(std::function<void(NodeId from, Bytes message)> receiver) override {
    receiver_ = std::move(receiver);
  }

  bool listens() const { return receiver_ != nullptr; }
  void receive(NodeId from, Bytes message) { receiver_(from, message); }
  void close() { attached_ = false; }

 private:
  Network& network_;
  const NodeId self_;
  bool attached_ = true;
  std::function<void(NodeId, Bytes)> receiver_;
};

Network::Network(Kernel& kernel, const NetworkOptions& options)
    : kernel_(kernel), topology_(options), port_bandwidth_(options.port_bandwidth) {}

Network::~Network() = default;

std::unique_ptr<env::Transport> Network::attach(NodeId self) {
  Machine& m = machine(self);
  CHECK(m.port == nullptr, "{} is attached already", self);
  auto port = std::make_unique<Port>(*this, self);
  m.port = port.get();
  return port;
}

void Network::detach(NodeId node) {
  Machine& m = machine(node);
  if (m.port == nullptr) return;
  std::exchange(m.port, nullptr)->close();
  m.paused = false;
  for (Message& message : std::exchange(m.waiting, {})) deliver(std::move(message));
}

LinkFaultId Network::cut(const std::vector<NodeId>& from, const std::vector<NodeId>& to,
                         Directions directions) {
  cuts_.push_back({++last_fault_, LinkSet(from, to), directions});
  return {last_fault_};
}

LinkFaultId Network::clog(const std::vector<NodeId>& from, const std::vector<NodeId>& to,
                          Directions directions) {
  clogs_.push_back({++last_fault_, LinkSet(from, to), directions});
  return {last_fault_};
}

LinkFaultId Network::impair(const std::vector<NodeId>& from, const std::vector<NodeId>& to,
                            LinkChances chances, std::optional<Bandwidth> bandwidth) {
  impairments_.push_back({++last_fault_, LinkSet(from, to), chances, bandwidth});
  return {last_fault_};
}

void Network::heal(LinkFaultId fault) {
  const auto is_it = [fault](const auto& entry) { return entry.id == fault.value; };
  const size_t clogs = std::erase_if(clogs_, is_it);
  const size_t ended = clogs + std::erase_if(cuts_, is_it) + std::erase_if(impairments_, is_it);
  CHECK(ended == 1, "fault={} ended={}", fault.value, ended);
  if (clogs > 0) release();
}

void Network::release() {
  CHECK(!kernel_.in_task());
  // A receiver may send, but nothing it does brings a message here before this returns.
  for (Message& message : std::exchange(held_, {})) {
    if (covers(clogs_, message.from, message.to)) {
      held_.push_back(std::move(message));
    } else {
      hand_over(std::move(message));
    }
  }
}

void Network::add_lag(NodeId node, Duration change) {
  Machine& m = machine(node);
  m.lag += change;
  CHECK(m.lag.ns >= 0, "node={} lag={}", node, m.lag);
}

void Network::pause(NodeId node) {
  Machine& m = machine(node);
  m.paused = m.port != nullptr;
}

void Network::resume(NodeId node) {
  CHECK(!kernel_.in_task());
  Machine& m = machine(node);
  m.paused = false;
  // A receiver may have the machine paused again, or killed.
  while (!m.paused && !m.waiting.empty()) {
    Message message = std::move(m.waiting.front());
    m.waiting.pop_front();
    deliver(std::move(message));
  }
}

void Network::send(NodeId from, NodeId to, Buffer bytes, env::MessageKind kind) {
  const uint64_t digest = hash64(bytes) ^ from.value;
  if (from == to) {
    ++counters_.local;
    schedule(kernel_.now(), {0, from, to, std::move(bytes), false}, digest);
    return;
  }
  Message message{++counters_.sent, from, to, std::move(bytes), false};
  if (Trace* const trace = kernel_.trace(); trace != nullptr) {
    trace->message_sent(message.number, from, to, message.bytes, kernel_.now());
  }
  counters_.bytes += message.bytes.size();
  ++in_flight_;

  // All draws are made before anything is decided: what becomes of the next message does not depend
  // on this one.
  Link& l = link(from, to);
  const Impairment* const impaired = impairment(from, to);
  const LinkChances& here = impaired != nullptr ? impaired->chances : l.model->chances;
  const Delay& distribution = l.model->delay(kind);
  Duration delay = distribution.draw(l.delay);
  const Probability loss = here.loss_of(message.bytes.size(), l.model->packet_size);
  const bool lost = happens(loss, l.loss, from, to, "loss");
  const bool twice = happens(here.duplication, l.duplication, from, to, "duplication");
  const Duration delay_of_copy = twice ? distribution.draw(*l.duplication) : Duration{};
  const bool held_back = happens(here.reordering, l.reordering, from, to, "reordering");
  if (held_back) delay += Duration{l.reordering->between(1, here.reordering_delay.ns)};

  const Bandwidth bandwidth =
      impaired != nullptr ? impaired->bandwidth.value_or(l.model->bandwidth) : l.model->bandwidth;
  const Instant left = leave(machine(from), l, message.bytes.size(), bandwidth) + machine(to).lag;
  const bool severed = covers(cuts_, from, to);
  if (severed || lost) {
    ++(severed ? counters_.cut : counters_.lost);
    --in_flight_;
    trace_end(message, severed ? "cut" : "lost");
    return;
  }
  if (twice) {
    ++counters_.duplicated;
    ++in_flight_;
    schedule(left + delay_of_copy, message, digest);
  }
  Instant arrival = left + delay;
  if (held_back) {
    ++counters_.reordered;
    if (Trace* const trace = kernel_.trace(); trace != nullptr) {
      trace->message_held_back(message.number, from, arrival - kernel_.now(), kernel_.now());
    }
  } else if (l.model->in_order) {
    arrival = l.last_arrival = std::max(arrival, l.last_arrival);
  }
  schedule(arrival, std::move(message), digest);
}

void Network::schedule(Instant arrival, Message message, uint64_t digest) {
  const NodeId to = message.to;
  uint32_t slot;
  if (free_slots_.empty()) {
    slot = static_cast<uint32_t>(slots_.size());
    slots_.push_back(std::move(message));
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
    slots_[slot] = std::move(message);
  }
  kernel_.at(arrival, to, EventKind::kDeliver, digest, [this, slot] { arrive(slot); });
}

void Network::arrive(uint32_t slot) {
  Message message = std::move(slots_[slot]);
  free_slots_.push_back(slot);
  if (message.within) {
    hand_over(std::move(message));
    return;
  }
  if (message.from != message.to && covers(clogs_, message.from, message.to)) {
    ++counters_.clogged;
    held_.push_back(std::move(message));
    return;
  }
  hand_over(std::move(message));
}

void Network::hand_over(Message message) {
  if (!message.within && message.from != message.to && covers(cuts_, message.from, message.to)) {
    ++counters_.cut;
    --in_flight_;
    trace_end(message, "cut");
    return;
  }
  Machine& m = machine(message.to);
  const Duration passing = passing_time(message.bytes.size(), port_bandwidth_);
  if (message.from != message.to && !message.within && passing > Duration{}) {
    message.within = true;
    m.port_takes_at = std::max(kernel_.now(), m.port_takes_at) + passing;
    const uint64_t number = message.number;
    schedule(m.port_takes_at, std::move(message), number);
    return;
  }
  if (m.paused) {
    m.waiting.push_back(std::move(message));
  } else {
    deliver(std::move(message));
  }
}

void Network::deliver(Message message) {
  const Machine& m = machine(message.to);
  const bool heard = m.port != nullptr && m.port->listens();
  if (message.from != message.to) {
    ++(heard ? counters_.delivered : counters_.unheard);
    --in_flight_;
    trace_end(message, heard ? "delivered" : "unheard");
  }
  if (heard) m.port->receive(message.from, message.bytes);
}

void Network::trace_end(const Message& message, std::string_view fate) const {
  Trace* const trace = kernel_.trace();
  if (trace == nullptr) return;
  trace->message_ended(message.number, message.from, message.to, fate, kernel_.now());
}

Network::Machine& Network::machine(NodeId node) {
  while (node.value >= machines_.size()) machines_.emplace_back();
  return machines_[node.value];
}

Network::Link& Network::link(NodeId from, NodeId to) {
  auto& links = machine(from).links;
  if (to.value >= links.size()) links.resize(to.value + 1);
  auto& entry = links[to.value];
  if (entry == nullptr) {
    entry = std::make_unique<Link>(
        Link{.model = &topology_.link(machine(from).place, machine(to).place),
             .delay = kernel_.stream(fmt::format("net/{}>{}", from.value, to.value))});
  }
  return *entry;
}

// When the last byte has left, if the message joins the queues now.
Instant Network::leave(Machine& sender, Link& link, size_t bytes, Bandwidth bandwidth) {
  Instant left = kernel_.now();
  if (const Duration passing = passing_time(bytes, port_bandwidth_); passing > Duration{}) {
    left = sender.port_sends_at = std::max(left, sender.port_sends_at) + passing;
  }
  if (bandwidth == Bandwidth{INT64_MAX}) return left;
  link.free_at = std::max(left, link.free_at) + passing_time(bytes, bandwidth);
  return link.free_at;
}

bool Network::covers(const std::vector<Barrier>& barriers, NodeId from, NodeId to) {
  return std::ranges::any_of(barriers, [&](const Barrier& barrier) {
    return barrier.links.contains(from, to) ||
           (barrier.directions == Directions::kBothWays && barrier.links.contains(to, from));
  });
}

const Network::Impairment* Network::impairment(NodeId from, NodeId to) const {
  for (auto entry = impairments_.rbegin(); entry != impairments_.rend(); ++entry) {
    if (entry->links.contains(from, to)) return &*entry;
  }
  return nullptr;
}

bool Network::happens(Probability p, std::optional<Random>& stream, NodeId from, NodeId to,
                      const char* name) const {
  if (p.ppb == 0) return false;
  if (!stream) stream = kernel_.stream(fmt::format("net/{}>{}/{}", from.value, to.value, name));
  return stream->chance(p);
}

}  // namespace revenant::sim
