// In real time: durations are short, and only lower bounds of them are expected.
#include "engine/env/posix/posix_tasks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "engine/env/posix/posix_clock.h"
#include "engine/env/sync.h"

namespace revenant::env {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PosixTasksTest : public ::testing::Test {
 protected:
  void note(const std::string& what) { log_.push_back(what); }
  void spawn(std::move_only_function<void()> body) { tasks_.spawn("task", std::move(body)); }
  Duration since(Instant start) const { return clock_.monotonic() - start; }
  // What a job does that takes its time: blocks its thread.
  static void block(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

  struct Guard {
    std::vector<std::string>& log;
    std::string name;
    ~Guard() { log.push_back("~" + name); }
  };

  PosixClock clock_;
  PosixTasks posix_tasks_;
  Tasks& tasks_ = posix_tasks_;
  std::vector<std::string> log_;
};

TEST_F(PosixTasksTest, RunReturnsWhenMainEnds) {
  posix_tasks_.run([&] { note("main"); });
  posix_tasks_.run([&] { note("main again"); });
  EXPECT_THAT(log_, ElementsAre("main", "main again"));
}

TEST_F(PosixTasksTest, ASpawnedTaskFirstRunsAfterTheCallerSuspends) {
  posix_tasks_.run([&] {
    spawn([&] { note("child"); });
    note("main");
    tasks_.sleep({});
    note("main again");
  });
  EXPECT_THAT(log_, ElementsAre("main", "child", "main again"));
}

TEST_F(PosixTasksTest, SleepersWakeInOrderAndNotTooEarly) {
  posix_tasks_.run([&] {
    const Instant start = clock_.monotonic();
    for (int ms : {20, 5, 10}) {
      spawn([&, ms] {
        tasks_.sleep(milliseconds(ms));
        EXPECT_GE(since(start), milliseconds(ms));
        note(std::to_string(ms));
      });
    }
    tasks_.sleep(milliseconds(40));
  });
  EXPECT_THAT(log_, ElementsAre("5", "10", "20"));
}

TEST_F(PosixTasksTest, ParkEndsByUnparkOrAtItsTimeout) {
  posix_tasks_.run([&] {
    const TaskId main = tasks_.current();
    spawn([&, main] { tasks_.unpark(main); });
    EXPECT_TRUE(tasks_.park("news", seconds(60)));
    const Instant start = clock_.monotonic();
    EXPECT_FALSE(tasks_.park("no news", milliseconds(5)));
    EXPECT_GE(since(start), milliseconds(5));
    tasks_.unpark(TaskId{999});
  });
}

TEST_F(PosixTasksTest, TheTimeoutOfAnUnparkedTaskIsForgotten) {
  posix_tasks_.run([&] {
    const TaskId main = tasks_.current();
    spawn([&, main] { tasks_.unpark(main); });
    EXPECT_TRUE(tasks_.park("news", milliseconds(5)));
    const Instant start = clock_.monotonic();
    tasks_.sleep(milliseconds(20));
    EXPECT_GE(since(start), milliseconds(20));
  });
}

TEST_F(PosixTasksTest, AJobRunsOnAnotherThreadWhileTasksGoOn) {
  std::thread::id job_thread;
  std::atomic<bool> others_ran = false;
  posix_tasks_.run([&] {
    const std::thread::id own_thread = std::this_thread::get_id();
    spawn([&] {
      tasks_.sleep(milliseconds(1));
      note("task");
      others_ran = true;
    });
    tasks_.run_job("job", JobUrgency::kUrgent, [&] {
      job_thread = std::this_thread::get_id();
      while (!others_ran)
        block(std::chrono::milliseconds(1));  // ends only if the task runs meanwhile
    });
    note("job ended");
    EXPECT_NE(job_thread, own_thread);
    EXPECT_EQ(std::this_thread::get_id(), own_thread);
  });
  EXPECT_THAT(log_, ElementsAre("task", "job ended"));
}

TEST_F(PosixTasksTest, JobsRunOneAtATimeInTheOrderTheyWereStarted) {
  std::vector<int> order;  // written by the worker alone
  posix_tasks_.run([&] {
    Event done(tasks_);
    int left = 5;
    for (int i = 0; i < 5; ++i) {
      spawn([&, i] {
        tasks_.run_job("job", JobUrgency::kUrgent, [&order, i] {
          block(std::chrono::milliseconds(5 - i));
          order.push_back(i);
        });
        if (--left == 0) done.set();
      });
    }
    done.wait("jobs");
  });
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(PosixTasksTest, UrgentJobsRunBetweenTheStepsOfALongOneAndBeforeTheNext) {
  std::vector<std::string> order;  // written by the worker alone
  std::atomic<bool> long_began = false, urgent_waits = false;
  posix_tasks_.run([&] {
    Event done(tasks_);
    int left = 3;
    const auto job = [&](JobUrgency urgency, auto body) {
      spawn([&, urgency, body] {
        tasks_.run_job("job", urgency, body);
        if (--left == 0) done.set();
      });
    };
    job(JobUrgency::kLong, [&] {
      order.push_back("long begins");
      long_began = true;
      while (!urgent_waits) std::this_thread::yield();
      tasks_.run_urgent_jobs();
      order.push_back("long ends");
    });
    while (!long_began) tasks_.let_others_run();
    job(JobUrgency::kLong, [&] { order.push_back("second long"); });
    job(JobUrgency::kUrgent, [&] { order.push_back("urgent"); });
    spawn([&] { urgent_waits = true; });
    done.wait("jobs");
  });
  EXPECT_THAT(order, ElementsAre("long begins", "urgent", "long ends", "second long"));
}

TEST_F(PosixTasksTest, ATaskThatNeverSuspendsCanLetOthersRun) {
  posix_tasks_.run([&] {
    bool job_ended = false;
    spawn([&] {
      tasks_.run_job("job", JobUrgency::kUrgent, [] {});
      job_ended = true;
    });
    while (!job_ended) tasks_.let_others_run();
  });
}

TEST_F(PosixTasksTest, ATaskInAJobCannotBeUnparked) {
  bool ended = false;
  posix_tasks_.run([&] {
    const TaskId main = tasks_.current();
    spawn([&, main] { tasks_.unpark(main); });
    tasks_.run_job("job", JobUrgency::kUrgent, [&] {
      block(std::chrono::milliseconds(5));
      ended = true;
    });
    EXPECT_TRUE(ended);
  });
}

TEST_F(PosixTasksTest, WhatIsSuspendedWhenMainEndsGoesOnInTheNextRun) {
  posix_tasks_.run([&] {
    spawn([&] {
      tasks_.sleep(milliseconds(1));
      note("slept");
    });
    tasks_.sleep({});
    note("main ends");
  });
  EXPECT_THAT(log_, ElementsAre("main ends"));
  posix_tasks_.run([&] { tasks_.sleep(milliseconds(20)); });
  EXPECT_THAT(log_, ElementsAre("main ends", "slept"));
}

TEST_F(PosixTasksTest, AKillUnwindsWhatIsLeftTheLastSpawnedFirst) {
  posix_tasks_.run([&] {
    for (const char* name : {"a", "b"}) {
      spawn([&, name] {
        const Guard guard{log_, name};
        tasks_.park("for ever");
      });
    }
    tasks_.sleep({});
    spawn([&] { note("never runs"); });
    note("main ends");
  });
  posix_tasks_.kill();
  EXPECT_THAT(log_, ElementsAre("main ends", "~b", "~a"));
}

TEST_F(PosixTasksTest, AJobUnderWayEndsBeforeItsTaskIsUnwound) {
  std::atomic<bool> job_ended = false;
  posix_tasks_.run([&] {
    spawn([&] {
      const Guard guard{log_, "task"};
      tasks_.run_job("job", JobUrgency::kUrgent, [&] {
        block(std::chrono::milliseconds(20));
        job_ended = true;
      });
      note("not reached");
    });
    tasks_.sleep({});
  });
  posix_tasks_.kill();
  EXPECT_TRUE(job_ended);
  EXPECT_THAT(log_, ElementsAre("~task"));
}

TEST_F(PosixTasksTest, ATaskOfAnEarlierRunIsNeverNamedAgain) {
  TaskId first, second;
  posix_tasks_.run([&] { first = tasks_.current(); });
  posix_tasks_.run([&] { second = tasks_.current(); });
  EXPECT_NE(first, second);
}

TEST_F(PosixTasksTest, ManyTasksShareAQueueAndALockWithoutLoss) {
  int sum = 0;
  posix_tasks_.run([&] {
    Queue<int> queue(tasks_);
    Mutex mutex(tasks_, "mutex");
    Event done(tasks_);
    for (int consumer = 0; consumer < 10; ++consumer) {
      spawn([&] {
        while (true) {
          const int item = queue.pop("item");
          const Mutex::Lock lock(mutex);
          if (item % 10 == 0) tasks_.sleep(microseconds(50));
          sum += item;
          if (sum == 5050) done.set();
        }
      });
    }
    for (int item = 1; item <= 100; ++item) {
      queue.push(item);
      if (item % 7 == 0) tasks_.sleep({});
    }
    EXPECT_TRUE(done.wait_for("all items", seconds(60)));
  });
  EXPECT_EQ(sum, 5050);
}

TEST_F(PosixTasksTest, ClocksAdvanceAndAgreeOnTheSpeedOfTime) {
  const Instant wall = clock_.now();
  const Instant start = clock_.monotonic();
  block(std::chrono::milliseconds(5));
  EXPECT_GE(since(start), milliseconds(5));
  EXPECT_GT(clock_.now(), wall);
  EXPECT_GT(wall, Instant{} + days(19'000));  // after 2022
}

using PosixTasksDeathTest = PosixTasksTest;

TEST_F(PosixTasksDeathTest, WaitingForEverEndsTheProcessWithAList) {
  EXPECT_EXIT(posix_tasks_.run([&] { tasks_.park("godot"); }), ::testing::ExitedWithCode(4),
              "every task waits for ever:\n    main: godot");
}

TEST_F(PosixTasksDeathTest, ATasksCallFromAJobEndsTheProcess) {
  EXPECT_EXIT(
      posix_tasks_.run([&] { tasks_.run_job("job", JobUrgency::kUrgent, [&] { spawn([] {}); }); }),
      ::testing::ExitedWithCode(4), "a task's call from another thread");
}

TEST_F(PosixTasksDeathTest, AnExceptionThatLeavesATaskEndsTheProcess) {
  EXPECT_EXIT(posix_tasks_.run([] { throw std::runtime_error("guest"); }),
              ::testing::ExitedWithCode(4), "'main' ends with an exception: guest");
}

}  // namespace
}  // namespace revenant::env
