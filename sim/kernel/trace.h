// What a run shows of itself while it runs, for a trace. A trace only watches: it never draws,
// schedules or takes a sequence number, so a run is the same with one or without.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/ids.h"
#include "engine/base/time.h"
#include "engine/env/tasks.h"

namespace revenant::sim {

class Trace {
 public:
  virtual ~Trace() = default;

  // All times are the kernel's.
  virtual void task_began(NodeId node, env::TaskId task, const char* name, Instant at) = 0;
  virtual void task_ended(NodeId node, env::TaskId task, const char* name, Instant at) = 0;

  // A device took an operation in at `submitted`; barring a power loss it finishes at `finished`.
  virtual void disk_operation(NodeId node, std::string_view kind, uint64_t bytes, Instant submitted,
                              Instant finished) = 0;

  // `message` names it for ever, its second copy too.
  virtual void message_sent(uint64_t message, NodeId from, NodeId to, Bytes bytes, Instant at) = 0;
  // It is held back by so much, so that later ones may overtake it. After message_sent.
  virtual void message_held_back(uint64_t message, NodeId from, Duration by, Instant at) = 0;
  // `fate`: "delivered", "lost", "cut", "unheard".
  virtual void message_ended(uint64_t message, NodeId from, NodeId to, std::string_view fate,
                             Instant at) = 0;

  // A core of the node's processor spends [from, to) on a message that waited since `arrived`.
  virtual void message_handled(NodeId node, uint64_t bytes, Instant arrived, Instant from,
                               Instant to) = 0;
  // NTP found the node's clock so far ahead, and corrects it. `how`: "step", "slew".
  virtual void clock_corrected(NodeId node, std::string_view how, Duration ahead, Instant at) = 0;
};

}  // namespace revenant::sim
