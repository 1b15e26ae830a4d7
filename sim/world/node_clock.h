// A node's clock: virtual time seen through a wrong watch.
//
//   now() = virtual time + kNodeEpoch + offset + drift × (virtual time since the drift was set)
//           + slewed so far
//
// Simplifications. monotonic() is virtual time itself: it neither drifts nor shows when the machine
// started, so time-outs and periods last exactly as long on every node. The time of day has the
// kernel's resolution of a nanosecond, and it drifts at a constant rate between faults. What
// disciplines it is clock_discipline.h.
#pragma once

#include "engine/base/time.h"
#include "engine/env/clock.h"
#include "sim/kernel/kernel.h"
#include "sim/scenario/scenario.h"

namespace revenant::sim {

// Virtual time 0 on a right watch. Far from 0, so that no clock that is behind stamps a time before
// its epoch.
inline constexpr Duration kNodeEpoch = days(1000);

class NodeClock final : public env::Clock {
 public:
  // Exclusive, both ways: a clock goes forward, and less than twice as fast as time.
  static constexpr int64_t kDriftPpmLimit = 1'000'000;

  // `kernel` outlives the clock. The drift counts from now.
  explicit NodeClock(const Kernel& kernel, Duration offset = {}, int64_t drift_ppm = 0);
  // As wrong as `options` let it be, by the random stream "clock/ID".
  static NodeClock drawn(const Kernel& kernel, NodeId id, const ClockOptions& options);

  Instant now() const override;
  Instant monotonic() const override;

  // Moves the hands by `change`: the one way in which time of day goes back.
  void step(Duration change);
  // Gains (or loses) so many microseconds per second from now on; within the limit.
  void set_drift(int64_t ppm);
  int64_t drift_ppm() const { return drift_ppm_; }

  // Gains `amount` (or loses it) little by little, `ppm` microseconds per second besides the drift,
  // until it is done or the next slew takes its place. ppm > 0; with the drift within the limit.
  void slew(Duration amount, int64_t ppm);

  // How far ahead of a right watch it is now.
  Duration error() const;
  // How far it has been at least and at most, up to now.
  struct Errors {
    Duration least, most;
  };
  Errors errors() const;

 private:
  const Kernel& kernel_;
  Instant set_at_;   // virtual time of the last setting
  Duration offset_;  // at that time
  int64_t drift_ppm_;
  Instant slew_at_;
  Duration slew_amount_;
  int64_t slew_ppm_ = 0;
  Errors errors_;  // up to the last setting, between which an error only grows or only shrinks

  Duration slewed() const;
};

}  // namespace revenant::sim
