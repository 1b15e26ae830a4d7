#include "sim/world/cpu.h"

#include <gtest/gtest.h>

#include <functional>

namespace revenant::sim {
namespace {

CpuOptions options(int64_t cores, Duration per_message, Bandwidth bandwidth = {INT64_MAX}) {
  CpuOptions o;
  o.cores = cores;
  o.per_message = per_message;
  o.bandwidth = bandwidth;
  return o;
}

class CpuTest : public testing::Test {
 protected:
  void run_to(Duration time) { kernel.run_until(Instant{} + time); }
  std::move_only_function<void()> note(std::vector<Duration>& times) {
    return [this, &times] { times.push_back(kernel.now() - Instant{}); };
  }

  Kernel kernel{1};
};

TEST_F(CpuTest, AMessageCostsItselfAndItsBytes) {
  Cpu cpu(kernel, {0}, options(1, microseconds(20), {1'000'000}));
  std::vector<Duration> done;
  cpu.submit(1000, note(done));
  cpu.submit(0, note(done));
  run_to(seconds(1));
  EXPECT_EQ(done, (std::vector{microseconds(1020), microseconds(1040)}));
  EXPECT_EQ(cpu.totals().busy, microseconds(1040));
  EXPECT_EQ(cpu.totals().waited, microseconds(1020));
}

TEST_F(CpuTest, CoresWorkSideBySide) {
  Cpu cpu(kernel, {0}, options(2, milliseconds(1)));
  std::vector<Duration> done;
  for (int i = 0; i < 5; ++i) cpu.submit(0, note(done));
  run_to(seconds(1));
  EXPECT_EQ(done, (std::vector{milliseconds(1), milliseconds(1), milliseconds(2), milliseconds(2),
                               milliseconds(3)}));
}

// 16 customers who come back at once, 4 cores, 1 ms each: 4,000 a second pass, and by Little's law
// each is there for 16 / 4,000 s = 4 ms. With a think time of 12 ms: 16 / (12 + 1) per ms is more
// than 4 cores do only from 52 customers on, so nobody waits.
TEST_F(CpuTest, AClosedLoopObeysLittlesLaw) {
  struct Case {
    Duration think;
    double per_second, stay_ms;
  };
  for (const Case& c : {Case{{}, 4000, 4}, Case{milliseconds(12), 16 / 0.013, 1}}) {
    Kernel own(1);
    Cpu cpu(own, {0}, options(4, milliseconds(1)));
    uint64_t passed = 0;
    Duration stayed;
    std::function<void()> come = [&] {
      cpu.submit(0, [&, came = own.now()] {
        ++passed;
        stayed += own.now() - came;
        own.after(c.think, {0}, EventKind::kTimer, 0, [&] { come(); });
      });
    };
    for (int i = 0; i < 16; ++i) come();
    own.run_until(Instant{} + seconds(10));
    EXPECT_NEAR(static_cast<double>(passed) / 10, c.per_second, c.per_second * 0.002);
    EXPECT_NEAR(stayed.in_seconds() * 1e3 / static_cast<double>(passed), c.stay_ms, 0.01);
  }
}

// Poisson arrivals at 90 % of one core: the mean wait is rho * S / (2 * (1 - rho)) = 4.5 ms.
TEST_F(CpuTest, OneCoreUnderPoissonArrivalsWaitsAsMD1) {
  Cpu cpu(kernel, {0}, options(1, milliseconds(1)));
  Random random(1, "arrivals");
  Duration at;
  constexpr int kMessages = 400'000;
  for (int i = 0; i < kMessages; ++i) {
    at += random.exponential(Duration{1'111'111});
    kernel.at(Instant{} + at, {0}, EventKind::kTimer, 0, [&] { cpu.submit(0, [] {}); });
  }
  run_to(hours(1));
  EXPECT_NEAR(cpu.totals().waited.in_seconds() * 1e3 / kMessages, 4.5, 0.25);
}

TEST_F(CpuTest, TasksAndMessagesShareTheCores) {
  Cpu cpu(kernel, {0}, options(1, milliseconds(1)));
  std::vector<Duration> done;
  const GroupId group = kernel.new_group({0});
  kernel.spawn(group, "job", [&] {
    cpu.spend(Duration{});
    done.push_back(kernel.now() - Instant{});
    cpu.submit(0, note(done));
    cpu.spend(milliseconds(5));
    done.push_back(kernel.now() - Instant{});
  });
  run_to(seconds(1));
  EXPECT_EQ(done, (std::vector{Duration{}, milliseconds(1), milliseconds(6)}));
  EXPECT_EQ(cpu.totals().busy, milliseconds(6));
  kernel.kill(group);
}

// Two cores, two jobs that always have 3 ms to spend, four customers who come back at once with 1 ms
// each. First come, first served: a round is 2 times 3 ms and 4 times 1 ms on two cores, 5 ms. So
// jobs get 60 % of the processor, and 800 messages a second pass instead of 2,000.
TEST_F(CpuTest, JobsTakeWhatTheyAskForFromMessages) {
  Cpu cpu(kernel, {0}, options(2, milliseconds(1)));
  const GroupId group = kernel.new_group({0});
  Duration spent;
  for (int i = 0; i < 2; ++i) {
    kernel.spawn(group, "job", [&] {
      for (;;) {
        cpu.spend(milliseconds(3));
        spent += milliseconds(3);
      }
    });
  }
  uint64_t passed = 0;
  std::function<void()> come = [&] {
    cpu.submit(0, [&] {
      ++passed;
      come();
    });
  };
  for (int i = 0; i < 4; ++i) come();
  run_to(seconds(10));
  EXPECT_NEAR(static_cast<double>(passed) / 10, 800, 8);
  EXPECT_NEAR(spent.in_seconds() / 20, 0.6, 0.006);
  kernel.kill(group);
}

TEST_F(CpuTest, AProcessorIsAsSlowAsTheGreatestFactorUntilItRecovers) {
  Cpu cpu(kernel, {0}, options(1, milliseconds(1)));
  std::vector<Duration> done;
  cpu.slow(3);
  cpu.slow(2);
  cpu.submit(0, note(done));
  cpu.recover(3);
  cpu.submit(0, note(done));
  cpu.recover(2);
  cpu.submit(0, note(done));
  run_to(seconds(1));
  EXPECT_EQ(done, (std::vector{milliseconds(3), milliseconds(5), milliseconds(6)}));
  EXPECT_EQ(cpu.totals().slowed, 2u);
}

TEST_F(CpuTest, APausedProcessHandlesWhatIsReadyWhenItGoesOn) {
  Cpu cpu(kernel, {0}, options(1, milliseconds(1)));
  std::vector<Duration> done;
  cpu.pause();
  cpu.submit(0, note(done));
  cpu.submit(0, note(done));
  run_to(milliseconds(10));
  EXPECT_TRUE(done.empty());
  cpu.resume();
  EXPECT_EQ(done, (std::vector{milliseconds(10), milliseconds(10)}));
}

TEST_F(CpuTest, WhatADeadProcessHadWaitingIsDroppedAndCostsTheNextNothing) {
  Cpu cpu(kernel, {0}, options(1, milliseconds(100)));
  std::vector<Duration> done;
  cpu.submit(0, note(done));
  cpu.clear();
  cpu.submit(0, note(done));
  run_to(seconds(1));
  EXPECT_EQ(done, (std::vector{milliseconds(100)}));
}

}  // namespace
}  // namespace revenant::sim
