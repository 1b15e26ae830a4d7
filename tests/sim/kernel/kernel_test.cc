#include "sim/kernel/kernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace revenant::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class KernelTest : public ::testing::Test {
 protected:
  // Notes what happened, with the virtual millisecond it happened at.
  void note(const std::string& what) {
    log_.push_back(fmt::format("{} {}", kernel_.now().ns / 1'000'000, what));
  }
  void at_ms(int64_t ms, std::move_only_function<void()> action) {
    kernel_.at({milliseconds(ms).ns}, node_, EventKind::kTimer, 0, std::move(action));
  }
  env::TaskId spawn(const char* name, std::move_only_function<void()> body) {
    return kernel_.spawn(group_, name, std::move(body));
  }
  void run_ms(int64_t ms) { kernel_.run_until({milliseconds(ms).ns}); }

  // Notes its own destruction.
  struct Guard {
    KernelTest& test;
    std::string name;
    ~Guard() { test.note("~" + name); }
  };

  NodeId node_{1};
  Kernel kernel_{42};
  GroupId group_ = kernel_.new_group(node_);
  std::vector<std::string> log_;
};

TEST_F(KernelTest, EventsRunByTimeThenInOrderOfScheduling) {
  at_ms(2, [&] { note("c"); });
  at_ms(1, [&] { note("a"); });
  at_ms(1, [&] { note("b"); });
  at_ms(3, [&] { note("beyond"); });
  run_ms(2);
  EXPECT_THAT(log_, ElementsAre("1 a", "1 b", "2 c"));
  EXPECT_EQ(kernel_.now().ns, milliseconds(2).ns);
  EXPECT_EQ(kernel_.event_count(), 3);
}

TEST_F(KernelTest, WhatIsScheduledForNowRunsAfterWhatWasScheduledForNowBefore) {
  at_ms(1, [&] {
    at_ms(1, [&] { note("third"); });
    note("first");
  });
  at_ms(1, [&] { note("second"); });
  run_ms(1);
  EXPECT_THAT(log_, ElementsAre("1 first", "1 second", "1 third"));
}

TEST_F(KernelTest, EventsRunInOrderWhateverTheOrderOfSchedulingAndCancelling) {
  // Against a naive model: a sorted map from (time, number) to the event.
  Random random = kernel_.stream("test");
  std::map<std::pair<int64_t, int>, EventId> expected;
  std::vector<int> ran;
  for (int number = 0; number < 20'000; ++number) {
    const int64_t time = random.between(0, 5'000);
    const EventId id =
        kernel_.at({time}, node_, EventKind::kTimer, 0, [&ran, number] { ran.push_back(number); });
    expected.emplace(std::pair(time, number), id);
  }
  for (auto it = expected.begin(); it != expected.end();) {
    if (random.chance({700'000'000})) {
      kernel_.cancel(it->second);
      it = expected.erase(it);
    } else {
      ++it;
    }
  }
  kernel_.run_until({5'000});
  std::vector<int> order;
  for (const auto& [key, id] : expected) order.push_back(key.second);
  EXPECT_EQ(ran, order);
  EXPECT_EQ(kernel_.event_count(), order.size());
}

TEST_F(KernelTest, ACancelledEventDoesNotRunAndCancellingAPastOneIsHarmless) {
  const EventId cancelled =
      kernel_.after(milliseconds(1), node_, EventKind::kTimer, 0, [&] { note("cancelled"); });
  const EventId past = kernel_.after({}, node_, EventKind::kTimer, 0, [&] { note("past"); });
  kernel_.cancel(cancelled);
  run_ms(1);
  kernel_.after(milliseconds(1), node_, EventKind::kTimer, 0, [&] { note("next"); });
  kernel_.cancel(past);  // its slot serves the next event by now
  kernel_.cancel(cancelled);
  run_ms(2);
  EXPECT_THAT(log_, ElementsAre("0 past", "2 next"));
}

TEST_F(KernelTest, SleepingTasksWakeInTimeOrder) {
  for (int i : {3, 1, 2}) {
    spawn("sleeper", [this, i] {
      kernel_.sleep(milliseconds(i));
      note(std::to_string(i));
      kernel_.sleep(milliseconds(10));
      note(std::to_string(i));
    });
  }
  run_ms(100);
  EXPECT_THAT(log_, ElementsAre("1 1", "2 2", "3 3", "11 1", "12 2", "13 3"));
}

TEST_F(KernelTest, ASpawnedTaskFirstRunsAfterTheCallerSuspends) {
  spawn("parent", [&] {
    spawn("child", [&] { note("child"); });
    note("parent");
    kernel_.sleep({});
    note("parent again");
  });
  run_ms(0);
  EXPECT_THAT(log_, ElementsAre("0 parent", "0 child", "0 parent again"));
}

TEST_F(KernelTest, KillUnwindsTheLastSpawnedFirst) {
  for (const char* name : {"a", "b", "c"}) {
    spawn(name, [this, name] {
      const Guard outer(*this, std::string(name) + "1");
      const Guard inner(*this, std::string(name) + "2");
      kernel_.park("for ever");
      note("not reached");
    });
  }
  run_ms(1);
  kernel_.kill(group_);
  EXPECT_THAT(log_, ElementsAre("1 ~c2", "1 ~c1", "1 ~b2", "1 ~b1", "1 ~a2", "1 ~a1"));
}

}  // namespace
}  // namespace revenant::sim
