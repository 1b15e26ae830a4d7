// env::WaitList, Event, Mutex and Queue over the kernel's tasks.
#include "engine/env/sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "sim/kernel/kernel.h"

namespace revenant::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SyncTest : public ::testing::Test {
 protected:
  void note(const std::string& what) {
    log_.push_back(fmt::format("{} {}", kernel_.now().ns / 1'000'000, what));
  }
  void spawn(std::move_only_function<void()> body) { tasks_.spawn("task", std::move(body)); }
  void sleep_ms(int64_t ms) { tasks_.sleep(milliseconds(ms)); }
  void run() { kernel_.run_until(kernel_.now() + seconds(10)); }

  Kernel kernel_{7};
  GroupId group_ = kernel_.new_group({3});
  GroupTasks group_tasks_{kernel_, group_};
  env::Tasks& tasks_ = group_tasks_;
  std::vector<std::string> log_;
};

TEST_F(SyncTest, WaitersAreWokenInTheOrderTheyCame) {
  env::WaitList list(tasks_);
  for (int i : {1, 2, 3}) {
    spawn([&, i] {
      EXPECT_TRUE(list.wait("turn"));
      note(std::to_string(i));
    });
  }
  spawn([&] {
    sleep_ms(1);
    EXPECT_TRUE(list.wake_one());
    sleep_ms(1);
    list.wake_all();
    EXPECT_FALSE(list.wake_one());
  });
  run();
  EXPECT_THAT(log_, ElementsAre("1 1", "2 2", "2 3"));
}

TEST_F(SyncTest, AWaitEndsAtItsTimeoutAndLeavesTheList) {
  env::WaitList list(tasks_);
  spawn([&] {
    EXPECT_FALSE(list.wait("nothing", milliseconds(5)));
    note("timed out");
    EXPECT_TRUE(list.empty());
    EXPECT_FALSE(list.wake_one());
  });
  run();
  EXPECT_THAT(log_, ElementsAre("5 timed out"));
}

TEST_F(SyncTest, AWakeUpAtTheInstantOfTheTimeoutIsNotLost) {
  env::WaitList list(tasks_);
  bool woken_by_list = false;
  bool waiter_says = false;
  // The waker's timer comes first at that instant.
  spawn([&] {
    sleep_ms(5);
    woken_by_list = list.wake_one();
  });
  spawn([&] { waiter_says = list.wait("something", milliseconds(5)); });
  run();
  EXPECT_TRUE(woken_by_list);
  EXPECT_TRUE(waiter_says);
}

TEST_F(SyncTest, AWakeUpWhileThePausedWaitersTimeoutEndsIsNotLost) {
  env::WaitList list(tasks_);
  bool waiter_says = false;
  spawn([&] { waiter_says = list.wait("something", milliseconds(5)); });
  kernel_.run_until({milliseconds(1).ns});
  kernel_.pause(group_);
  kernel_.run_until({milliseconds(6).ns});  // the time-out ends; the task cannot run
  EXPECT_TRUE(list.wake_one());
  kernel_.resume(group_);
  run();
  EXPECT_TRUE(waiter_says);
}

TEST_F(SyncTest, AnEventLetsEverybodyThroughOnceSet) {
  env::Event event(tasks_);
  spawn([&] {
    EXPECT_FALSE(event.wait_for("early", milliseconds(1)));
    note("too early");
    event.wait("set");
    note("through");
  });
  spawn([&] {
    EXPECT_TRUE(event.wait_for("set", milliseconds(100)));
    note("in time");
  });
  spawn([&] {
    sleep_ms(3);
    event.set();
    event.wait("set");
    EXPECT_TRUE(event.wait_for("set", {}));
    note("at once");
  });
  run();
  EXPECT_THAT(log_, ElementsAre("1 too early", "3 at once", "3 in time", "3 through"));
}

TEST_F(SyncTest, AMutexIsHeldByOneTaskAtATime) {
  env::Mutex mutex(tasks_, "mutex");
  int holders = 0;
  int done = 0;
  for (int i = 0; i < 20; ++i) {
    spawn([&, i] {
      for (int round = 0; round < 5; ++round) {
        const env::Mutex::Lock lock(mutex);
        EXPECT_EQ(++holders, 1);
        sleep_ms(i % 3);
        --holders;
      }
      ++done;
    });
  }
  run();
  EXPECT_EQ(done, 20);
}

TEST_F(SyncTest, NobodyOvertakesAtAMutex) {
  env::Mutex mutex(tasks_, "mutex");
  for (const char* name : {"a", "b"}) {
    spawn([&, name] {
      // Releases and asks again at the same instant, before the other could run.
      for (int round = 0; round < 3; ++round) {
        const env::Mutex::Lock lock(mutex);
        note(name);
        sleep_ms(1);
      }
    });
  }
  run();
  EXPECT_THAT(log_, ElementsAre("0 a", "1 b", "2 a", "3 b", "4 a", "5 b"));
}

