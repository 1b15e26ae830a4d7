#include "engine/base/fiber.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/base/random.h"

namespace revenant {
namespace {

using ::testing::ElementsAre;

struct Killed {};
void raise_killed() { throw Killed{}; }

class FiberTest : public ::testing::Test {
 protected:
  std::unique_ptr<Fiber> create(std::move_only_function<void()> body) {
    return pool_.create(std::move(body));
  }
  void note(const std::string& what) { log_.push_back(what); }

  FiberPool pool_;
  std::vector<std::string> log_;
};

TEST_F(FiberTest, ControlGoesBackAndForth) {
  const auto fiber = create([&] {
    EXPECT_TRUE(pool_.in_fiber());
    note("one");
    pool_.suspend();
    note("two");
  });
  EXPECT_FALSE(pool_.in_fiber());
  note("start");
  EXPECT_TRUE(fiber->resume());
  EXPECT_FALSE(fiber->finished());
  note("between");
  EXPECT_FALSE(fiber->resume());
  EXPECT_TRUE(fiber->finished());
  EXPECT_THAT(log_, ElementsAre("start", "one", "between", "two"));
}

TEST_F(FiberTest, AFiberMayResumeAnotherAndControlReturnsToIt) {
  const auto inner = create([&] {
    note("inner");
    pool_.suspend();
    note("inner again");
  });
  const auto outer = create([&] {
    inner->resume();
    note("outer");
    pool_.suspend();
    note("outer again");
  });
  outer->resume();
  note("main");
  inner->resume();
  outer->resume();
  EXPECT_THAT(log_, ElementsAre("inner", "outer", "main", "inner again", "outer again"));
}

TEST_F(FiberTest, ResumeWithUnwindsTheFiberFromItsSuspension) {
  struct Guard {
    std::vector<std::string>& log;
    ~Guard() { log.push_back("unwound"); }
  };
  const auto fiber = create([&] {
    try {
      const Guard guard{log_};
      pool_.suspend();
      note("not reached");
    } catch (const Killed&) {
      note("caught");
    }
  });
  fiber->resume();
  EXPECT_FALSE(fiber->resume_with(&raise_killed));
  EXPECT_THAT(log_, ElementsAre("unwound", "caught"));
}

TEST_F(FiberTest, OneThatNeverRanJustEndsAndItsBodyIsDestroyed) {
  auto held = std::make_shared<int>(0);
  const auto fiber = create([held] { FAIL(); });
  EXPECT_EQ(held.use_count(), 2);
  EXPECT_FALSE(fiber->resume_with(&raise_killed));
  EXPECT_TRUE(fiber->finished());
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(FiberTest, ExceptionsOfInterleavedFibersDoNotMix) {
  // Each throws and catches between suspensions, at its own depth.
  std::vector<std::unique_ptr<Fiber>> fibers;
  for (int i = 0; i < 10; ++i) {
    fibers.push_back(create([this, i] {
      for (int round = 0; round < 10; ++round) {
        try {
          pool_.suspend();
          throw i * 100 + round;
        } catch (int thrown) {
          EXPECT_EQ(thrown, i * 100 + round);
        }
      }
    }));
  }
  for (int round = 0; round <= 10; ++round) {
    for (const auto& fiber : fibers) fiber->resume();
  }
  for (const auto& fiber : fibers) EXPECT_TRUE(fiber->finished());
}

TEST_F(FiberTest, AResumerMayBeHandlingAnException) {
  const auto fiber = create([&] {
    pool_.suspend();
    note("goes on");
  });
  try {
    throw 1;
  } catch (int) {
    fiber->resume();
  }
  fiber->resume();
  EXPECT_THAT(log_, ElementsAre("goes on"));
}

TEST_F(FiberTest, StacksKeepTheirContentAcrossManyInterleavedFibers) {
  // More fibers than are guarded, so that canaries are in use too; stacks are used again after some
  // end.
  constexpr size_t kFibers = 12'000;
  Random random(3, "fiber_test");
  std::vector<std::unique_ptr<Fiber>> fibers(kFibers);
  size_t ended = 0;
  const auto start = [&](size_t i) {
    fibers[i] = create([this, i, &ended] {
      std::array<size_t, 64> local;
      for (int round = 0; round < 3; ++round) {
        local.fill(i + static_cast<size_t>(round));
        pool_.suspend();
        for (size_t value : local) ASSERT_EQ(value, i + static_cast<size_t>(round));
      }
      ++ended;
    });
  };
  for (size_t i = 0; i < kFibers; ++i) start(i);
  for (size_t i = 0; i < kFibers; ++i) fibers[i]->resume();
  for (int step = 0; step < 30'000; ++step) {
    const size_t i = random.below(kFibers);
    if (!fibers[i]->resume()) start(i);
  }
  for (size_t i = 0; i < kFibers; ++i) {
    while (fibers[i]->resume()) {
    }
  }
  EXPECT_GT(ended, kFibers);
}

using FiberDeathTest = FiberTest;

TEST_F(FiberDeathTest, SuspendingInCatchOrWhileUnwindingIsADefect) {
  EXPECT_EXIT(create([&] {
                try {
                  throw 1;
                } catch (int) {
                  pool_.suspend();
                }
              })->resume(),
              ::testing::ExitedWithCode(4),
              "suspends inside `catch` or while an exception unwinds it");
  struct Suspender {
    FiberPool& pool;
    ~Suspender() { pool.suspend(); }
  };
  EXPECT_EXIT(create([&] {
                try {
                  const Suspender suspender{pool_};
                  throw 1;
                } catch (int) {
                }
              })->resume(),
              ::testing::ExitedWithCode(4),
              "suspends inside `catch` or while an exception unwinds it");
}

TEST_F(FiberDeathTest, MisuseIsADefect) {
  EXPECT_EXIT(pool_.suspend(), ::testing::ExitedWithCode(4), "outside any fiber");
  EXPECT_EXIT(
      {
        auto fiber = create([&] { pool_.suspend(); });
        fiber->resume();
        fiber.reset();
      },
      ::testing::ExitedWithCode(4), "destroyed halfway");
  EXPECT_EXIT(
      {
        auto fiber = create([] {});
        fiber->resume();
        fiber->resume();
      },
      ::testing::ExitedWithCode(4), "resumed while running or ended");
}

[[gnu::noinline]] uint64_t recurse(uint64_t depth) {
  volatile char page[4096];
  page[0] = static_cast<char>(depth);
  return depth == 0 ? page[0] : recurse(depth - 1) + static_cast<uint64_t>(page[0]);
}

TEST_F(FiberDeathTest, RunningOverTheEndOfAGuardedStackEndsTheProcess) {
  EXPECT_DEATH(create([] { recurse(1000); })->resume(), "");
}

TEST_F(FiberDeathTest, ABodyThatThrowsTerminates) {
  EXPECT_DEATH(create([] { throw std::runtime_error("x"); })->resume(), "");
}

}  // namespace
}  // namespace revenant
