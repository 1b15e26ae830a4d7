#include "sim/net/delay.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/portable_math.h"

namespace revenant::sim {
namespace {

Duration bounded(double ns) {
  return ns < static_cast<double>(Delay::kMax.ns) ? Duration{static_cast<int64_t>(ns)}
                                                  : Delay::kMax;
}

}  // namespace

Delay::Delay(const NetworkOptions& options)
    : distribution_(options.delay), least_(options.delay_min), mean_(options.delay_mean) {
  CHECK(options.check().has_value(), "{}", options.check().error());
  if (mean_ == least_) distribution_ = DelayDistribution::kConstant;
  const auto excess = static_cast<double>((mean_ - least_).ns);
  switch (distribution_) {
    case DelayDistribution::kLognormal:
      // The mean of a lognormal is exp(mu + sigma^2 / 2).
      sigma_ = options.delay_sigma;
      log_mean_ = portable::log(excess) - sigma_ * sigma_ / 2;
      break;
    case DelayDistribution::kPareto:
      // The mean of a Pareto of scale m and shape a > 1 is a * m / (a - 1).
      shape_ = static_cast<double>(mean_.ns) / excess;
      break;
    case DelayDistribution::kConstant:
    case DelayDistribution::kUniform:
    case DelayDistribution::kExponential:
      break;
  }
}

Duration Delay::draw(Random& random) const {
  switch (distribution_) {
    case DelayDistribution::kConstant:
      return std::min(mean_, kMax);
    case DelayDistribution::kUniform:
      return std::min(Duration{random.between(least_.ns, 2 * mean_.ns - least_.ns)}, kMax);
    case DelayDistribution::kExponential:
      return std::min(least_ + random.exponential(mean_ - least_), kMax);
    case DelayDistribution::kLognormal:
      return std::min(least_ + bounded(random.lognormal(log_mean_, sigma_)), kMax);
    case DelayDistribution::kPareto:
      return bounded(random.pareto(static_cast<double>(least_.ns), shape_));
  }
  CHECK(false, "distribution={}", static_cast<int>(distribution_));
}

}  // namespace revenant::sim
