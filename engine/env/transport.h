// Datagrams between machines: delivered late, twice, out of order or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "engine/base/bytes.h"
#include "engine/base/ids.h"

namespace revenant::env {

// What a message is for, as far as a network may care: PBS (Bailis et al. 2012) tells the four legs
// of replication apart, W, A, R and S, as each waits for other work of the machine that sends it.
enum class MessageKind : uint8_t {
  kOther,          // clients, heartbeats, repair
  kWriteRequest,   // W: a coordinator, or whoever brings old writes, to a replica
  kWriteResponse,  // A
  kReadRequest,    // R
  kReadResponse,   // S
};
inline constexpr size_t kMessageKinds = 5;

class Transport {
 public:
  virtual ~Transport() = default;
  virtual NodeId self() const = 0;
  // Returns at once. `to` may be this node: then it arrives without the network, at this instant or
  // later.
  virtual void send(NodeId to, Buffer message, MessageKind kind) = 0;
  // Called for each message that arrives, in a task-free context: it must not suspend (spawn a task
  // for that).
  virtual void set_receiver(std::function<void(NodeId from, Bytes message)> receiver) = 0;
};

}  // namespace revenant::env
