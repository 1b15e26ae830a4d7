#include "sim/experiment/sweep_plan.h"

#include "tests/sim/experiment/fixture.h"

namespace revenant::sim {
namespace {

TEST(SweepPlan, TheFirstPathVariesSlowest) {
  std::string text;
  for (const GridPoint& point : small_plan().points())
    text += fmt::format("{} {}\n", point.index, spell(point));
  EXPECT_EQ(text,
            "0 storage.gc_grace=1d replication.read=ONE\n"
            "1 storage.gc_grace=1d replication.read=2\n"
            "2 storage.gc_grace=10d replication.read=ONE\n"
            "3 storage.gc_grace=10d replication.read=2\n"
            "4 storage.gc_grace=20d replication.read=ONE\n"
            "5 storage.gc_grace=20d replication.read=2\n");
}

TEST(SweepPlan, RunsAreNumberedByPointThenSeed) {
  const SweepPlan plan = small_plan(4);
  EXPECT_EQ(plan.run_count(), 24);
  const RunKey key = run_key(plan, 9);
  EXPECT_EQ(key.point, 2);
  EXPECT_EQ(key.seed, 2u);
}

TEST(SweepPlan, WithoutASweepThereIsOnePoint) {
  const SweepPlan plan = plan_of({}, 3);
  EXPECT_EQ(plan.run_count(), 3);
  ASSERT_EQ(plan.points().size(), 1u);
  EXPECT_TRUE(plan.points()[0].assignments.empty());
}

TEST(SweepPlan, WhatStandsTwiceIsRefused) {
  const auto message = [](SweepPlan plan) {
    const auto result = plan.validate();
    return result.has_value() ? "" : result.error().message;
  };
  EXPECT_EQ(message(small_plan()), "");
  EXPECT_EQ(message(plan_of({}, 0)), "a sweep needs at least one seed");
  SweepPlan plan = small_plan();
  plan.seeds = {5, 6, 5};
  EXPECT_EQ(message(plan), "seed 5 stands twice");
  plan.seeds = {UINT64_MAX};
  EXPECT_EQ(
      message(plan),
      "seed 18446744073709551615 is above 9223372036854775807, the greatest that results can hold");
  EXPECT_EQ(message(plan_of({{"a", {"1", 1}}}, 1)), "sweep.a has the value 1 twice");
  EXPECT_EQ(message(plan_of({{"a", {}}}, 1)), "sweep.a has no values");
  EXPECT_EQ(message(plan_of({{"a", {1}}, {"a", {2}}}, 1)), "sweep.a stands twice");
}

TEST(SweepPlan, TheCommandQuotesWhatAShellWouldRead) {
  const SweepPlan plan = plan_of(
      {{"network.loss", {"1%"}}, {"faults[0].crash.node", {{0, 2}}}, {"x", {{{"a", 1}}}}}, 1);
  EXPECT_EQ(run_command(plan, plan.points()[0], 7),
            "revenant run scenarios/lagging_replica.json --seed 7 --set network.loss=1% "
            "--set 'faults[0].crash.node=[0,2]' --set 'x={\"a\":1}'");
}

}  // namespace
}  // namespace revenant::sim
