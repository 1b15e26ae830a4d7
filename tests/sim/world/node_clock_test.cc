#include "sim/world/node_clock.h"

#include <gtest/gtest.h>

#include "engine/base/random.h"

namespace revenant::sim {
namespace {

Instant right(Duration virtual_time) { return Instant{} + virtual_time + kNodeEpoch; }

class NodeClockTest : public testing::Test {
 protected:
  void run_to(Duration virtual_time) { kernel.run_until(Instant{} + virtual_time); }

  Kernel kernel{1};
};

TEST_F(NodeClockTest, ARightClockIsVirtualTimeSinceItsEpoch) {
  const NodeClock clock(kernel);
  EXPECT_EQ(clock.now(), right({}));
  run_to(hours(3));
  EXPECT_EQ(clock.now(), right(hours(3)));
  EXPECT_EQ(clock.error(), Duration{});
}

TEST_F(NodeClockTest, AnOffsetStays) {
  const NodeClock behind(kernel, milliseconds(-250));
  run_to(days(30));
  EXPECT_EQ(behind.now(), right(days(30)) - milliseconds(250));
  EXPECT_EQ(behind.error(), milliseconds(-250));
}

TEST_F(NodeClockTest, DriftGainsItsMicrosecondsPerSecond) {
  const NodeClock fast(kernel, {}, 200), slow(kernel, seconds(1), -50);
  run_to(seconds(10));
  EXPECT_EQ(fast.error(), microseconds(2000));
  EXPECT_EQ(slow.error(), seconds(1) - microseconds(500));
  run_to(days(365));
  EXPECT_EQ(fast.error(), microseconds(200 * 86400 * 365LL));
}

TEST_F(NodeClockTest, ChangingTheDriftKeepsWhatWasGained) {
  NodeClock clock(kernel, {}, 1000);
  run_to(seconds(10));
  clock.set_drift(-500);
  EXPECT_EQ(clock.error(), milliseconds(10));
  run_to(seconds(12));
  EXPECT_EQ(clock.error(), milliseconds(9));
  clock.set_drift(0);
  run_to(days(1));
  EXPECT_EQ(clock.error(), milliseconds(9));
}

TEST_F(NodeClockTest, DriftCountsFromWhenTheClockWasMade) {
  run_to(days(5));
  const NodeClock clock(kernel, {}, 100'000);
  EXPECT_EQ(clock.error(), Duration{});
}

TEST_F(NodeClockTest, AStepMovesTheTimeOfDayAndNotMonotonicTime) {
  NodeClock clock(kernel, seconds(2), 100);
  run_to(seconds(10));
  const Instant before = clock.now();
  clock.step(seconds(-30));
  EXPECT_EQ(clock.now(), before - seconds(30));
  EXPECT_EQ(clock.monotonic(), Instant{} + seconds(10));
  clock.step(seconds(30));
  EXPECT_EQ(clock.now(), before);
}

TEST_F(NodeClockTest, StaysFarFromZeroWhenItIsYearsBehind) {
  const NodeClock clock(kernel, days(-999));
  EXPECT_GT(clock.now(), Instant{});
}

TEST_F(NodeClockTest, NeverGoesBackWithoutAStepWhateverTheDrift) {
  Random random(1, "clock");
  NodeClock clock(kernel, seconds(-5), -999'999);
  Instant last = clock.now();
  Duration time;
  for (int i = 0; i < 20'000; ++i) {
    time += Duration{random.between(0, random.below(10) == 0 ? 3'000'000 : 3)};
    run_to(time);
    if (random.below(20) == 0) clock.set_drift(random.between(-999'999, 999'999));
    ASSERT_GE(clock.now(), last);
    last = clock.now();
  }
}

TEST_F(NodeClockTest, ACenturyOfTheGreatestDriftDoesNotOverflow) {
  const NodeClock clock(kernel, {}, 999'999);
  run_to(days(36'500));
  EXPECT_EQ(clock.error().ns, days(36'500).ns / 1'000'000 * 999'999);
}

TEST_F(NodeClockTest, ASlewGainsItsAmountAtItsRateBesidesTheDrift) {
  NodeClock clock(kernel, milliseconds(5), 100);
  clock.slew(milliseconds(-4), 1000);
  run_to(seconds(2));
  EXPECT_EQ(clock.error(), milliseconds(5) + microseconds(200) - milliseconds(2));
  run_to(seconds(10));
  EXPECT_EQ(clock.error(), milliseconds(2));
  clock.set_drift(0);
  run_to(seconds(100));
  EXPECT_EQ(clock.error(), milliseconds(2));
}

TEST_F(NodeClockTest, ASecondSlewKeepsWhatTheFirstHasDone) {
  NodeClock clock(kernel);
  clock.slew(milliseconds(10), 1000);
  run_to(seconds(3));
  clock.slew(milliseconds(-1), 500);
  EXPECT_EQ(clock.error(), milliseconds(3));
  run_to(seconds(4));
  EXPECT_EQ(clock.error(), microseconds(2500));
  run_to(seconds(60));
  EXPECT_EQ(clock.error(), milliseconds(2));
}

TEST_F(NodeClockTest, ItsErrorsReachFromTheLeastToTheMostItEverHad) {
  NodeClock clock(kernel, milliseconds(2), 1000);
  run_to(seconds(10));  // 12 ms ahead
  clock.set_drift(-500);
  run_to(seconds(12));
  clock.step(milliseconds(-30));  // 19 ms behind
  clock.slew(milliseconds(25), 1000);
  run_to(seconds(60));
  EXPECT_EQ(clock.errors().least, milliseconds(-19));
  EXPECT_EQ(clock.errors().most, milliseconds(12));
}

}  // namespace
}  // namespace revenant::sim
