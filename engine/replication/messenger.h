// Requests and answers over datagrams: hands out request ids, brings answers to whoever waits for
// them, and starts a task for each request that arrives.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "engine/env/environment.h"
#include "engine/env/transport.h"
#include "engine/replication/hybrid_clock.h"
#include "engine/replication/messages.h"

namespace revenant::replication {

// Takes the answers to one request (which may have gone to several nodes). Called outside tasks:
// must not suspend.
class ReplyHandler {
 public:
  virtual void on_reply(NodeId from, Bytes body) = 0;

 protected:
  ~ReplyHandler() = default;
};

class Messenger {
 public:
  // `on_heard` is called for each datagram that arrives, before anything else is done with it. With
  // a hybrid clock, which outlives the messenger, datagrams carry its stamps: all members of a
  // cluster and their clients have one, or none.
  Messenger(env::Environment environment, env::Transport& transport,
            std::function<void(NodeId)> on_heard = nullptr, HybridClock* hybrid = nullptr);
  Messenger(const Messenger&) = delete;

  // Requests of this verb run `handler` in a task each; it answers with reply() or not at all.
  using RequestHandler = std::function<void(NodeId from, uint64_t id, Bytes body)>;
  void serve(Verb verb, RequestHandler handler);

  // While it lives, answers to its id reach `handler`.
  class Call {
   public:
    Call(Messenger& messenger, ReplyHandler& handler);
    ~Call();
    Call(const Call&) = delete;
    uint64_t id() const { return id_; }

   private:
    Messenger& messenger_;
    uint64_t id_;
  };

  void send(NodeId to, Verb verb, uint64_t id, Bytes body);
  void reply(NodeId to, uint64_t id, Bytes body, env::MessageKind kind = env::MessageKind::kOther) {
    send(to, Verb::kReply, kind, id, body);
  }

  NodeId self() const { return transport_.self(); }

 private:
  static constexpr size_t kVerbs = 32;
  static constexpr unsigned kSlotBits = 20;  // at most 2^20 requests wait at once
  struct Slot {
    ReplyHandler* handler = nullptr;
    uint64_t id = 0;
  };

  void send(NodeId to, Verb verb, env::MessageKind kind, uint64_t id, Bytes body);
  void receive(NodeId from, Bytes message);

  env::Environment environment_;
  env::Transport& transport_;
  std::function<void(NodeId)> on_heard_;
  HybridClock* hybrid_;
  std::array<RequestHandler, kVerbs> handlers_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  uint64_t next_serial_;
};

}  // namespace revenant::replication
