#include "analysis/stats/estimate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "analysis/stats/quantile.h"
#include "engine/base/check.h"

namespace revenant::stats {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// The probability below the upper end of a two-sided interval.
double upper_probability(double confidence) {
  CHECK(confidence > 0 && confidence < 1, "confidence={}", confidence);
  return 1 - (1 - confidence) / 2;
}

}  // namespace

MeanEstimate estimate_mean(const Sample& sample, double confidence) {
  CHECK(sample.allFinite());
  MeanEstimate result{sample.size(), kUnknown, kUnknown, {kUnknown, kUnknown}};
  if (result.n == 0) return result;
  // Equal members have exactly their own value as mean; a rounded sum would invent a deviation.
  const bool constant = sample.maxCoeff() == sample.minCoeff();
  result.mean = constant ? sample[0] : sample.mean();
  if (result.n == 1) return result;

  const auto n = static_cast<double>(result.n);
  result.deviation = std::sqrt((sample.array() - result.mean).square().sum() / (n - 1));
  const double half_width =
      student_t_quantile(upper_probability(confidence), n - 1) * result.deviation / std::sqrt(n);
  result.interval = {result.mean - half_width, result.mean + half_width};
  return result;
}

MeanEstimate estimate_difference(const Sample& before, const Sample& after, double confidence) {
  CHECK(before.size() == after.size(), "before={} after={}", before.size(), after.size());
  return estimate_mean(after - before, confidence);
}

bool excludes_zero(const MeanEstimate& difference) {
  return difference.interval.low > 0 || difference.interval.high < 0;
}

ShareEstimate estimate_share(int64_t successes, int64_t n, double confidence) {
  CHECK(0 <= successes && successes <= n, "successes={} n={}", successes, n);
  if (n == 0) return {0, 0, kUnknown, {0, 1}};
  const double z = normal_quantile(upper_probability(confidence));
  const auto trials = static_cast<double>(n);
  const double share = static_cast<double>(successes) / trials;
  const double scale = 1 + z * z / trials;
  const double center = (share + z * z / (2 * trials)) / scale;
  const double half_width =
      z / scale * std::sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials));
  // At none and at all of n the formula ends at 0 and at 1 but for rounding.
  return {successes,
          n,
          share,
          {successes == 0 ? 0.0 : std::max(0.0, center - half_width),
           successes == n ? 1.0 : std::min(1.0, center + half_width)}};
}

double percentile(const Sample& sample, double percent) {
  CHECK(sample.size() > 0);
  CHECK(percent >= 0 && percent <= 100, "percent={}", percent);
  std::vector<double> members(sample.begin(), sample.end());
  const auto n = static_cast<double>(members.size());
  // percent · n first: 95 · 20 / 100 is 19 exactly, 0.95 · 20 may lie above it.
  const auto rank = static_cast<std::ptrdiff_t>(std::ceil(percent * n / 100));
  const auto nth = members.begin() + std::max<std::ptrdiff_t>(rank, 1) - 1;
  std::nth_element(members.begin(), nth, members.end());
  return *nth;
}

}  // namespace revenant::stats