TEST_F(SyncTest, AQueueGivesItsItemsToThoseWhoWaitedLongest) {
  env::Queue<int> queue(tasks_);
  for (const char* name : {"a", "b"}) {
    spawn([&, name] {
      const int item = queue.pop("item");
      note(fmt::format("{} {}", name, item));
    });
  }
  spawn([&] {
    sleep_ms(1);
    queue.push(1);
    EXPECT_EQ(queue.try_pop(), std::nullopt);  // promised to a
    queue.push(2);
    queue.push(3);
    EXPECT_TRUE(queue.try_pop().has_value());  // one more than are promised
  });
  run();
  ASSERT_EQ(log_.size(), 2);
  EXPECT_EQ(log_[0].substr(0, 3), "1 a");
  EXPECT_EQ(log_[1].substr(0, 3), "1 b");
  EXPECT_EQ(queue.size(), 0);
}

TEST_F(SyncTest, AQueueKeepsTheOrderOfItsItems) {
  env::Queue<int> queue(tasks_);
  std::vector<int> got;
  spawn([&] {
    for (int i = 0; i < 100; ++i) got.push_back(queue.pop("item"));
  });
  spawn([&] {
    Random random = kernel_.stream("test");
    for (int i = 0; i < 100; ++i) {
      queue.push(i);
      if (random.chance({300'000'000})) sleep_ms(1);
    }
  });
  run();
  ASSERT_EQ(got.size(), 100);
  EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
}

TEST_F(SyncTest, AKilledNodesWaitersLeaveEveryListTheyWaitedIn) {
  auto list = std::make_unique<env::WaitList>(tasks_);
  auto mutex = std::make_unique<env::Mutex>(tasks_, "mutex");
  auto queue = std::make_unique<env::Queue<std::string>>(tasks_);
  int unwound = 0;
  struct Count {
    int& n;
    ~Count() { ++n; }
  };
  spawn([&] {
    const Count count{unwound};
    const env::Mutex::Lock lock(*mutex);
    tasks_.park("holding the lock");
  });
  for (int i = 0; i < 3; ++i) {
    spawn([&] {
      const Count count{unwound};
      const env::Mutex::Lock lock(*mutex);
    });
    spawn([&] {
      const Count count{unwound};
      list->wait("turn");
    });
    spawn([&] {
      const Count count{unwound};
      queue->pop("item");
    });
  }
  run();
  kernel_.kill(group_);
  EXPECT_EQ(unwound, 10);
  EXPECT_TRUE(list->empty());
  list->wake_all();  // under AddressSanitizer: nothing points into the stacks that are gone
  queue->push("nobody takes it");
  run();
  EXPECT_THAT(kernel_.waiting(), IsEmpty());
}

TEST_F(SyncTest, ATaskWokenAndKilledBeforeItRunsIsUnwoundFromItsWait) {
  env::WaitList list(tasks_);
  bool ran = false;
  spawn([&] {
    list.wait("turn");
    ran = true;
  });
  run();
  EXPECT_TRUE(list.wake_one());
  kernel_.kill(group_);
  run();
  EXPECT_FALSE(ran);
  EXPECT_TRUE(list.empty());
}

TEST_F(SyncTest, RandomProducersAndConsumersLoseNothing) {
  // Against a count: each item pushed is popped once, however timeouts and sleeps fall.
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Kernel kernel(seed);
    const GroupId group = kernel.new_group({0});
    GroupTasks tasks(kernel, group);
    env::Queue<int> queue(tasks);
    std::vector<int> popped(1000);
    for (int consumer = 0; consumer < 5; ++consumer) {
      tasks.spawn("consumer", [&, consumer] {
        Random random = kernel.stream(fmt::format("consumer/{}", consumer));
        while (true) {
          ++popped[static_cast<size_t>(queue.pop("item"))];
          tasks.sleep({random.between(0, 50)});
        }
      });
    }
    for (int producer = 0; producer < 5; ++producer) {
      tasks.spawn("producer", [&, producer] {
        Random random = kernel.stream(fmt::format("producer/{}", producer));
        for (int i = 0; i < 200; ++i) {
          queue.push(producer * 200 + i);
          if (const auto item = queue.try_pop()) ++popped[static_cast<size_t>(*item)];
          queue.push(producer * 200 + i);
          tasks.sleep({random.between(0, 50)});
        }
      });
    }
    kernel.run_until(Instant{} + seconds(1));
    EXPECT_THAT(popped, ::testing::Each(2)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace revenant::sim
