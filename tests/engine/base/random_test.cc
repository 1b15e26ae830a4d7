#include "engine/base/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <vector>

namespace revenant {
namespace {

using ::testing::ElementsAre;

// --- streams ---

// Recorded runs replay only while these stay.
TEST(RandomTest, TheFirstValuesOfAStreamNeverChange) {
  Random random(42, "net/3>5");
  std::vector<uint64_t> values;
  for (int i = 0; i < 4; ++i) values.push_back(random.next());
  EXPECT_THAT(values, ElementsAre(6129913650990705019u, 14427941063380124541u, 4927824917859693439u,
                                  1679348199525446551u));
  Random forked = random.fork("loss");
  EXPECT_EQ(forked.next(), 4997847712008184902u);
}

TEST(RandomTest, TheFirstDrawsOfEachDistributionNeverChange) {
  const auto stream = [] { return Random(7, "golden"); };
  EXPECT_EQ(stream().below(1000), 634);
  EXPECT_EQ(stream().between(-50, 50), 14);
  EXPECT_EQ(stream().unit(), 0x1.44afa0418e07bp-1);
  EXPECT_EQ(stream().exponential(3.0), 0x1.8220746d23309p+1);
  EXPECT_EQ(stream().normal(10, 2), 0x1.55f19b27c16b2p+3);
  EXPECT_EQ(stream().lognormal(0, 0.5), 0x1.2fdfbf28fef66p+0);
  EXPECT_EQ(stream().pareto(1, 1.5), 0x1.f476e1be1348cp+0);
  EXPECT_EQ(stream().exponential(milliseconds(5)).ns, 5027692);
  Random random = stream();
  EXPECT_EQ(Zipf(1'000'000, 0.99)(random), 136);
}

TEST(RandomTest, AStreamDependsOnSeedAndNameAlone) {
  EXPECT_EQ(Random(1, "a").next(), Random(1, "a").next());
  EXPECT_NE(Random(1, "a").next(), Random(2, "a").next());
  EXPECT_NE(Random(1, "a").next(), Random(1, "b").next());
  EXPECT_NE(Random(1, "").next(), Random(2, "").next());
}

TEST(RandomTest, AForkDependsOnIdentityNotOnPosition) {
  Random random(1, "a");
  const uint64_t before = random.fork("x").next();
  random.next();
  EXPECT_EQ(random.fork("x").next(), before);
  EXPECT_NE(random.fork("y").next(), before);
  EXPECT_NE(Random(2, "a").fork("x").next(), before);
  EXPECT_NE(Random(1, "x").next(), before);
}

TEST(RandomTest, ACertainChanceDrawsNothing) {
  Random random(1, "a");
  Random untouched = random;
  EXPECT_FALSE(random.chance({0}));
  EXPECT_TRUE(random.chance({1'000'000'000}));
  EXPECT_EQ(random.next(), untouched.next());
}

TEST(RandomTest, RangesIncludeTheirEndsAndNothingBeyond) {
  Random random(1, "a");
  std::map<int64_t, int> seen;
  for (int i = 0; i < 10'000; ++i) ++seen[random.between(-2, 2)];
  EXPECT_EQ(seen.size(), 5);
  EXPECT_EQ(seen.begin()->first, -2);
  EXPECT_EQ(seen.rbegin()->first, 2);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0);
  EXPECT_EQ(random.between(7, 7), 7);
  bool negative = false, positive = false;
  for (int i = 0; i < 100; ++i) {
    const int64_t any = random.between(INT64_MIN, INT64_MAX);
    negative |= any < 0;
    positive |= any > 0;
  }
  EXPECT_TRUE(negative && positive);
}

// --- distributions: moments and quantiles against closed forms, at fixed seeds ---

constexpr int kDraws = 200'000;

std::vector<double> sample(const std::function<double(Random&)>& draw) {
  Random random(11, "distribution");
  std::vector<double> values;
  for (int i = 0; i < kDraws; ++i) values.push_back(draw(random));
  std::sort(values.begin(), values.end());
  return values;
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double variance_of(const std::vector<double>& values) {
  const double mean = mean_of(values);
  double sum = 0;
  for (double v : values) sum += (v - mean) * (v - mean);
  return sum / static_cast<double>(values.size());
}

// Kolmogorov and Smirnov: the largest gap between the sample and the distribution function exceeds
// 1.95 / sqrt(n) with probability 0.001.
void expect_distribution(const std::vector<double>& sorted,
                         const std::function<double(double)>& cdf) {
  const auto n = static_cast<double>(sorted.size());
  double gap = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    const double expected = cdf(sorted[i]);
    gap = std::max({gap, std::abs(expected - static_cast<double>(i) / n),
                    std::abs(expected - static_cast<double>(i + 1) / n)});
  }
  EXPECT_LT(gap, 1.95 / std::sqrt(n));
}

double normal_cdf(double z) { return std::erfc(-z / std::sqrt(2.0)) / 2; }

TEST(RandomDistributionTest, UnitIsUniform) {
  const auto values = sample([](Random& r) { return r.unit(); });
  EXPECT_NEAR(mean_of(values), 0.5, 0.003);
  EXPECT_NEAR(variance_of(values), 1.0 / 12, 0.001);
  EXPECT_GE(values.front(), 0);
  EXPECT_LT(values.back(), 1);
  expect_distribution(values, [](double x) { return x; });
}

TEST(RandomDistributionTest, BelowIsUnbiasedEvenWhereModuloWouldNotBe) {
  // With bound 3 * 2^62, modulo would favour the lower third twofold.
  constexpr uint64_t kBound = uint64_t{3} << 62;
  const auto values = sample([](Random& r) { return static_cast<double>(r.below(kBound)); });
  expect_distribution(values, [](double x) { return x / static_cast<double>(kBound); });
}

TEST(RandomDistributionTest, ExponentialHasItsMeanVarianceAndShape) {
  const auto values = sample([](Random& r) { return r.exponential(3.0); });
  EXPECT_NEAR(mean_of(values), 3, 0.03);
  EXPECT_NEAR(variance_of(values), 9, 0.2);
  expect_distribution(values, [](double x) { return 1 - std::exp(-x / 3); });
}

TEST(RandomDistributionTest, ExponentialDurationsHaveTheirMean) {
  const auto values =
      sample([](Random& r) { return static_cast<double>(r.exponential(milliseconds(5)).ns); });
  EXPECT_NEAR(mean_of(values), 5e6, 5e4);
  EXPECT_GE(values.front(), 0);
}

TEST(RandomDistributionTest, NormalHasItsMeanVarianceAndShape) {
  const auto values = sample([](Random& r) { return r.normal(10, 2); });
  EXPECT_NEAR(mean_of(values), 10, 0.02);
  EXPECT_NEAR(variance_of(values), 4, 0.05);
  expect_distribution(values, [](double x) { return normal_cdf((x - 10) / 2); });
}

TEST(RandomDistributionTest, LognormalHasItsMedianAndMean) {
  const auto values = sample([](Random& r) { return r.lognormal(1, 0.5); });
  EXPECT_NEAR(values[kDraws / 2], std::exp(1.0), 0.02);
  EXPECT_NEAR(mean_of(values), std::exp(1 + 0.125), 0.02);
  expect_distribution(values, [](double x) { return normal_cdf((std::log(x) - 1) / 0.5); });
}

TEST(RandomDistributionTest, ParetoHasItsScaleAndShape) {
  const auto values = sample([](Random& r) { return r.pareto(2, 3); });
  EXPECT_GE(values.front(), 2);
  EXPECT_NEAR(mean_of(values), 3, 0.03);  // scale * shape / (shape - 1)
  expect_distribution(values, [](double x) { return 1 - std::pow(2 / x, 3); });
}

TEST(RandomDistributionTest, ChanceHappensAsOftenAsItSays) {
  for (int64_t ppb : {1'000'000, 250'000'000, 999'000'000}) {
    Random random(5, "chance");
    int happened = 0;
    for (int i = 0; i < kDraws; ++i) happened += random.chance({ppb}) ? 1 : 0;
    const double p = static_cast<double>(ppb) / 1e9;
    EXPECT_NEAR(happened, p * kDraws, 4 * std::sqrt(p * (1 - p) * kDraws));
  }
}

TEST(RandomDistributionTest, ShuffleGivesEveryOrderEqually) {
  Random random(5, "shuffle");
  std::map<std::vector<int>, int> seen;
  for (int i = 0; i < 24'000; ++i) {
    std::vector<int> items = {1, 2, 3, 4};
    random.shuffle(items);
    ++seen[items];
  }
  EXPECT_EQ(seen.size(), 24);
  for (const auto& [order, count] : seen) EXPECT_NEAR(count, 1000, 5 * std::sqrt(1000.0));
}

// --- Zipf ---

constexpr int kRanks = 60'000;

class ZipfTest : public ::testing::TestWithParam<double> {};

TEST_P(ZipfTest, FrequenciesAreTheExactProbabilities) {
  for (uint64_t n : {1, 2, 3, 10, 1000}) {
    Random random(n, "zipf");
    const Zipf zipf(n, GetParam());
    std::vector<double> counts(n);
    for (int i = 0; i < kRanks; ++i) {
      const uint64_t rank = zipf(random);
      ASSERT_LT(rank, n);
      ++counts[rank];
    }
    double sum = 0;
    for (uint64_t rank = 0; rank < n; ++rank)
      sum += std::pow(static_cast<double>(rank + 1), -GetParam());
    double chi_square = 0;
    int cells = 0;
    for (uint64_t rank = 0; rank < n; ++rank) {
      const double expected = kRanks * std::pow(static_cast<double>(rank + 1), -GetParam()) / sum;
      if (expected < 5) {
        EXPECT_LT(counts[rank], 25);
        continue;
      }
      chi_square += (counts[rank] - expected) * (counts[rank] - expected) / expected;
      ++cells;
    }
    // Mean cells - 1, variance 2 (cells - 1).
    EXPECT_LT(chi_square, cells - 1 + 4.5 * std::sqrt(2.0 * cells)) << "n=" << n;
  }
}

TEST_P(ZipfTest, LargeDomainsStayInRange) {
  Random random(1, "zipf");
  const Zipf zipf(10'000'000'000, GetParam());
  for (int i = 0; i < 10'000; ++i) ASSERT_LT(zipf(random), zipf.n());
}

INSTANTIATE_TEST_SUITE_P(Thetas, ZipfTest, ::testing::Values(0.0, 0.5, 0.99, 1.0, 1.2, 3.0, 30.0));

}  // namespace
}  // namespace revenant
