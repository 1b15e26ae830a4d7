#include "sim/kernel/kernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/env/sync.h"

namespace revenant::sim {
namespace {

using ::testing::ElementsAre;
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

TEST_F(KernelTest, WhatIsBeyondTheEndOfTimeNeverComes) {
  run_ms(1);
  kernel_.after({INT64_MAX}, node_, EventKind::kTimer, 0, [&] { note("never"); });
  spawn("sleeper", [&] { kernel_.sleep({INT64_MAX}); });
  spawn("parked", [&] { kernel_.park("for ever", Duration{INT64_MAX}); });
  kernel_.run_until({INT64_MAX - 1});
  EXPECT_THAT(log_, IsEmpty());
  EXPECT_EQ(kernel_.waiting().size(), 2);
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

TEST_F(KernelTest, ParkEndsByUnparkOrAtItsTimeout) {
  const env::TaskId parked = spawn("parked", [&] {
    note(kernel_.park("first", milliseconds(5)) ? "unparked" : "timed out");
    note(kernel_.park("second", milliseconds(5)) ? "unparked" : "timed out");
    note(kernel_.park("third") ? "unparked" : "timed out");
  });
  at_ms(2, [&, parked] { kernel_.unpark(parked); });
  at_ms(50, [&, parked] { kernel_.unpark(parked); });
  run_ms(100);
  EXPECT_THAT(log_, ElementsAre("2 unparked", "7 timed out", "50 unparked"));
}

TEST_F(KernelTest, AnUnparkBeforeTheParkIsNotRemembered) {
  const env::TaskId task = spawn("task", [&] {
    kernel_.sleep(milliseconds(5));
    note(kernel_.park("late", milliseconds(5)) ? "unparked" : "timed out");
  });
  at_ms(1, [&, task] { kernel_.unpark(task); });  // it sleeps: no effect either
  run_ms(100);
  EXPECT_THAT(log_, ElementsAre("10 timed out"));
}

TEST_F(KernelTest, UnparkedTasksRunInTheOrderOfTheirUnparks) {
  std::vector<env::TaskId> tasks;
  for (int i : {0, 1, 2}) {
    tasks.push_back(spawn("task", [this, i] {
      kernel_.park("turn");
      note(std::to_string(i));
    }));
  }
  at_ms(1, [&] {
    for (int i : {2, 0, 1, 2}) kernel_.unpark(tasks[static_cast<size_t>(i)]);
    at_ms(1, [&] { note("callback"); });
  });
  run_ms(1);
  EXPECT_THAT(log_, ElementsAre("1 2", "1 0", "1 1", "1 callback"));
}

TEST_F(KernelTest, AnUnparkOfAnEndedTaskDoesNotReachTheTaskThatHasItsRecordNow) {
  const env::TaskId first = spawn("first", [] {});
  run_ms(1);
  const env::TaskId second = spawn("second", [&] {
    note(kernel_.park("for ever", milliseconds(5)) ? "unparked" : "timed out");
  });
  run_ms(2);
  EXPECT_NE(first, second);
  kernel_.unpark(first);
  run_ms(10);
  EXPECT_THAT(log_, ElementsAre("6 timed out"));
}

TEST_F(KernelTest, LongTimeoutsThatNeverEndDoNotSlowTheRun) {
  // Each park leaves a stale event a day ahead; they must be swept, and none may wake anybody.
  bool waiting = false;
  const env::TaskId parked = spawn("parked", [&] {
    while (true) {
      waiting = true;
      EXPECT_TRUE(kernel_.park("request", days(1)));
    }
  });
  spawn("waker", [&, parked] {
    for (int i = 0; i < 20'000; ++i) {
      EXPECT_TRUE(waiting);
      waiting = false;
      kernel_.unpark(parked);
      kernel_.sleep(microseconds(1));
    }
    kernel_.kill(kernel_.new_group(node_));
  });
  run_ms(1'000);
  EXPECT_EQ(kernel_.event_count(), 40'002);
}

TEST_F(KernelTest, ATaskMayBeSpawnedFromACallbackAndFromAnotherTask) {
  at_ms(1, [&] {
    spawn("from callback", [&] {
      note("task");
      EXPECT_TRUE(kernel_.in_task());
      spawn("from task", [&] { note("task of task"); });
    });
    EXPECT_FALSE(kernel_.in_task());
  });
  run_ms(1);
  EXPECT_THAT(log_, ElementsAre("1 task", "1 task of task"));
}

TEST_F(KernelTest, KilledTasksUnwindWhileOtherGroupsGoOn) {
  const GroupId other = kernel_.new_group({2});
  spawn("victim", [&] {
    const Guard guard(*this, "victim");
    kernel_.sleep(milliseconds(10));
    note("not reached");
  });
  kernel_.spawn(other, "survivor", [&] {
    kernel_.sleep(milliseconds(10));
    note("survivor");
  });
  at_ms(5, [&] {
    kernel_.kill(group_);
    note("killed");
  });
  run_ms(100);
  EXPECT_THAT(log_, ElementsAre("5 ~victim", "5 killed", "10 survivor"));
}

TEST_F(KernelTest, ATaskMayKillAnotherGroupAndSeesItUnwoundWhenKillReturns) {
  const GroupId victims = kernel_.new_group({2});
  for (const char* name : {"a", "b"}) {
    kernel_.spawn(victims, name, [this, name] {
      const Guard guard(*this, name);
      kernel_.park("for ever");
    });
  }
  spawn("killer", [&] {
    kernel_.sleep(milliseconds(1));
    const env::TaskId self = kernel_.current();
    kernel_.kill(victims);
    note("killed");
    EXPECT_EQ(kernel_.current(), self);
    kernel_.sleep(milliseconds(1));
    note("goes on");
  });
  run_ms(10);
  EXPECT_THAT(log_, ElementsAre("1 ~b", "1 ~a", "1 killed", "2 goes on"));
}

TEST_F(KernelTest, ATaskThatNeverRanIsDroppedWithWhatItHolds) {
  const auto held = std::make_shared<int>(1);
  spawn("never runs", [held] { FAIL(); });
  EXPECT_EQ(held.use_count(), 2);
  kernel_.kill(group_);
  EXPECT_EQ(held.use_count(), 1);
  run_ms(1);
  EXPECT_EQ(kernel_.event_count(), 0);
}

TEST_F(KernelTest, NothingReachesADeadGroup) {
  const env::TaskId parked = spawn("parked", [&] { kernel_.park("for ever"); });
  run_ms(1);
  kernel_.kill(group_);
  const auto held = std::make_shared<int>(1);
  kernel_.unpark(parked);
  spawn("into the dead", [held] { FAIL(); });
  EXPECT_EQ(held.use_count(), 1);
  kernel_.pause(group_);
  kernel_.resume(group_);
  kernel_.kill(group_);
  run_ms(10);
  EXPECT_THAT(kernel_.waiting(), IsEmpty());
}

TEST_F(KernelTest, DestructorsMayWakeSpawnCancelAndScheduleWhileTheyUnwind) {
  struct Actor {
    std::move_only_function<void()> act;
    ~Actor() { act(); }
  };
  const GroupId other = kernel_.new_group({2});
  const env::TaskId witness = kernel_.spawn(other, "witness", [&] {
    kernel_.park("a death");
    note("witnessed");
  });
  const EventId cancelled =
      kernel_.after(milliseconds(9), node_, EventKind::kTimer, 0, [&] { note("cancelled"); });
  const env::TaskId sibling = spawn("sibling", [&] { kernel_.park("for ever"); });
  spawn("victim", [&, witness, sibling] {
    const Actor actor([&, witness, sibling] {
      kernel_.unpark(witness);
      kernel_.unpark(sibling);
      kernel_.cancel(cancelled);
      spawn("into the dying", [] { FAIL(); });
      kernel_.spawn(other, "heir", [&] { note("heir"); });
      kernel_.after(milliseconds(1), node_, EventKind::kTimer, 0, [&] { note("scheduled"); });
    });
    kernel_.park("for ever");
  });
  at_ms(5, [&] { kernel_.kill(group_); });
  run_ms(100);
  EXPECT_THAT(log_, ElementsAre("5 witnessed", "5 heir", "6 scheduled"));
}

TEST_F(KernelTest, OneUnwindingMayKillAnotherGroup) {
  const GroupId other = kernel_.new_group({2});
  struct Killer {
    Kernel& kernel;
    GroupId group;
    ~Killer() { kernel.kill(group); }
  };
  kernel_.spawn(other, "second", [&] {
    const Guard guard(*this, "second");
    kernel_.park("for ever");
  });
  spawn("first", [&] {
    const Guard guard(*this, "first");
    const Killer killer{kernel_, other};
    kernel_.park("for ever");
  });
  at_ms(1, [&] { kernel_.kill(group_); });
  run_ms(2);
  EXPECT_THAT(log_, ElementsAre("1 ~second", "1 ~first"));
}

TEST_F(KernelTest, AnExceptionCaughtByATaskIsItsOwnAffair) {
  for (int i = 0; i < 3; ++i) {
    spawn("thrower", [this, i] {
      for (int round = 0; round < 3; ++round) {
        try {
          throw std::runtime_error("mine");
        } catch (const std::runtime_error&) {
        }
        kernel_.sleep(milliseconds(1));
      }
      note(std::to_string(i));
    });
  }
  run_ms(10);
  EXPECT_THAT(log_, ElementsAre("3 0", "3 1", "3 2"));
}

TEST_F(KernelTest, APausedGroupsWakeUpsWaitForItsResumeInOrder) {
  const env::TaskId parked =
      spawn("parked", [&] { note(kernel_.park("news") ? "unparked" : "timed out"); });
  for (int i : {20, 10}) {
    spawn("sleeper", [this, i] {
      kernel_.sleep(milliseconds(i));
      note(fmt::format("slept {}", i));
    });
  }
  at_ms(5, [&] { kernel_.pause(group_); });
  at_ms(7, [&] { spawn("new", [&] { note("new"); }); });
  at_ms(15, [&, parked] { kernel_.unpark(parked); });
  at_ms(50, [&] {
    note("resume");
    kernel_.resume(group_);
  });
  run_ms(100);
  EXPECT_THAT(log_,
              ElementsAre("50 resume", "50 new", "50 slept 10", "50 unparked", "50 slept 20"));
}

TEST_F(KernelTest, ATimeoutThatEndsDuringAPauseHasEnded) {
  const env::TaskId parked = spawn("parked", [&] {
    note(kernel_.park("news", milliseconds(5)) ? "unparked" : "timed out");
    note(kernel_.park("more", milliseconds(5)) ? "unparked" : "timed out");
  });
  at_ms(1, [&] { kernel_.pause(group_); });
  at_ms(9, [&, parked] { kernel_.unpark(parked); });
  at_ms(20, [&] { kernel_.resume(group_); });
  run_ms(100);
  EXPECT_THAT(log_, ElementsAre("20 timed out", "25 timed out"));
}

TEST_F(KernelTest, APausedGroupCanBeKilled) {
  spawn("sleeper", [&] {
    const Guard guard(*this, "sleeper");
    kernel_.sleep(milliseconds(5));
  });
  at_ms(1, [&] { kernel_.pause(group_); });
  at_ms(10, [&] { kernel_.kill(group_); });
  at_ms(11, [&] { kernel_.resume(group_); });
  run_ms(100);
  EXPECT_THAT(log_, ElementsAre("10 ~sleeper"));
}

TEST_F(KernelTest, StopEndsTheRunAfterTheEventAndTheNextRunGoesOn) {
  at_ms(1, [&] {
    note("a");
    kernel_.stop();
  });
  at_ms(1, [&] { note("b"); });
  run_ms(10);
  EXPECT_THAT(log_, ElementsAre("1 a"));
  EXPECT_EQ(kernel_.now().ns, milliseconds(1).ns);
  run_ms(10);
  EXPECT_THAT(log_, ElementsAre("1 a", "1 b"));
  EXPECT_EQ(kernel_.now().ns, milliseconds(10).ns);
}

TEST_F(KernelTest, WaitingListsWhoWaitsForWhatSinceWhen) {
  const GroupId other = kernel_.new_group({2});
  kernel_.spawn(other, "flusher", [&] { kernel_.park("a full memtable"); });
  spawn("reader", [&] {
    kernel_.sleep(milliseconds(3));
    kernel_.park("disk");
  });
  spawn("sleeper", [&] { kernel_.sleep(days(1)); });
  run_ms(5);
  std::vector<std::string> lines;
  for (const WaitingTask& task : kernel_.waiting()) {
    lines.push_back(
        fmt::format("{} {}: {} since {}", task.node, task.name, task.why, task.since.ns));
  }
  EXPECT_THAT(lines, ElementsAre("n1 reader: disk since 3000000", "n1 sleeper: sleep since 0",
                                 "n2 flusher: a full memtable since 0"));
}

TEST_F(KernelTest, AStandstillIsToldTaskByTaskWithLocksByName) {
  GroupTasks tasks(kernel_, group_);
  env::Mutex logs(tasks, "log lock"), files(tasks, "file lock");
  const auto take_both = [this](env::Mutex& first, env::Mutex& second) {
    const env::Mutex::Lock outer(first);
    kernel_.sleep(milliseconds(1));
    const env::Mutex::Lock inner(second);
  };
  spawn("flush", [&] { take_both(logs, files); });
  spawn("removal", [&] { take_both(files, logs); });
  spawn("client", [&] { kernel_.park("an answer", seconds(3)); });
  const GroupId other = kernel_.new_group({2});
  kernel_.spawn(other, "paused one", [&] { kernel_.sleep(milliseconds(4)); });
  run_ms(2);
  kernel_.pause(other);
  EXPECT_EQ(to_text(kernel_.waiting()),
            "  n1     flush                file lock                since 00:00:00.001\n"
            "  n1     removal              log lock                 since 00:00:00.001\n"
            "  n1     client               an answer                since 00:00:00.000, until "
            "00:00:03.000\n"
            "  n2     paused one           sleep                    since 00:00:00.000, until "
            "00:00:00.004, paused\n");
  kernel_.kill(group_);
}

TEST_F(KernelTest, TwentyThousandFibersAllRunAndUnwind) {
  constexpr int kFibers = 20'000;
  int ran = 0, unwound = 0;
  struct Count {
    int& n;
    ~Count() { ++n; }
  };
  for (int i = 0; i < kFibers; ++i) {
    spawn("one of many", [&, i] {
      const Count count{unwound};
      kernel_.sleep(microseconds(i % 977));
      ++ran;
      kernel_.park("for ever");
    });
  }
  run_ms(10);
  EXPECT_EQ(ran, kFibers);
  EXPECT_EQ(unwound, 0);
  kernel_.kill(group_);
  EXPECT_EQ(unwound, kFibers);
}

// --- fingerprints ---

struct Story {
  uint64_t seed = 1;
  int64_t delay = 100;
  uint64_t digest = 5;
  NodeId node{1};
  EventKind kind = EventKind::kDisk;
  bool extra_mix = false;
  bool cancelled_event = false;
  bool kill_at_end = false;
};

struct Ending {
  Fingerprint fingerprint;
  uint64_t events;
  std::vector<std::pair<uint64_t, Fingerprint>> checkpoints;
};

// Twenty tasks that sleep, wake each other and schedule callbacks by random draws.
Ending tell(const Story& story) {
  Kernel kernel(story.seed);
  kernel.keep_checkpoints(100);
  const GroupId group = kernel.new_group(story.node);
  std::vector<env::TaskId> tasks;
  for (int i = 0; i < 20; ++i) {
    tasks.push_back(kernel.spawn(group, "actor", [&kernel, &story, &tasks, i] {
      Random random = kernel.stream(fmt::format("actor/{}", i));
      while (true) {
        const uint64_t choice = random.below(3);
        const Duration delay{random.between(0, story.delay)};
        if (choice == 0) kernel.sleep(delay);
        if (choice == 1) kernel.park("a friend", delay);
        if (choice == 2) {
          const uint64_t friend_index = random.below(tasks.size());
          kernel.unpark(tasks[friend_index]);
          kernel.after(delay, story.node, story.kind, story.digest, [] {});
        }
        kernel.sleep(nanoseconds(1));
      }
    }));
  }
  if (story.extra_mix) {
    kernel.at({500}, story.node, EventKind::kTimer, 0, [&] { kernel.mix(1); });
  } else {
    kernel.at({500}, story.node, EventKind::kTimer, 0, [] {});
  }
  const EventId maybe = kernel.at({5'000'000}, story.node, EventKind::kTimer, 0, [] {});
  if (story.cancelled_event) kernel.cancel(maybe);
  kernel.run_until({10'000});
  if (story.kill_at_end) kernel.kill(group);
  return {kernel.fingerprint(), kernel.event_count(), kernel.checkpoints()};
}

TEST(FingerprintTest, ARunRepeatedHasTheSameFingerprintAndCheckpoints) {
  const Ending once = tell({});
  const Ending again = tell({});
  EXPECT_EQ(once.fingerprint, again.fingerprint);
  EXPECT_EQ(once.checkpoints, again.checkpoints);
  EXPECT_EQ(once.checkpoints.size(), once.events / 100);
  EXPECT_EQ(once.checkpoints.front().first, 100);
}

TEST(FingerprintTest, AnyChangeChangesIt) {
  const Fingerprint plain = tell({}).fingerprint;
  EXPECT_NE(plain, tell({.seed = 2}).fingerprint);
  EXPECT_NE(plain, tell({.delay = 101}).fingerprint);
  EXPECT_NE(plain, tell({.digest = 6}).fingerprint);
  EXPECT_NE(plain, tell({.node = {2}}).fingerprint);
  EXPECT_NE(plain, tell({.kind = EventKind::kDeliver}).fingerprint);
  EXPECT_NE(plain, tell({.extra_mix = true}).fingerprint);
  EXPECT_NE(plain, tell({.kill_at_end = true}).fingerprint);
}

TEST(FingerprintTest, ACancelledEventLeavesNoMark) {
  EXPECT_EQ(tell({}).fingerprint, tell({.cancelled_event = true}).fingerprint);
}

TEST(FingerprintTest, CheckpointsDoNotChangeTheRunAndTellWhereTwoRunsPart) {
  const Ending a = tell({});
  const Ending b = tell({.extra_mix = true});
  size_t first_difference = 0;
  while (a.checkpoints[first_difference] == b.checkpoints[first_difference]) ++first_difference;
  EXPECT_GT(first_difference, 0);
  EXPECT_LT(first_difference, a.checkpoints.size());
}

TEST(FingerprintTest, EveryBitOfEveryFieldCounts) {
  const auto of = [](int64_t time, uint64_t sequence, uint64_t what, uint64_t digest) {
    RollingFingerprint rolling;
    rolling.add_event({time}, sequence, what, digest);
    rolling.add_event({time + 1}, sequence + 1, what, digest);
    return rolling.value();
  };
  const Fingerprint plain = of(1000, 7, 0x102, 9);
  for (int bit = 0; bit < 62; ++bit) {
    const uint64_t flip = uint64_t{1} << bit;
    const std::array<Fingerprint, 4> changed = {
        of(1000 ^ static_cast<int64_t>(flip), 7, 0x102, 9), of(1000, 7 ^ flip, 0x102, 9),
        of(1000, 7, 0x102 ^ flip, 9), of(1000, 7, 0x102, 9 ^ flip)};
    for (const Fingerprint& other : changed) {
      EXPECT_NE(plain.words[0], other.words[0]) << bit;
      EXPECT_NE(plain.words[1], other.words[1]) << bit;
    }
  }
}

// A change here means that every recorded run replays to another fingerprint.
TEST(FingerprintTest, TheFingerprintOfThisStoryNeverChanges) {
  EXPECT_EQ(tell({}).fingerprint.hex(), "d5279db7bfe2918af613936251e6cc20");
}

// --- defects end the process with exit code 4 ---

using KernelDeathTest = KernelTest;

TEST_F(KernelDeathTest, ALivelockAtOneInstantEndsTheProcess) {
  const auto livelock = [] {
    Kernel kernel(9, {.events_per_instant_max = 1000});
    const GroupId group = kernel.new_group({4});
    kernel.set_command("revenant run livelock.json --seed 9");
    kernel.spawn(group, "spinner", [&] {
      kernel.sleep(seconds(2));
      while (true) kernel.sleep({});
    });
    kernel.run_until({seconds(10).ns});
  };
  EXPECT_EXIT(
      livelock(), ::testing::ExitedWithCode(4),
      "livelock: 1001 events at one instant(.|\n)*node     n4(.|\n)*time     00:00:02.000 "
      "\\(2000000000 ns\\)(.|\n)*event    1002(.|\n)*seed     9(.|\n)*command  revenant run");
}

TEST_F(KernelDeathTest, ARunWithTooManyEventsEndsTheProcess) {
  const auto livelock = [] {
    Kernel kernel(9, {.events_max = 100});
    kernel.keep_checkpoints(7);
    kernel.spawn(kernel.new_group({4}), "spinner", [&] {
      while (true) kernel.sleep(nanoseconds(1));
    });
    kernel.run_until({seconds(10).ns});
  };
  EXPECT_EXIT(livelock(), ::testing::ExitedWithCode(4), "livelock: 101 events in one run");
}

TEST_F(KernelDeathTest, ADestructorThatSuspendsWhileUnwoundEndsTheProcess) {
  const auto suspend_in_destructor = [this] {
    struct Sleeper {
      Kernel& kernel;
      ~Sleeper() { kernel.sleep(seconds(1)); }
    };
    spawn("bad", [&] {
      const Sleeper sleeper{kernel_};
      kernel_.park("for ever");
    });
    run_ms(1);
    kernel_.kill(group_);
  };
  EXPECT_EXIT(suspend_in_destructor(), ::testing::ExitedWithCode(4),
              "'bad' suspends while it is unwound");
}

TEST_F(KernelDeathTest, ATaskThatSuspendsInACatchBlockEndsTheProcess) {
  const auto suspend_in_catch = [this] {
    spawn("bad", [&] {
      try {
        throw std::runtime_error("x");
      } catch (const std::runtime_error&) {
        kernel_.sleep(seconds(1));
      }
    });
    run_ms(1);
  };
  EXPECT_EXIT(suspend_in_catch(), ::testing::ExitedWithCode(4), "suspends inside `catch`");
}

TEST_F(KernelDeathTest, AnExceptionThatLeavesATaskEndsTheProcess) {
  const auto throw_out = [this] {
    spawn("bad", [] { throw std::runtime_error("unexpected guest"); });
    run_ms(1);
  };
  EXPECT_EXIT(throw_out(), ::testing::ExitedWithCode(4),
              "'bad' ends with an exception: unexpected guest");
}

TEST_F(KernelDeathTest, MisuseEndsTheProcess) {
  run_ms(5);
  EXPECT_EXIT(at_ms(4, [] {}), ::testing::ExitedWithCode(4), "when >= now_");
  EXPECT_EXIT(kernel_.sleep({}), ::testing::ExitedWithCode(4), "outside any task");
  EXPECT_EXIT(run_ms(4), ::testing::ExitedWithCode(4), "until >= now_");
  const auto kill_self = [this] {
    spawn("suicidal", [&] { kernel_.kill(group_); });
    run_ms(6);
  };
  EXPECT_EXIT(kill_self(), ::testing::ExitedWithCode(4), "kills its own group");
  const auto sleep_in_callback = [this] {
    at_ms(6, [&] { kernel_.sleep({}); });
    run_ms(6);
  };
  EXPECT_EXIT(sleep_in_callback(), ::testing::ExitedWithCode(4), "outside any task");
}

TEST_F(KernelDeathTest, ABreakpointRaisesATrapAtItsTimeOrEvent) {
  const auto break_at = [this] {
    kernel_.break_at({milliseconds(3).ns});
    at_ms(2, [] {});
    at_ms(4, [] { std::_Exit(9); });
    run_ms(10);
  };
  EXPECT_EXIT(break_at(), ::testing::KilledBySignal(SIGTRAP), "");
  const auto break_at_event = [this] {
    kernel_.break_at_event(2);
    at_ms(2, [] {});
    at_ms(4, [] { std::_Exit(9); });
    run_ms(10);
  };
  EXPECT_EXIT(break_at_event(), ::testing::KilledBySignal(SIGTRAP), "");
}

}  // namespace
}  // namespace revenant::sim
