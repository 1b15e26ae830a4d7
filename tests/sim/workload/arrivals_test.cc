#include "sim/workload/arrivals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace revenant::sim {
namespace {

TEST(Arrivals, OpenLoopMeetsItsRateFromOnePerHourToOnePerNanosecond) {
  for (double rate : {1.0 / 3600, 0.3, 7.0, 1e3, 3e8, 1e9}) {
    Arrivals arrivals = Arrivals::open({rate});
    Random random(1, "arrivals");
    constexpr int kCount = 100'000;
    double total = 0;
    for (int i = 0; i < kCount; ++i) total += arrivals.gap(random).in_seconds();
    EXPECT_NEAR(total * rate / kCount, 1.0, 0.01) << rate;  // three standard deviations
  }
}

TEST(Arrivals, OpenLoopGapsAreExponential) {
  Arrivals arrivals = Arrivals::open({10});
  Random random(2, "arrivals");
  std::vector<double> gaps;
  for (int i = 0; i < 100'000; ++i) gaps.push_back(arrivals.gap(random).in_seconds());
  std::ranges::sort(gaps);
  for (double q : {0.1, 0.5, 0.9, 0.99}) {
    const double actual = gaps[static_cast<size_t>(q * static_cast<double>(gaps.size()))];
    EXPECT_NEAR(actual / (-0.1 * std::log(1 - q)), 1.0, 0.04) << q;
  }
}

TEST(Arrivals, ARateOfZeroNeverComesAgain) {
  Arrivals arrivals = Arrivals::open({0});
  Random random(3, "arrivals"), untouched(3, "arrivals");
  EXPECT_EQ(arrivals.gap(random), Arrivals::kGapMax);
  EXPECT_EQ(random.next(), untouched.next());
  EXPECT_EQ(Arrivals::open({1e-12}).gap(random), Arrivals::kGapMax);
}

TEST(Arrivals, ClosedLoopPausesForItsThinkTimeAndDrawsNothing) {
  Arrivals arrivals = Arrivals::closed(milliseconds(20));
  Random random(4, "arrivals"), untouched(4, "arrivals");
  EXPECT_TRUE(arrivals.is_closed());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(arrivals.gap(random), milliseconds(20));
  EXPECT_EQ(random.next(), untouched.next());
}

}  // namespace
}  // namespace revenant::sim
