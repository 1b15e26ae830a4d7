#include "engine/replication/messenger.h"

#include "engine/base/check.h"

namespace revenant::replication {
namespace {

env::MessageKind kind_of(Verb request) {
  switch (request) {
    case Verb::kApply:
      return env::MessageKind::kWriteRequest;
    case Verb::kRead:
    case Verb::kReadDigest:
    case Verb::kReadRange:
      return env::MessageKind::kReadRequest;
    default:
      return env::MessageKind::kOther;
  }
}

}  // namespace

// Ids of an earlier life of this node must not come up again: an answer to a forgotten request
// would be taken for one to a new request. Time has passed since, so serials that start from it do
// not repeat.
Messenger::Messenger(env::Environment environment, env::Transport& transport,
                     std::function<void(NodeId)> on_heard, HybridClock* hybrid)
    : environment_(environment),
      transport_(transport),
      on_heard_(std::move(on_heard)),
      hybrid_(hybrid),
      next_serial_(static_cast<uint64_t>(environment.clock.monotonic().ns) >> 10) {
  transport_.set_receiver([this](NodeId from, Bytes message) { receive(from, message); });
}

void Messenger::serve(Verb verb, RequestHandler handler) {
  CHECK(static_cast<size_t>(verb) < kVerbs);
  handlers_[static_cast<size_t>(verb)] = std::move(handler);
}

Messenger::Call::Call(Messenger& messenger, ReplyHandler& handler) : messenger_(messenger) {
  uint32_t slot;
  if (messenger.free_slots_.empty()) {
    slot = static_cast<uint32_t>(messenger.slots_.size());
    CHECK(slot < 1u << kSlotBits);
    messenger.slots_.emplace_back();
  } else {
    slot = messenger.free_slots_.back();
    messenger.free_slots_.pop_back();
  }
  id_ = messenger.next_serial_++ << kSlotBits | slot;
  messenger.slots_[slot] = {&handler, id_};
}

Messenger::Call::~Call() {
  const auto slot = static_cast<uint32_t>(id_ & ((1u << kSlotBits) - 1));
  messenger_.slots_[slot] = {};
  messenger_.free_slots_.push_back(slot);
}

void Messenger::send(NodeId to, Verb verb, uint64_t id, Bytes body) {
  send(to, verb, kind_of(verb), id, body);
}

void Messenger::send(NodeId to, Verb verb, env::MessageKind kind, uint64_t id, Bytes body) {
  Buffer message;
  message.reserve(body.size() + 19);
  message.push_back(static_cast<char>(verb));
  put_varint(message, id);
  if (hybrid_ != nullptr) put_fixed(message, hybrid_->next().value);
  message.append(body);
  transport_.send(to, std::move(message), kind);
}

void Messenger::receive(NodeId from, Bytes message) {
  if (on_heard_) on_heard_(from);
  Decoder in(message);
  const auto verb = static_cast<Verb>(in.fixed<uint8_t>());
  const uint64_t id = in.varint();
  const Version stamp{hybrid_ == nullptr ? 0 : in.fixed<uint64_t>()};
  if (in.failed()) return;
  if (hybrid_ != nullptr) hybrid_->heard(stamp);
  if (verb == Verb::kReply) {
    const uint64_t slot = id & ((1u << kSlotBits) - 1);
    if (slot < slots_.size() && slots_[slot].id == id && slots_[slot].handler != nullptr) {
      slots_[slot].handler->on_reply(from, in.rest());
    }
    return;
  }
  if (static_cast<size_t>(verb) >= kVerbs || !handlers_[static_cast<size_t>(verb)]) return;
  environment_.tasks.spawn("request", [this, verb, from, id, body = Buffer(in.rest())] {
    handlers_[static_cast<size_t>(verb)](from, id, body);
  });
}

}  // namespace revenant::replication
