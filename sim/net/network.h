// The network between all machines: datagrams that arrive late, twice, out of order or not at all.
//
//   send ──> cut? ──> port ──> the link's queue ──> lost? ──> delay + lag ──┐
//                     (bandwidth of each)           twice?    of each copy  │
//                                                   held back?              │
//   ┌───────────────────────────────────────────────────────────────────────┘
//   └──> clogged? ──> cut? ──> port ──> paused? ──> receiver
//        until heal                     until resume
//
// Randomness. Each directed link draws from streams of its own: "net/3>5" for delays,
// "net/3>5/loss", "net/3>5/duplication" (its copies' delays too) and "net/3>5/reordering" (for how
// long too) for those classes. So the delay
// of the n-th message on a link does not depend on what other links carry, on cuts, or on whether
// loss and duplication are on. A class that is off draws nothing.
//
// Cuts, clogs and impairments are fault entries with an identity: any number may hold at once,
// between any sets of machines. A message is lost if a cut covers its link when it is sent or when
// it would arrive; a cut shorter than the delay can therefore be missed by a message in flight. What
// arrives over a clogged link is held, and all of it delivered at once, in order of arrival, when no
// clog covers the link any more (FoundationDB's clogging).
//
// Simplifications. Delays are independent from message to message: no congestion beyond the link's
// own queue and the two machines' ports, and no slow periods. Ports and links pass messages whole, one
// after the other in the order in which they come, as a switch that stores and forwards. Messages
// carry no header bytes and have no greatest size; packets are only counted, a lost one is not sent
// again. Links, ports and paused machines hold queues without bound.
// There are no connections: a message reaches whatever process listens on the machine when it
// arrives, even one started after it was sent, so answers must be told apart by their content.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/random.h"
#include "engine/env/transport.h"
#include "sim/kernel/kernel.h"
#include "sim/net/link_set.h"
#include "sim/net/options.h"
#include "sim/net/topology.h"

namespace revenant::sim {

// Messages between different machines: sent + duplicated = delivered + lost + cut + unheard +
// in_flight().
struct NetworkCounters {
  uint64_t sent = 0;
  uint64_t duplicated = 0;  // second copies
  uint64_t delivered = 0;   // handed to a receiver, copies counted
  uint64_t lost = 0;        // by chance
  uint64_t cut = 0;
  uint64_t reordered = 0;  // held back; counted again with what became of them
  uint64_t clogged = 0;    // held for a while; counted again with what became of them
  uint64_t unheard = 0;    // reached a machine without a listening process
  uint64_t bytes = 0;      // of those sent
  uint64_t local = 0;      // sent by a machine to itself: in no other count
};

enum class Directions : uint8_t { kOneWay, kBothWays };

// A cut, a clog or an impairment.
struct LinkFaultId {
  uint64_t value = 0;
};

class Network {
 public:
  // `kernel` outlives the network; the network outlives its transports and the events it schedules.
  Network(Kernel& kernel, const NetworkOptions& options);
  ~Network();
  Network(const Network&) = delete;

  // The transport of the process now running on a machine; one at a time. Destroying it detaches
  // the machine; a receiver must not destroy its own.
  std::unique_ptr<env::Transport> attach(NodeId self);
  // The machine's process is dead from now on: what arrives for it, or waits for it to resume, is
  // dropped, and sends through its transport do nothing. Ends a pause. No effect on a machine that
  // is not attached.
  void detach(NodeId node);

  // Where a machine stands: before it sends or is sent anything. Those not placed stand together.
  void place(NodeId node, Place place) { machine(node).place = place; }

  // --- faults ---
  // Machines in both sets keep their link to themselves.
  LinkFaultId cut(const std::vector<NodeId>& from, const std::vector<NodeId>& to, Directions);
  LinkFaultId clog(const std::vector<NodeId>& from, const std::vector<NodeId>& to, Directions);
  // Replaces the network's chances, and its bandwidth if one is given, on the links from `from` to
  // `to`. Where several hold, the one begun last counts.
  LinkFaultId impair(const std::vector<NodeId>& from, const std::vector<NodeId>& to, LinkChances,
                     std::optional<Bandwidth> bandwidth = std::nullopt);
  // Ends a fault that is in force; not from within a task.
  void heal(LinkFaultId fault);

  // Adds to the delay of every message sent to `node` by another machine from now on; a negative
  // `change` takes it back. The sum must not be negative.
  void add_lag(NodeId node, Duration change);

  // What arrives for a paused machine waits, in its order of arrival, and is delivered within
  // resume(). A pause is of the process: without one it has no effect. Neither call has an effect
  // the second time.
  void pause(NodeId node);
  void resume(NodeId node);  // not from within a task

  // --- figures ---
  const NetworkCounters& counters() const { return counters_; }
  uint64_t in_flight() const {
    return in_flight_;
  }  // between machines, those held by clogs or waiting at paused ones included

 private:
  class Port;

  struct Message {
    uint64_t number;  // of those sent between machines; its second copy has the same
    NodeId from, to;
    Buffer bytes;
    bool within = false;  // has passed the receiver's port
  };
  struct Link {
    const LinkModel* model;
    Random delay;
    std::optional<Random> loss{}, duplication{}, reordering{};
    Instant free_at{};       // when the last byte sent so far has left
    Instant last_arrival{};  // of those sent so far in order
  };
  struct Machine {
    Place place;
    Instant port_sends_at, port_takes_at;  // when its port is free, each way
    Port* port = nullptr;                  // null while no process listens
    Duration lag;
    bool paused = false;
    std::deque<Message> waiting;               // while paused
    std::vector<std::unique_ptr<Link>> links;  // by receiver; null until first used
  };
  // A cut or a clog.
  struct Barrier {
    uint64_t id;
    LinkSet links;
    Directions directions;
  };
  struct Impairment {
    uint64_t id;
    LinkSet links;
    LinkChances chances;
    std::optional<Bandwidth> bandwidth;
  };

  void send(NodeId from, NodeId to, Buffer bytes, env::MessageKind kind);
  void schedule(Instant arrival, Message message, uint64_t digest);
  void trace_end(const Message& message, std::string_view fate) const;
  void arrive(uint32_t slot);
  void release();
  void hand_over(Message message);
  void deliver(Message message);

  Machine& machine(NodeId node);
  Link& link(NodeId from, NodeId to);
  Instant leave(Machine& sender, Link& link, size_t bytes, Bandwidth bandwidth);
  static bool covers(const std::vector<Barrier>& barriers, NodeId from, NodeId to);
  const Impairment* impairment(NodeId from, NodeId to) const;
  bool happens(Probability p, std::optional<Random>& stream, NodeId from, NodeId to,
               const char* name) const;

  Kernel& kernel_;
  const Topology topology_;
  const Bandwidth port_bandwidth_;

  std::deque<Machine>
      machines_;  // by id; a deque, as receivers send and machines appear during a delivery
  std::vector<Barrier> cuts_, clogs_;
  std::vector<Message> held_;  // by clogs, in order of arrival
  std::vector<Impairment> impairments_;
  uint64_t last_fault_ = 0;

  // In-flight messages stay in slots that are used again, so that an event carries no more than a
  // number.
  std::vector<Message> slots_;
  std::vector<uint32_t> free_slots_;

  uint64_t in_flight_ = 0;
  NetworkCounters counters_;
};

}  // namespace revenant::sim
