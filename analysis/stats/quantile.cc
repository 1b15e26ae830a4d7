#include "analysis/stats/quantile.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "engine/base/check.h"

namespace revenant::stats {
namespace {

// The continued fraction of the incomplete beta function (Abramowitz & Stegun 26.5.8; NIST
// DLMF 8.17.22), evaluated from the front by Lentz's method in Thompson and Barnett's form.
// Converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny =
      std::numeric_limits<double>::min() / std::numeric_limits<double>::epsilon();
  constexpr double kPrecision = std::numeric_limits<double>::epsilon();
  constexpr int kTermsMax = 10'000;  // O(sqrt(max(a, b))) are needed
  const auto nonzero = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };

  double c = 1;
  double d = 1 / nonzero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m <= kTermsMax; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonzero(1 + even * d);
    c = nonzero(1 + even / c);
    fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonzero(1 + odd * d);
    c = nonzero(1 + odd / c);
    fraction *= d * c;
    if (std::abs(d * c - 1) <= 3 * kPrecision) return fraction;
  }
  CHECK(false, "the continued fraction does not converge: a={} b={} x={}", a, b, x);
}

// I_x(a, b), the regularized incomplete beta function.
double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a
                                   : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

// P(T > t) for t >= 0 (Abramowitz & Stegun 26.7.1): half of I_x(degrees/2, 1/2) at x = degrees /
// (degrees + t²).
double student_t_tail(double t, double degrees) {
  return incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2;
}

double normal_tail(double z) { return std::erfc(z / std::numbers::sqrt2) / 2; }

// The x >= 0 where the decreasing `tail` takes the value `probability`, to the last bits of a
// double.
template <typename Tail>
double invert_tail(const Tail& tail, double probability) {
  double low = 0, high = 1;
  while (tail(high) > probability) {
    low = high;
    high *= 2;
  }
  for (;;) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return middle;
    (tail(middle) > probability ? low : high) = middle;
  }
}

// Both distributions are symmetric about zero, so that one tail serves both halves at full
// precision.
template <typename Tail>
double symmetric_quantile(const Tail& tail, double probability) {
  CHECK(probability > 0 && probability < 1, "probability={}", probability);
  if (probability == 0.5) return 0;
  return probability < 0.5 ? -invert_tail(tail, probability) : invert_tail(tail, 1 - probability);
}

}  // namespace

double student_t_quantile(double probability, double degrees) {
  CHECK(degrees > 0, "degrees={}", degrees);
  return symmetric_quantile([&](double t) { return student_t_tail(t, degrees); }, probability);
}

double normal_quantile(double probability) { return symmetric_quantile(normal_tail, probability); }

}  // namespace revenant::stats
