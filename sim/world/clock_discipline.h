// What happens to a node's clock by itself: sudden steps, and NTP, which sets it right.
//
//   error                      step (random, or a fault's)
//     │        ┌─────────┐     │   ╲ slewed at slew_ppm from the next poll on,
//     │  drift │         │ step│    ╲        until nothing is left of it
//     └────────┘         └─────┘     ╲______
//            poll       poll        poll     a measured error above step_threshold is stepped away
//
// At each poll NTP learns the clock's error up to a uniform draw of error_max either way. Larger
// errors than step_threshold are stepped away at once, others slewed. Defaults are ntpd's (RFC 5905):
// a poll every 64 s (minpoll 6), 128 ms, 500 ppm.
//
// Simplifications. NTP corrects the time and never learns the frequency: between polls a clock
// drifts as it did. There is one server, always reachable; a node that is down or paused is
// disciplined all the same, as its operating system goes on.
#pragma once

#include <optional>

#include "sim/world/node_clock.h"

namespace revenant::sim {

class ClockDiscipline {
 public:
  // Draws from "clock/ID/steps" and "clock/ID/ntp"; nothing for what is off. All outlive it.
  ClockDiscipline(Kernel& kernel, NodeId id, NodeClock& clock, const ClockOptions& options);
  ~ClockDiscipline();
  ClockDiscipline(const ClockDiscipline&) = delete;

  uint64_t steps() const { return steps_; }          // random ones
  uint64_t ntp_steps() const { return ntp_steps_; }  // NTP's
  uint64_t ntp_slews() const { return ntp_slews_; }

 private:
  void schedule_step();
  void schedule_poll();
  void poll();

  Kernel& kernel_;
  const NodeId id_;
  NodeClock& clock_;
  const ClockOptions options_;
  std::optional<Random> step_random_, ntp_random_;
  EventId next_step_, next_poll_;
  uint64_t steps_ = 0, ntp_steps_ = 0, ntp_slews_ = 0;
};

}  // namespace revenant::sim
