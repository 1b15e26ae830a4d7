#include "sim/disk/latency.h"

#include <algorithm>
#include <utility>

namespace revenant::sim {

Latency::Latency(const DiskOptions& options, Random random)
    : distribution_(options.latency_floor < 1 ? options.latency : LatencyDistribution::kConstant),
      floor_(options.latency_floor),
      sigma_(options.latency_sigma),
      random_(std::move(random)) {}

Duration Latency::draw(Duration mean) {
  if (distribution_ == LatencyDistribution::kConstant || mean.ns == 0) return mean;
  const double least = floor_ * static_cast<double>(mean.ns);
  const double rest = static_cast<double>(mean.ns) - least;
  double drawn = 0;
  switch (distribution_) {
    case LatencyDistribution::kConstant:
      break;
    case LatencyDistribution::kUniform:
      drawn = 2 * rest * random_.unit();
      break;
    case LatencyDistribution::kExponential:
      drawn = random_.exponential(rest);
      break;
    case LatencyDistribution::kLognormal:
      // A lognormal's mean is exp(mu + sigma^2 / 2): this one's is 1.
      drawn = rest * random_.lognormal(-sigma_ * sigma_ / 2, sigma_);
      break;
  }
  return Duration{static_cast<int64_t>(std::min(least + drawn, static_cast<double>(kMax.ns)))};
}

}  // namespace revenant::sim
