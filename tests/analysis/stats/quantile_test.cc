#include "analysis/stats/quantile.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>

namespace revenant::stats {
namespace {

// NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2: critical values of Student's t
// distribution, three decimals.
TEST(StudentTQuantile, AgreesWithThePublishedTable) {
  struct Row {
    double degrees, p90, p95, p975, p99, p995, p999;
  };
  constexpr std::array<Row, 10> kTable = {{
      {1, 3.078, 6.314, 12.706, 31.821, 63.657, 318.309},
      {2, 1.886, 2.920, 4.303, 6.965, 9.925, 22.327},
      {3, 1.638, 2.353, 3.182, 4.541, 5.841, 10.215},
      {4, 1.533, 2.132, 2.776, 3.747, 4.604, 7.173},
      {5, 1.476, 2.015, 2.571, 3.365, 4.032, 5.893},
      {9, 1.383, 1.833, 2.262, 2.821, 3.250, 4.297},
      {19, 1.328, 1.729, 2.093, 2.539, 2.861, 3.579},
      {30, 1.310, 1.697, 2.042, 2.457, 2.750, 3.385},
      {60, 1.296, 1.671, 2.000, 2.390, 2.660, 3.232},
      {100, 1.290, 1.660, 1.984, 2.364, 2.626, 3.174},
  }};
  for (const Row& row : kTable) {
    EXPECT_NEAR(student_t_quantile(0.90, row.degrees), row.p90, 5.01e-4) << row.degrees;
    EXPECT_NEAR(student_t_quantile(0.95, row.degrees), row.p95, 5.01e-4) << row.degrees;
    EXPECT_NEAR(student_t_quantile(0.975, row.degrees), row.p975, 5.01e-4) << row.degrees;
    EXPECT_NEAR(student_t_quantile(0.99, row.degrees), row.p99, 5.01e-4) << row.degrees;
    EXPECT_NEAR(student_t_quantile(0.995, row.degrees), row.p995, 5.01e-4) << row.degrees;
    EXPECT_NEAR(student_t_quantile(0.999, row.degrees), row.p999, 5.01e-4) << row.degrees;
  }
}

// Closed forms exist for 1, 2 and 4 degrees of freedom (Shaw 2006, Sampling Student's T
// distribution, 2.3).
TEST(StudentTQuantile, AgreesWithTheClosedFormsToNineDigits) {
  for (double p : {1e-6, 0.001, 0.025, 0.3, 0.49, 0.51, 0.8, 0.975, 0.9999, 1 - 1e-6}) {
    const double one = std::tan(std::numbers::pi * (p - 0.5));
    const double two = (2 * p - 1) / std::sqrt(2 * p * (1 - p));
    const double a = std::sqrt(4 * p * (1 - p));
    const double q = std::cos(std::acos(a) / 3) / a;
    const double four = (p < 0.5 ? -2 : 2) * std::sqrt(q - 1);
    EXPECT_NEAR(student_t_quantile(p, 1) / one, 1, 1e-9) << p;
    EXPECT_NEAR(student_t_quantile(p, 2) / two, 1, 1e-9) << p;
    EXPECT_NEAR(student_t_quantile(p, 4) / four, 1, 1e-9) << p;
  }
}

TEST(StudentTQuantile, ComesNearTheNormalForManyDegrees) {
  // The next term of the expansion is (z³ + z) / (4 · degrees) (Abramowitz & Stegun 26.7.5).
  const double z = normal_quantile(0.975);
  EXPECT_NEAR(student_t_quantile(0.975, 1e6) - z, (z * z * z + z) / 4e6, 1e-9);
}

// NIST/SEMATECH e-Handbook 1.3.6.7.1 and, to more digits, Wichura 1988 (AS 241), whose check values
// these are.
TEST(NormalQuantile, AgreesWithPublishedValues) {
  EXPECT_NEAR(normal_quantile(0.25), -0.6744897501960817, 1e-14);
  EXPECT_NEAR(normal_quantile(0.001), -3.090232306167814, 1e-13);
  EXPECT_NEAR(normal_quantile(1e-20), -9.262340089798408, 1e-12);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-13);
  EXPECT_EQ(normal_quantile(0.5), 0);
}

TEST(QuantileDeath, ProbabilityOutsideTheOpenIntervalIsRefused) {
  EXPECT_DEATH(normal_quantile(1), "probability=1");
  EXPECT_DEATH(student_t_quantile(0, 3), "probability=0");
  EXPECT_DEATH(student_t_quantile(0.5, 0), "degrees=0");
}

}  // namespace
}  // namespace revenant::stats
