// The one-way delay of a message: the distribution of NetworkOptions, ready to draw from.
#pragma once

#include "engine/base/random.h"
#include "sim/net/options.h"

namespace revenant::sim {

class Delay {
 public:
  // No draw exceeds this: heavy tails reach absurd values once in 10^10 messages.
  static constexpr Duration kMax = hours(1);

  // `options` must be sound (NetworkOptions::check).
  explicit Delay(const NetworkOptions& options);

  // One draw, rounded down to a nanosecond. Draws nothing where the distribution has no width.
  Duration draw(Random& random) const;

 private:
  DelayDistribution distribution_;
  Duration least_, mean_;
  double log_mean_ = 0, sigma_ = 0;  // lognormal: of the part above least_
  double shape_ = 0;                 // Pareto
};

}  // namespace revenant::sim
