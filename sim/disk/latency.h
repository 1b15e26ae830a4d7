// How long an operation's latency is: its mean by the distribution of DiskOptions.
//
//   floor * mean, and a rest of mean (1 - floor) * mean: uniform, exponential or lognormal
#pragma once

#include "engine/base/random.h"
#include "sim/disk/options.h"

namespace revenant::sim {

class Latency {
 public:
  // No draw exceeds this: heavy tails reach absurd values once in 10^10 operations.
  static constexpr Duration kMax = minutes(10);

  Latency(const DiskOptions& options, Random random);

  // One draw for an operation of this mean, rounded down to a nanosecond. Draws nothing where the
  // distribution has no width.
  Duration draw(Duration mean);

 private:
  const LatencyDistribution distribution_;
  const double floor_, sigma_;
  Random random_;
};

}  // namespace revenant::sim
