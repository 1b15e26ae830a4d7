#include "sim/workload/popularity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace revenant::sim {
namespace {

constexpr int kDraws = 200'000;

std::vector<double> frequencies(KeyChooser chooser, uint64_t keys) {
  Random random(1, "keys");
  std::vector<double> counts(keys);
  for (int i = 0; i < kDraws; ++i) counts.at(chooser.choose(keys, random)) += 1.0 / kDraws;
  return counts;
}

// Probability of a rank among n: (rank+1)^-theta over the sum of all.
std::vector<double> zipf(uint64_t n, double theta) {
  std::vector<double> p;
  double sum = 0;
  for (uint64_t r = 0; r < n; ++r) {
    p.push_back(std::pow(static_cast<double>(r + 1), -theta));
    sum += p.back();
  }
  for (double& x : p) x /= sum;
  return p;
}

// Within four standard deviations of a binomial count.
void expect_frequency(double actual, double p) {
  EXPECT_NEAR(actual, p, 4 * std::sqrt(p * (1 - p) / kDraws)) << "p=" << p;
}

TEST(KeyChooser, UniformChoosesEveryKeyAlike) {
  for (double f : frequencies({Popularity::kUniform, 0.99}, 50)) expect_frequency(f, 1.0 / 50);
}

TEST(KeyChooser, ZipfFollowsItsLawFromTheOldestKeyOn) {
  for (double theta : {0.5, 0.99, 1.0, 1.5}) {
    const auto expected = zipf(1000, theta);
    const auto actual = frequencies({Popularity::kZipf, theta}, 1000);
    for (size_t i : {0, 1, 2, 10, 100}) expect_frequency(actual[i], expected[i]);
    double tail = 0, expected_tail = 0;
    for (size_t i = 500; i < 1000; ++i) {
      tail += actual[i];
      expected_tail += expected[i];
    }
    expect_frequency(tail, expected_tail);
  }
}

TEST(KeyChooser, LatestIsZipfCountedBackFromTheNewestKey) {
  const auto expected = zipf(300, 0.99);
  const auto actual = frequencies({Popularity::kLatest, 0.99}, 300);
  for (size_t i : {0, 1, 2, 10, 100}) expect_frequency(actual[299 - i], expected[i]);
}

TEST(KeyChooser, LatestMovesWithAGrowingKeySpace) {
  KeyChooser chooser(Popularity::kLatest, 0.99);
  Random random(2, "keys");
  int newest = 0;
  double expected = 0;
  for (uint64_t keys = 1; keys <= 5000; ++keys) {
    newest += chooser.choose(keys, random) == keys - 1;
    double sum =
        0;  // the newest key's share is 1 / sum of k^-0.99; Euler-Maclaurin is close enough
    sum = (std::pow(static_cast<double>(keys), 0.01) - 1) / 0.01 + 0.5772 +
          0.5 / static_cast<double>(keys);
    expected += 1 / sum;
  }
  EXPECT_NEAR(newest, expected, 4 * std::sqrt(expected));
}

TEST(KeyChooser, SequentialTakesEachKeyInTurnAndMeetsNewOnes) {
  KeyChooser chooser(Popularity::kSequential, 0.99);
  Random random(3, "keys"), untouched(3, "keys");
  std::vector<uint64_t> chosen;
  for (uint64_t keys : {3, 3, 3, 3, 3, 4, 4, 4}) chosen.push_back(chooser.choose(keys, random));
  EXPECT_EQ(chosen, (std::vector<uint64_t>{0, 1, 2, 0, 1, 2, 3, 0}));
  EXPECT_EQ(random.next(), untouched.next());
}

TEST(KeyChooser, AnyPopularityChoosesTheOnlyKey) {
  Random random(4, "keys");
  for (auto p :
       {Popularity::kUniform, Popularity::kZipf, Popularity::kLatest, Popularity::kSequential}) {
    KeyChooser chooser(p, 0.99);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(chooser.choose(1, random), 0u);
  }
}

}  // namespace
}  // namespace revenant::sim
