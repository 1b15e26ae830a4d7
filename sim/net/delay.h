// The one-way delay of a message: the distribution of DelayOptions, ready to draw from.
#pragma once

#include "engine/base/random.h"
#include "sim/net/delay_options.h"

namespace revenant::sim {

class Delay {
 public:
  // No draw exceeds this (what is added to it apart): heavy tails reach absurd values once in 10^10
  // messages.
  static constexpr Duration kMax = hours(1);

  // `options` must be sound (DelayOptions::check).
  explicit Delay(const DelayOptions& options);

  // One draw, rounded down to a nanosecond. Draws nothing where the distribution has no width.
  Duration draw(Random& random) const { return added_ + distributed(random); }

 private:
  Duration distributed(Random& random) const;
  Duration mixed(Random& random) const;
  Duration interpolated(Random& random) const;

  DelayDistribution distribution_;
  Duration least_, mean_, added_;
  double log_mean_ = 0, sigma_ = 0;  // lognormal: of the part above least_
  double shape_ = 0;                 // Pareto
  Probability body_;                 // mixture
  Duration tail_mean_;
  Quantiles quantiles_;
};

}  // namespace revenant::sim
