// When the next operation begins.
//
//   open loop     operation ─gap─ operation ─gap─ operation     arrivals are a Poisson process
//   closed loop   operation … answer ─pause─ operation … answer  one at a time per client
#pragma once

#include "engine/base/random.h"

namespace revenant::sim {

class Arrivals {
 public:
  // Longer than any run. The gap of a rate of 0, and the longest of all.
  static constexpr Duration kGapMax = days(36'500);

  // Exponential gaps with mean 1 / rate, each from one operation to the next of the whole workload.
  static Arrivals open(Rate rate) { return Arrivals(rate.per_second, {}); }
  // A constant pause from an answer to the same client's next operation. Draws nothing.
  static Arrivals closed(Duration think_time) { return Arrivals(0, think_time, true); }

  bool is_closed() const { return closed_; }
  // The parts of a nanosecond that rounding leaves are carried to the next gap, so that high rates
  // are met as well.
  Duration gap(Random& random);

 private:
  Arrivals(double per_second, Duration think_time, bool closed = false)
      : closed_(closed), per_second_(per_second), think_time_(think_time) {}

  bool closed_;
  double per_second_;
  Duration think_time_;
  double carry_ns_ = 0;
};

}  // namespace revenant::sim
