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

Delay::Delay(const DelayOptions& options)
    : distribution_(options.delay),
      least_(options.delay_min),
      mean_(options.delay_mean),
      added_(options.delay_added),
      body_(options.delay_body),
      tail_mean_(options.delay_tail_mean),
      quantiles_(options.delay_quantiles) {
  CHECK(options.check().has_value(), "{}", options.check().error());
  const auto excess = static_cast<double>((mean_ - least_).ns);
  switch (distribution_) {
    case DelayDistribution::kLognormal:
      // The mean of a lognormal is exp(mu + sigma^2 / 2).
      sigma_ = options.delay_sigma;
      if (excess > 0) log_mean_ = portable::log(excess) - sigma_ * sigma_ / 2;
      break;
    case DelayDistribution::kPareto:
      // The mean of a Pareto of scale m and shape a > 1 is a * m / (a - 1).
      if (excess > 0) shape_ = static_cast<double>(mean_.ns) / excess;
      break;
    case DelayDistribution::kParetoExponential:
      shape_ = options.delay_shape;
      return;
    case DelayDistribution::kEmpirical:
      return;
    case DelayDistribution::kConstant:
    case DelayDistribution::kUniform:
    case DelayDistribution::kExponential:
      break;
  }
  if (mean_ == least_) distribution_ = DelayDistribution::kConstant;
}

Duration Delay::distributed(Random& random) const {
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
    case DelayDistribution::kParetoExponential:
      return mixed(random);
    case DelayDistribution::kEmpirical:
      return interpolated(random);
  }
  CHECK(false, "distribution={}", static_cast<int>(distribution_));
}

Duration Delay::mixed(Random& random) const {
  const bool of_body = random.chance(body_);
  if (of_body) return bounded(random.pareto(static_cast<double>(least_.ns), shape_));
  return std::min(random.exponential(tail_mean_), kMax);
}

Duration Delay::interpolated(Random& random) const {
  const auto& points = quantiles_.points;
  if (points.size() == 1) return points[0].second;
  const double level = random.unit() * 1e9;
  const auto above = std::ranges::upper_bound(
      points, level, {}, [](const auto& point) { return static_cast<double>(point.first.ppb); });
  if (above == points.begin()) return points.front().second;
  if (above == points.end()) return points.back().second;
  const auto& [low, low_delay] = *(above - 1);
  const auto& [high, high_delay] = *above;
  const double share =
      (level - static_cast<double>(low.ppb)) / static_cast<double>(high.ppb - low.ppb);
  const auto width = static_cast<double>((high_delay - low_delay).ns);
  return std::min(low_delay + Duration{static_cast<int64_t>(share * width)}, kMax);
}

Result<void> DelayOptions::check() const {
  using enum DelayDistribution;
  if (delay_min.ns < 0) return error(ErrorCode::kInvalid, "delay_min is negative");
  if (delay_added > kDelayMeanMax) {
    return error(ErrorCode::kInvalid, "delay_added ({}) is above {}", delay_added, kDelayMeanMax);
  }
  if (delay == kEmpirical) {
    if (!delay_quantiles.points.empty()) return {};
    return error(ErrorCode::kInvalid, "delay \"empirical\" needs delay_quantiles");
  }
  if (delay == kParetoExponential) {
    if (delay_body.ppb > 0 && delay_min.ns == 0) {
      return error(ErrorCode::kInvalid,
                   "delay \"pareto_exponential\" needs a delay_min above 0: it is the scale");
    }
    if (delay_tail_mean <= kDelayMeanMax) return {};
    return error(ErrorCode::kInvalid, "delay_tail_mean ({}) is above {}", delay_tail_mean,
                 kDelayMeanMax);
  }
  if (delay_mean < delay_min) {
    return error(ErrorCode::kInvalid, "delay_mean ({}) is below delay_min ({})", delay_mean,
                 delay_min);
  }
  if (delay_mean > kDelayMeanMax) {
    return error(ErrorCode::kInvalid, "delay_mean ({}) is above {}", delay_mean, kDelayMeanMax);
  }
  if (delay == kPareto && delay_min.ns == 0) {
    return error(ErrorCode::kInvalid,
                 "delay \"pareto\" needs a delay_min above 0: it is the scale");
  }
  return {};
}

bool DelayOptions::is_zero() const {
  using enum DelayDistribution;
  if (delay_added > Duration{}) return false;
  if (delay == kEmpirical) {
    return delay_quantiles.points.empty() || delay_quantiles.points.back().second == Duration{};
  }
  if (delay == kParetoExponential) return delay_body.ppb == 0 && delay_tail_mean == Duration{};
  return delay_mean == Duration{};
}

}  // namespace revenant::sim
