#include "sim/world/clock_discipline.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace revenant::sim {
namespace {

ClockOptions with_ntp(NtpOptions ntp) {
  ClockOptions options;
  options.ntp = ntp;
  return options;
}

// Polls every 10 s and measures without error, unless said otherwise.
NtpOptions exact() {
  NtpOptions ntp;
  ntp.poll = seconds(10);
  ntp.error_max = {};
  return ntp;
}

class ClockDisciplineTest : public testing::Test {
 protected:
  void run_to(Duration time) { kernel.run_until(Instant{} + time); }
  Kernel kernel{1};
};

TEST_F(ClockDisciplineTest, ASmallErrorIsSlewedAtItsRate) {
  NodeClock clock(kernel, milliseconds(3));
  const ClockDiscipline ntp(kernel, {0}, clock, with_ntp(exact()));
  run_to(seconds(10));
  EXPECT_EQ(clock.error(), milliseconds(3));
  run_to(seconds(12));
  EXPECT_EQ(clock.error(), milliseconds(2)) << "500 us a second";
  run_to(seconds(16));
  EXPECT_EQ(clock.error(), Duration{});
  run_to(seconds(19));
  EXPECT_EQ(clock.error(), Duration{}) << "no further than asked for";
}

TEST_F(ClockDisciplineTest, SlewingGoesOnOverSeveralPolls) {
  NodeClock clock(kernel, milliseconds(-100));
  const ClockDiscipline ntp(kernel, {0}, clock, with_ntp(exact()));
  run_to(seconds(110));
  EXPECT_EQ(clock.error(), milliseconds(-50));
  run_to(seconds(210));
  EXPECT_EQ(clock.error(), Duration{});
  EXPECT_EQ(ntp.ntp_steps(), 0u);
}

TEST_F(ClockDisciplineTest, ALargeErrorIsSteppedAway) {
  NodeClock clock(kernel, milliseconds(129));
  const ClockDiscipline ntp(kernel, {0}, clock, with_ntp(exact()));
  run_to(seconds(10));
  EXPECT_EQ(clock.error(), Duration{});
  EXPECT_EQ(ntp.ntp_steps(), 1u);
}

TEST_F(ClockDisciplineTest, ADriftingClockStaysWithinWhatItGainsBetweenPolls) {
  NodeClock clock(kernel, {}, 50);
  const ClockDiscipline ntp(kernel, {0}, clock, with_ntp(exact()));
  Duration worst;
  for (int s = 0; s < 10'000; ++s) {
    run_to(seconds(s));
    worst = std::max(worst, clock.error());
  }
  // 50 us a second for 10 s; the slew of that ends 1.1 s into the next interval.
  EXPECT_EQ(worst, microseconds(500));
  EXPECT_EQ(ntp.ntp_slews(), 999u);
}

TEST_F(ClockDisciplineTest, WithoutItTheSameDriftIsAThousandTimesWorse) {
  const NodeClock clock(kernel, {}, 50);
  run_to(seconds(10'000));
  EXPECT_EQ(clock.error(), milliseconds(500));
}

TEST_F(ClockDisciplineTest, MeasurementErrorsLeaveAnErrorOfTheirSize) {
  NtpOptions options = exact();
  options.error_max = milliseconds(2);
  NodeClock clock(kernel);
  const ClockDiscipline ntp(kernel, {0}, clock, with_ntp(options));
  Duration worst;
  for (int s = 0; s < 100'000; s += 10) {
    run_to(seconds(s));
    worst = std::max({worst, clock.error(), Duration{} - clock.error()});
  }
  EXPECT_GT(worst, milliseconds(1));
  EXPECT_LE(worst, milliseconds(2));
}

TEST_F(ClockDisciplineTest, RandomStepsComeAtTheirMeanRateAndSize) {
  ClockOptions options;
  options.step_every = seconds(100);
  options.step_max = milliseconds(30);
  NodeClock clock(kernel);
  const ClockDiscipline steps(kernel, {0}, clock, options);
  Duration before, sum;
  uint64_t seen = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    run_to(milliseconds(100) * i);
    const Duration step = clock.error() - before;
    before = clock.error();
    if (step == Duration{}) continue;
    ++seen;
    sum += step < Duration{} ? Duration{} - step : step;
  }
  EXPECT_NEAR(static_cast<double>(steps.steps()), 1000, 100);
  EXPECT_NEAR(static_cast<double>(seen), 1000, 100);
  EXPECT_NEAR(sum.in_seconds() * 1e3 / static_cast<double>(seen), 15, 1);
}

TEST_F(ClockDisciplineTest, WhatIsOffSchedulesNothing) {
  NodeClock clock(kernel);
  const ClockDiscipline none(kernel, {0}, clock, {});
  run_to(days(1));
  EXPECT_EQ(kernel.event_count(), 0u);
}

}  // namespace
}  // namespace revenant::sim
