// The C library's long double functions (64 bits of mantissa) are the yardstick.
#include "engine/base/portable_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/base/random.h"

namespace revenant {
namespace {

constexpr double kErrorMax = 4.5e-16;  // relative: two units in the last place
constexpr int kArguments = 200'000;

double relative_error(double value, long double expected) {
  return static_cast<double>(std::abs((static_cast<long double>(value) - expected) / expected));
}

class PortableMathTest : public ::testing::Test {
 protected:
  double uniform(double least, double greatest) {
    return least + (greatest - least) * random_.unit();
  }
  Random random_{1, "portable_math_test"};
};

TEST_F(PortableMathTest, ExpIsWithinTwoUnitsOverItsWholeRange) {
  for (int i = 0; i < kArguments; ++i) {
    const double x = i % 2 == 0 ? uniform(-708, 709) : uniform(-2, 2);
    ASSERT_LT(relative_error(portable::exp(x), std::exp(static_cast<long double>(x))), kErrorMax)
        << x;
  }
}

TEST_F(PortableMathTest, LogIsWithinTwoUnitsFromSubnormalsToTheLargest) {
  for (int i = 0; i < kArguments; ++i) {
    const double x = i % 2 == 0 ? std::exp(uniform(-744, 709)) : uniform(0.5, 2);
    if (x == 1) continue;
    ASSERT_LT(relative_error(portable::log(x), std::log(static_cast<long double>(x))), kErrorMax)
        << x;
  }
}

TEST_F(PortableMathTest, PowIsWithinTwoUnitsUpToTheEdgesOfTheRange) {
  for (int i = 0; i < kArguments; ++i) {
    const double x = i % 2 == 0 ? std::exp(uniform(-40, 40)) : uniform(0.5, 2);
    const double y = uniform(-17, 17);
    const long double expected = std::pow(static_cast<long double>(x), static_cast<long double>(y));
    ASSERT_LT(relative_error(portable::pow(x, y), expected), kErrorMax) << x << " ^ " << y;
  }
}

TEST_F(PortableMathTest, ExactCasesAreExact) {
  EXPECT_EQ(portable::exp(0), 1);
  EXPECT_EQ(portable::log(1), 0);
  EXPECT_EQ(portable::pow(2, 10), 1024);
  EXPECT_EQ(portable::pow(3, 2), 9);
  EXPECT_EQ(portable::pow(4, 0.5), 2);
  EXPECT_EQ(portable::pow(10, 0), 1);
}

TEST_F(PortableMathTest, BeyondTheRangeLieZeroAndInfinity) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(portable::exp(710), kInfinity);
  EXPECT_EQ(portable::exp(-746), 0);
  EXPECT_EQ(portable::pow(1e10, 40), kInfinity);
  EXPECT_EQ(portable::pow(1e10, -40), 0);
  EXPECT_EQ(portable::log(kInfinity), kInfinity);
  EXPECT_NEAR(portable::exp(-744) / std::exp(-744.0), 1, 0.5);  // subnormal: few bits are left
}

TEST_F(PortableMathTest, TheNormalQuantileInvertsTheDistributionFunction) {
  for (int i = 0; i < kArguments; ++i) {
    const double p = i % 2 == 0 ? std::exp(uniform(-36, -0.7)) : uniform(1e-9, 1 - 1e-9);
    const long double z = portable::normal_quantile(p);
    const long double phi = std::erfc(-z / std::sqrt(2.0L)) / 2;
    // An error of z moves p by density(z): allow z a relative error of 4e-15.
    const long double density = std::exp(-z * z / 2) / std::sqrt(2 * 3.14159265358979323846L);
    const long double allowed = density * std::max(std::abs(z) * 4e-15L, 1e-16L) + p * 1e-16L;
    ASSERT_LE(std::abs(phi - p), allowed) << p;
  }
}

// The last bit is part of every run's fingerprint.
TEST_F(PortableMathTest, ValuesNeverChange) {
  EXPECT_EQ(portable::exp(1.5), 0x1.1ed3fe64fc541p+2);
  EXPECT_EQ(portable::log(10), 0x1.26bb1bbb55516p+1);
  EXPECT_EQ(portable::pow(0.3, -0.7), 0x1.295216ea4f6c2p+1);
  EXPECT_EQ(portable::normal_quantile(0.975), 0x1.f5c0331eeff82p+0);
}

}  // namespace
}  // namespace revenant
