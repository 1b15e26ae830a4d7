// exp, log and pow: the algorithms and coefficients are those of fdlibm 5.3 (e_exp.c, e_log.c,
// e_pow.c), whose notice is:
//
//   Copyright (C) 1993, 2004 by Sun Microsystems, Inc. All rights reserved.
//   Developed at SunSoft, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and
//   distribute this software is freely granted, provided that this notice is preserved.
//
// Only additions, multiplications, divisions and bit patterns of IEEE doubles, each rounded once.
#include "engine/base/portable_math.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "engine/base/check.h"

namespace revenant::portable {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The upper 32 bits of x: 21 significant ones, so that products of two such numbers are exact.
double high_part(double x) {
  return std::bit_cast<double>(std::bit_cast<uint64_t>(x) & ~uint64_t{0xffffffff});
}

// x times 2^n; n may reach beyond what one exponent can say.
double scale(double x, int n) {
  const auto power = [](int e) {
    return std::bit_cast<double>(static_cast<uint64_t>(1023 + e) << 52);
  };
  if (n > 1023) return x * power(1023) * power(n - 1023);
  // Normal until the last step, so that a subnormal result is rounded once.
  if (n < -1022) return x * power(n + 1022) * power(-1022);
  return x * power(n);
}

// To the nearest integer, halves away from zero; |x| < 2^31.
int nearest(double x) { return static_cast<int>(x + (x < 0 ? -0.5 : 0.5)); }

// x = 2^exponent times mantissa, the mantissa in [1, 2); x > 0.
struct Parts {
  int exponent;
  double mantissa;
};
Parts parts(double x) {
  int exponent = -1023;
  if (x < std::numeric_limits<double>::min()) {
    x *= 0x1p54;
    exponent -= 54;
  }
  const auto bits = std::bit_cast<uint64_t>(x);
  exponent += static_cast<int>(bits >> 52);
  return {exponent, std::bit_cast<double>((bits & 0x000fffffffffffff) | 0x3ff0000000000000)};
}

// R(z) = z - z^2 * P(z^2), from which exp(z) = 1 + 2z / (2 - R(z)); |z| <= ln(2) / 2.
double exp_remainder(double z) {
  constexpr double kP1 = 1.66666666666666019037e-01, kP2 = -2.77777777770155933842e-03,
                   kP3 = 6.61375632143793436117e-05, kP4 = -1.65339022054652515390e-06,
                   kP5 = 4.13813679705723846039e-08;
  const double t = z * z;
  return z - t * (kP1 + t * (kP2 + t * (kP3 + t * (kP4 + t * kP5))));
}

// 2^(high + low), high and low from pow().
double exp2_of_sum(double high, double low) {
  constexpr double kLn2 = 6.93147180559945286227e-01, kLn2High = 6.93147182464599609375e-01,
                   kLn2Low = -1.90465429995776804525e-09;
  const double sum = high + low;
  if (sum >= 1025) return kInfinity;
  if (sum <= -1080) return 0;
  const int n = nearest(sum);
  high -= n;
  const double t = high_part(low + high);
  const double u = t * kLn2High;
  const double v = (low - (t - high)) * kLn2 + t * kLn2Low;
  const double z = u + v;
  const double w = v - (z - u);
  const double r = exp_remainder(z);
  return scale(1 - (((z * r) / (r - 2) - (w + z * w)) - z), n);
}

}  // namespace

double exp(double x) {
  constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10,
                   kInverseLn2 = 1.44269504088896338700e+00;
  if (x != x) return x;
  if (x > 709.782712893383973096) return kInfinity;
  if (x < -745.13321910194110842) return 0;
  // exp(x) = 2^n * exp(high - low), |high - low| <= ln(2) / 2
  const int n = nearest(x * kInverseLn2);
  const double high = x - n * kLn2High;
  const double low = n * kLn2Low;
  const double z = high - low;
  const double r = exp_remainder(z);
  return scale(1 - ((low - (z * r) / (2 - r)) - high), n);
}

double log(double x) {
  constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10;
  constexpr double kL1 = 6.666666666666735130e-01, kL2 = 3.999999999940941908e-01,
                   kL3 = 2.857142874366239149e-01, kL4 = 2.222219843214978396e-01,
                   kL5 = 1.818357216161805012e-01, kL6 = 1.531383769920937332e-01,
                   kL7 = 1.479819860511658591e-01;
  constexpr double kSqrt2 = 1.41421356237309504880;
  CHECK(x > 0, "log({})", x);
  if (x == kInfinity) return x;
  auto [k, m] = parts(x);
  if (m > kSqrt2) {
    m *= 0.5;
    ++k;
  }
  // log(1 + f) = f - f^2/2 + s * (f^2/2 + R), s = f / (2 + f)
  const double f = m - 1;
  const double s = f / (2 + f);
  const double z = s * s;
  const double r = z * (kL1 + z * (kL2 + z * (kL3 + z * (kL4 + z * (kL5 + z * (kL6 + z * kL7))))));
  const double half_square = 0.5 * f * f;
  return k * kLn2High - ((half_square - (s * (half_square + r) + k * kLn2Low)) - f);
}

