#include "analysis/stats/estimate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/base/random.h"

namespace revenant::stats {
namespace {

Eigen::VectorXd sample(std::initializer_list<double> values) {
  Eigen::VectorXd result(static_cast<Eigen::Index>(values.size()));
  std::copy(values.begin(), values.end(), result.begin());
  return result;
}

// Mean 5, sum of squares 32 over 7 degrees, t(0.975, 7) = 2.3646.
TEST(EstimateMean, AgreesWithTheHandComputedCase) {
  const auto e = estimate_mean(sample({2, 4, 4, 4, 5, 5, 7, 9}));
  EXPECT_EQ(e.n, 8);
  EXPECT_DOUBLE_EQ(e.mean, 5);
  EXPECT_DOUBLE_EQ(e.deviation, std::sqrt(32.0 / 7));
  const double half = 2.364624 * std::sqrt(32.0 / 7) / std::sqrt(8);
  EXPECT_NEAR(e.interval.low, 5 - half, 1e-6);
  EXPECT_NEAR(e.interval.high, 5 + half, 1e-6);
}

// The NIST StRD set "NumAcc3": 1000000.2, then 500 pairs (1000000.1, 1000000.3); mean 1000000.2,
// deviation 0.1.
TEST(EstimateMean, KeepsItsDigitsFarFromZero) {
  Eigen::VectorXd v(1001);
  v[0] = 1000000.2;
  for (Eigen::Index i = 1; i <= 1000; i += 2) {
    v[i] = 1000000.1;
    v[i + 1] = 1000000.3;
  }
  const auto e = estimate_mean(v);
  EXPECT_NEAR(e.mean, 1000000.2, 1e-8);
  EXPECT_NEAR(e.deviation, 0.1, 1e-9);
}

TEST(EstimateMean, OneNumberHasNoInterval) {
  const auto e = estimate_mean(sample({3}));
  EXPECT_EQ(e.mean, 3);
  EXPECT_TRUE(std::isnan(e.deviation));
  EXPECT_TRUE(std::isnan(e.interval.low));
  EXPECT_TRUE(std::isnan(estimate_mean(sample({})).mean));
}

TEST(EstimateMean, EqualNumbersHaveAnIntervalOfNoWidth) {
  const auto e = estimate_mean(sample({0.1, 0.1, 0.1}));
  EXPECT_EQ(e.deviation, 0);
  EXPECT_EQ(e.interval.low, 0.1);
  EXPECT_EQ(e.interval.high, 0.1);
}

// What "95 %" promises: of 4,000 intervals over 6 normal samples each, 95 % hold the true mean. The
// binomial deviation is 0.0034; a normal quantile instead of Student's would reach about 0.89.
TEST(EstimateMean, IntervalsCoverTheTruthAsOftenAsTheySay) {
  Random random(7, "coverage");
  int covered = 0;
  constexpr int kTrials = 4000;
  for (int trial = 0; trial < kTrials; ++trial) {
    Eigen::VectorXd v(6);
    for (double& x : v) x = random.normal(10, 3);
    covered += estimate_mean(v).interval.contains(10) ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(covered) / kTrials, 0.95, 0.012);
}

TEST(EstimateDifference, PairingRemovesWhatTheSeedsShare) {
  Random random(1, "pairs");
  Eigen::VectorXd before(20), after(20);
  for (Eigen::Index i = 0; i < 20; ++i) {
    before[i] = random.normal(100, 30);            // what the seed gives both
    after[i] = before[i] + random.normal(1, 0.5);  // what the setting changes
  }
  const auto paired = estimate_difference(before, after);
  EXPECT_TRUE(excludes_zero(paired));
  EXPECT_NEAR(paired.mean, 1, 0.4);
  EXPECT_TRUE(estimate_mean(before).interval.contains(estimate_mean(after).mean))
      << "unpaired, the two could not be told apart";
  EXPECT_DOUBLE_EQ(estimate_difference(after, before).mean, -paired.mean);
}

TEST(EstimateDifference, EqualSamplesDoNotExcludeZero) {
  const auto v = sample({1, 2, 3});
  EXPECT_FALSE(excludes_zero(estimate_difference(v, v)));
  EXPECT_FALSE(excludes_zero(estimate_difference(sample({1}), sample({9})))) << "n = 1";
  EXPECT_TRUE(excludes_zero(estimate_difference(sample({1, 1}), sample({0, 0}))));
}

// Newcombe 1998 (Statistics in Medicine 17, 857-872), table I, method 3.
TEST(EstimateShare, AgreesWithNewcombesTable) {
  const auto check = [](int64_t r, int64_t n, double low, double high) {
    const auto e = estimate_share(r, n);
    EXPECT_NEAR(e.interval.low, low, 5e-5) << r << "/" << n;
    EXPECT_NEAR(e.interval.high, high, 5e-5) << r << "/" << n;
  };
  check(81, 263, 0.2553, 0.3662);
  check(15, 148, 0.0624, 0.1605);
  check(0, 20, 0, 0.1611);
  check(1, 29, 0.0061, 0.1718);
}

TEST(EstimateShare, NoneAndAllEndAtTheEdges) {
  EXPECT_EQ(estimate_share(0, 20).interval.low, 0);
  EXPECT_EQ(estimate_share(20, 20).interval.high, 1);
  EXPECT_LT(estimate_share(20, 20).interval.low, 1);
  EXPECT_TRUE(std::isnan(estimate_share(0, 0).share));
  EXPECT_EQ(estimate_share(0, 0).interval.high, 1);
}

TEST(Percentile, IsTheNearestRank) {
  const auto v = sample({15, 20, 35, 40, 50});
  EXPECT_EQ(percentile(v, 0), 15);
  EXPECT_EQ(percentile(v, 5), 15);
  EXPECT_EQ(percentile(v, 30), 20);
  EXPECT_EQ(percentile(v, 40), 20);
  EXPECT_EQ(percentile(v, 50), 35);
  EXPECT_EQ(percentile(v, 100), 50);
}

TEST(Percentile, DoesNotDependOnTheOrderAndRanksExactly) {
  Eigen::VectorXd v(20);
  for (Eigen::Index i = 0; i < 20; ++i) v[i] = static_cast<double>((i * 7) % 20 + 1);
  EXPECT_EQ(percentile(v, 95), 19) << "the 19th of 20, not the 20th by a rounded 0.95 · 20";
  for (int p = 1; p <= 100; ++p) {
    const double value = percentile(v, p);
    EXPECT_GE(100 * (v.array() <= value).count(), p * 20);
    EXPECT_LT(100 * (v.array() < value).count(), p * 20);
  }
}

}  // namespace
}  // namespace revenant::stats
