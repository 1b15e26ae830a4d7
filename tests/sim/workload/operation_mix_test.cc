#include "sim/workload/operation_mix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace revenant::sim {
namespace {

std::map<OperationKind, double> frequencies(const MixOptions& weights, int draws) {
  const OperationMix mix(weights);
  Random random(1, "mix");
  std::map<OperationKind, double> result;
  for (int i = 0; i < draws; ++i) result[mix.choose(random)] += 1.0 / draws;
  return result;
}

TEST(OperationMix, KindsComeInProportionToTheirWeights) {
  constexpr int kDraws = 200'000;
  auto f = frequencies({.read = 5, .insert = 1, .update = 2.5, .remove = 1, .scan = 0.5}, kDraws);
  const std::map<OperationKind, double> expected{{OperationKind::kRead, 0.5},
                                                 {OperationKind::kInsert, 0.1},
                                                 {OperationKind::kUpdate, 0.25},
                                                 {OperationKind::kDelete, 0.1},
                                                 {OperationKind::kScan, 0.05}};
  for (auto [kind, p] : expected) {
    EXPECT_NEAR(f[kind], p, 4 * std::sqrt(p * (1 - p) / kDraws)) << to_string(kind);
  }
}

TEST(OperationMix, AKindWithoutWeightNeverComes) {
  const auto f = frequencies({.insert = 1, .remove = 1}, 10'000);
  EXPECT_EQ(f.size(), 2u);
  EXPECT_TRUE(f.contains(OperationKind::kInsert));
  EXPECT_TRUE(f.contains(OperationKind::kDelete));
}

TEST(OperationMix, OneKindAloneDrawsNothing) {
  const OperationMix mix({.remove = 0.25});
  Random random(2, "mix"), untouched(2, "mix");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(mix.choose(random), OperationKind::kDelete);
  EXPECT_EQ(random.next(), untouched.next());
}

TEST(OperationMix, OnlyProportionsCount) {
  const OperationMix small({.read = 0.001, .update = 0.003}), large({.read = 1e8, .update = 3e8});
  Random a(3, "mix"), b(3, "mix");
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(small.choose(a), large.choose(b));
}

TEST(OperationMixDeathTest, RefusesAMixOfNothing) {
  EXPECT_EXIT(OperationMix({}), testing::ExitedWithCode(4), "total");
}

}  // namespace
}  // namespace revenant::sim