// 2^(y * log2(x)), with log2(x) and the product carried in two doubles each.
double pow(double x, double y) {
  constexpr double kL1 = 5.99999999999994648725e-01, kL2 = 4.28571428578550184252e-01,
                   kL3 = 3.33333329818377432918e-01, kL4 = 2.72728123808534006489e-01,
                   kL5 = 2.30660745775561754067e-01, kL6 = 2.06975017800338417784e-01;
  // 2 / (3 ln 2)
  constexpr double kC = 9.61796693925975554329e-01, kCHigh = 9.61796700954437255859e-01,
                   kCLow = -7.02846165095275826516e-09;
  constexpr double kSqrt3Halves = 1.22474487139158904910, kSqrt3 = 1.73205080756887729353;
  // log2(1.5)
  constexpr double kBaseHigh = 5.84962487220764160156e-01, kBaseLow = 1.35003920212974897128e-08;

  CHECK(x > 0, "pow({}, {})", x, y);
  if (x == 1 || y == 0) return 1;
  if (x == kInfinity) return y > 0 ? kInfinity : 0;
  if (y > 1e18 || y < -1e18) return (x > 1) == (y > 0) ? kInfinity : 0;

  auto [n, m] = parts(x);
  // m is brought near 1, or near 1.5
  double base = 1;
  if (m >= kSqrt3) {
    m *= 0.5;
    ++n;
  } else if (m >= kSqrt3Halves) {
    base = 1.5;
  }
  // s = (m - base) / (m + base) in two parts
  const double numerator = m - base;
  const double inverse = 1 / (m + base);
  const double s = numerator * inverse;
  const double s_high = high_part(s);
  const double sum_high = high_part(m + base);
  const double sum_low = m - (sum_high - base);
  const double s_low = inverse * ((numerator - s_high * sum_high) - s_high * sum_low);
  // log(m / base) = 2/3 * s * (3 + s^2 + …)
  const double z = s * s;
  double r = z * z * (kL1 + z * (kL2 + z * (kL3 + z * (kL4 + z * (kL5 + z * kL6)))));
  r += s_low * (s_high + s);
  const double square = s_high * s_high;
  const double t_high = high_part(3.0 + square + r);
  const double t_low = r - ((t_high - 3.0) - square);
  const double u = s_high * t_high;
  const double v = s_low * t_high + t_low * s;
  const double p_high = high_part(u + v);
  const double p_low = v - (p_high - u);
  const double z_high = kCHigh * p_high;
  const double z_low = kCLow * p_high + p_low * kC + (base == 1 ? 0 : kBaseLow);
  const double base_high = base == 1 ? 0 : kBaseHigh;
  const double log_high = high_part(((z_high + z_low) + base_high) + n);
  const double log_low = z_low - (((log_high - n) - base_high) - z_high);

  const double y_high = high_part(y);
  const double product_low = (y - y_high) * log_high + y * log_low;
  const double product_high = y_high * log_high;
  return exp2_of_sum(product_high, product_low);
}

// Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics
// 37 (1988), PPND16: a ratio of two polynomials of degree 7 on each of three ranges.
double normal_quantile(double p) {
  using Coefficients = std::array<double, 8>;  // ascending powers
  constexpr Coefficients kCentralTop = {3.3871328727963666080e+0, 1.3314166789178437745e+2,
                                        1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                        4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                        3.3430575583588128105e+4, 2.5090809287301226727e+3};
  constexpr Coefficients kCentralBottom = {1.0,
                                           4.2313330701600911252e+1,
                                           6.8718700749205790830e+2,
                                           5.3941960214247511077e+3,
                                           2.1213794301586595867e+4,
                                           3.9307895800092710610e+4,
                                           2.8729085735721942674e+4,
                                           5.2264952788528545610e+3};
  constexpr Coefficients kTailTop = {1.42343711074968357734e+0, 4.63033784615654529590e+0,
                                     5.76949722146069140550e+0, 3.64784832476320460504e+0,
                                     1.27045825245236838258e+0, 2.41780725177450611770e-1,
                                     2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr Coefficients kTailBottom = {1.0,
                                        2.05319162663775882187e+0,
                                        1.67638483018380384940e+0,
                                        6.89767334985100004550e-1,
                                        1.48103976427480074590e-1,
                                        1.51986665636164571966e-2,
                                        5.47593808499534494600e-4,
                                        1.05075007164441684324e-9};
  constexpr Coefficients kFarTop = {6.65790464350110377720e+0, 5.46378491116411436990e+0,
                                    1.78482653991729133580e+0, 2.96560571828504891230e-1,
                                    2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                    2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr Coefficients kFarBottom = {1.0,
                                       5.99832206555887937690e-1,
                                       1.36929880922735805310e-1,
                                       1.48753612908506148525e-2,
                                       7.86869131145613259100e-4,
                                       1.84631831751005468180e-5,
                                       1.42151175831644588870e-7,
                                       2.04426310338993978564e-15};
  const auto polynomial = [](const Coefficients& c, double r) {
    double sum = c[7];
    for (int i = 6; i >= 0; --i) sum = sum * r + c[i];
    return sum;
  };

  CHECK(p > 0 && p < 1, "normal_quantile({})", p);
  const double q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const double r = 0.180625 - q * q;
    return polynomial(kCentralTop, r) * q / polynomial(kCentralBottom, r);
  }
  const double r = std::sqrt(-log(q <= 0 ? p : 1 - p));
  const double x = r <= 5 ? polynomial(kTailTop, r - 1.6) / polynomial(kTailBottom, r - 1.6)
                          : polynomial(kFarTop, r - 5) / polynomial(kFarBottom, r - 5);
  return q < 0 ? -x : x;
}

}  // namespace revenant::portable
