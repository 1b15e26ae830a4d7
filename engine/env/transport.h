// Datagrams between machines: delivered late, twice, out of order or not at all.
#pragma once

#include <functional>

#include "engine/base/bytes.h"
#include "engine/base/ids.h"

namespace revenant::env {

class Transport {
 public:
  virtual ~Transport() = default;
  virtual NodeId self() const = 0;
  // Returns at once. `to` may be this node: then it arrives without the network, at this instant or
  // later.
  virtual void send(NodeId to, Buffer message) = 0;
  // Called for each message that arrives, in a task-free context: it must not suspend (spawn a task
  // for that).
  virtual void set_receiver(std::function<void(NodeId from, Bytes message)> receiver) = 0;
};

}  // namespace revenant::env
