// Hints on a simulated machine: kept, delivered in order, kept over a kill, dropped when too old.
#include "engine/replication/hints.h"

#include <gtest/gtest.h>

#include "sim/disk/sim_disk.h"
#include "sim/kernel/kernel.h"
#include "sim/world/node_clock.h"

namespace revenant::replication {
namespace {

constexpr NodeId kTarget{1}, kOther{2};

class HintsTest : public testing::Test {
 protected:
  HintsTest() : disk_(kernel_, NodeId{0}, {}), clock_(kernel_) { start(); }
  ~HintsTest() override { stop(); }

  // In a process of its own, like a node that is started with other settings.
  void restart_with(const HintOptions& options) {
    stop();
    options_ = options;
    start();
  }

  // Runs `body` as a task of the process and waits for it.
  void in_task(std::move_only_function<void()> body) {
    bool done = false;
    kernel_.spawn(group_, "test", [&] {
      body();
      done = true;
    });
    const Instant limit = kernel_.now() + hours(1);
    while (!done && kernel_.now() < limit) kernel_.run_until(kernel_.now() + milliseconds(10));
    ASSERT_TRUE(done);
  }
  void kill_and_restart() {
    stop();
    start();
  }
  void add(NodeId target, int number) {
    in_task([&, number] {
      hints_->add(target, "key",
                  CellView{CellKind::kValue, Version{static_cast<uint64_t>(number)}, {}, "v"});
    });
  }
  // Versions delivered to the target until `refuse_after` were taken.
  std::vector<uint64_t> replay(NodeId target, size_t refuse_after = SIZE_MAX) {
    std::vector<uint64_t> taken;
    in_task([&] {
      hints_->replay(target, [&](Buffer, const Cell& cell, Instant) {
        if (taken.size() == refuse_after) return false;
        taken.push_back(cell.version.value);
        return true;
      });
    });
    return taken;
  }
  // Whether a flush left nothing, if the target takes `taken_max` hints.
  bool flush(NodeId target, size_t taken_max = SIZE_MAX) {
    bool done = false;
    in_task([&] {
      done = hints_->flush(target, [&](Buffer, const Cell&, Instant) { return taken_max-- > 0; });
    });
    return done;
  }
  void pass(Duration d) { kernel_.run_until(kernel_.now() + d); }

  sim::GroupId group() const { return group_; }
  env::Tasks& tasks() { return *tasks_; }

  sim::Kernel kernel_{1};
  sim::SimDisk disk_;
  sim::NodeClock clock_;
  std::unique_ptr<Hints> hints_;

 private:
  void start() {
    group_ = kernel_.new_group(NodeId{0});
    tasks_ = std::make_unique<sim::GroupTasks>(kernel_, group_);
    files_ = disk_.mount();
    hints_ = std::make_unique<Hints>(env::Environment{clock_, *files_, *tasks_, events_}, options_,
                                     days(10));
    in_task([&] { ASSERT_TRUE(hints_->open().has_value()); });
  }
  void stop() {
    disk_.kill_process();
    kernel_.kill(group_);
    hints_.reset();
    files_.reset();
  }

  HintOptions options_;
  env::EventSink events_;
  sim::GroupId group_;
  std::unique_ptr<sim::GroupTasks> tasks_;
  std::unique_ptr<env::FileSystem> files_;
};

TEST_F(HintsTest, AVisitSeesAllThatIsKeptAndLeavesItThere) {
  add(kTarget, 1);
  add(kOther, 2);
  kill_and_restart();
  add(kTarget, 3);
  std::vector<std::pair<NodeId, uint64_t>> seen;
  in_task([&] {
    hints_->visit([&](NodeId target, const Buffer&, const Cell& cell) {
      seen.emplace_back(target, cell.version.value);
    });
  });
  EXPECT_EQ(seen,
            (std::vector<std::pair<NodeId, uint64_t>>{{kTarget, 1}, {kTarget, 3}, {kOther, 2}}));
  EXPECT_EQ(replay(kTarget), (std::vector<uint64_t>{1, 3}));
}

TEST_F(HintsTest, AreDeliveredInOrderAndOnce) {
  for (int i = 1; i <= 5; ++i) add(kTarget, i);
  EXPECT_TRUE(hints_->pending(kTarget));
  EXPECT_EQ(replay(kTarget), (std::vector<uint64_t>{1, 2, 3, 4, 5}));
  EXPECT_FALSE(hints_->pending(kTarget));
  EXPECT_EQ(hints_->pending_bytes(), 0u);
  EXPECT_EQ(replay(kTarget), std::vector<uint64_t>{});
  EXPECT_EQ(hints_->metrics().delivered, 5u);
}

TEST_F(HintsTest, BelongToOneTarget) {
  add(kTarget, 1);
  add(kOther, 2);
  EXPECT_EQ(replay(kOther), std::vector<uint64_t>{2});
  EXPECT_TRUE(hints_->pending(kTarget));
}

TEST_F(HintsTest, ARefusedHintAndThoseAfterItStay) {
  for (int i = 1; i <= 3; ++i) add(kTarget, i);
  EXPECT_EQ(replay(kTarget, 1), std::vector<uint64_t>{1});
  EXPECT_TRUE(hints_->pending(kTarget));
  EXPECT_EQ(replay(kTarget), (std::vector<uint64_t>{1, 2, 3}))
      << "a file goes when all in it were taken";
}

TEST_F(HintsTest, NewOnesArriveWhileOthersWait) {
  add(kTarget, 1);
  EXPECT_EQ(replay(kTarget, 0), std::vector<uint64_t>{});
  add(kTarget, 2);
  EXPECT_EQ(replay(kTarget), (std::vector<uint64_t>{1, 2}));
}

TEST_F(HintsTest, ThoseDiscardedAreDeliveredNoMore) {
  for (int i = 1; i <= 3; ++i) add(kTarget, i);
  add(kOther, 4);
  std::vector<uint64_t> taken;
  in_task([&] {
    hints_->replay(kTarget, [&](Buffer, const Cell& cell, Instant) {
      taken.push_back(cell.version.value);
      hints_->discard();  // in the middle of a replay
      return true;
    });
  });
  EXPECT_EQ(taken, (std::vector<uint64_t>{1}));
  EXPECT_EQ(replay(kOther), std::vector<uint64_t>{});
  EXPECT_EQ(hints_->pending_bytes(), 0u);
  add(kTarget, 5);
  EXPECT_EQ(replay(kTarget), (std::vector<uint64_t>{5}));
}

TEST_F(HintsTest, TheirGreatestAgeMayChange) {
  add(kTarget, 1);
  pass(minutes(2));
  in_task([&] { hints_->set_age_max(minutes(1)); });
  EXPECT_EQ(replay(kTarget), std::vector<uint64_t>{});
  EXPECT_EQ(hints_->metrics().expired, 1u);
}

TEST_F(HintsTest, SurviveAProcessKill) {
  for (int i = 1; i <= 3; ++i) add(kTarget, i);
  kill_and_restart();
  EXPECT_TRUE(hints_->pending(kTarget));
  add(kTarget, 4);
  EXPECT_EQ(replay(kTarget), (std::vector<uint64_t>{1, 2, 3, 4}));
  kill_and_restart();
  EXPECT_FALSE(hints_->pending(kTarget));
}

TEST_F(HintsTest, AreDroppedOnceTooOld) {
  add(kTarget, 1);
  pass(days(5));
  add(kTarget, 2);
  pass(days(5));
  EXPECT_EQ(replay(kTarget), std::vector<uint64_t>{2});
  EXPECT_EQ(hints_->metrics().expired, 1u);
}

TEST_F(HintsTest, ATargetIsFullUntilItTookSome) {
  add(kTarget, 1);
  EXPECT_FALSE(hints_->full(kTarget)) << "no limit by default";
  const auto one = static_cast<int64_t>(hints_->pending_bytes());

  restart_with({.max_size_per_host = ByteSize{3 * one}});
  EXPECT_FALSE(hints_->full(kTarget));
  for (int i = 2; i <= 4; ++i) add(kTarget, i);
  EXPECT_TRUE(hints_->full(kTarget)) << "those of the earlier life count";
  add(kOther, 5);
  EXPECT_FALSE(hints_->full(kOther)) << "each target has a limit of its own";

  EXPECT_EQ(replay(kTarget), (std::vector<uint64_t>{1, 2, 3, 4}));
  EXPECT_FALSE(hints_->full(kTarget));
}

TEST_F(HintsTest, AFlushDeliversAllOrSaysThatSomeAreLeft) {
  EXPECT_TRUE(flush(kTarget)) << "nothing is kept";
  for (int i = 1; i <= 3; ++i) add(kTarget, i);
  EXPECT_FALSE(flush(kTarget, 1));
  EXPECT_TRUE(hints_->pending(kTarget));
  EXPECT_TRUE(flush(kTarget));
  EXPECT_FALSE(hints_->pending(kTarget));
}

TEST_F(HintsTest, AFlushWaitsForTheReplayThatIsAtIt) {
  add(kTarget, 1);
  add(kTarget, 2);
  bool replayed = false;
  kernel_.spawn(group(), "replay", [&] {
    hints_->replay(kTarget, [&](Buffer, const Cell&, Instant) {
      tasks().sleep(seconds(1));
      return true;
    });
    replayed = true;
  });
  kernel_.run_until(kernel_.now() + milliseconds(100));
  bool after = false;
  in_task([&] {
    EXPECT_TRUE(hints_->flush(kTarget, [](Buffer, const Cell&, Instant) { return false; }));
    after = replayed;
  });
  EXPECT_TRUE(after);
}

TEST_F(HintsTest, AFlushDoesNotWaitForHintsThatComeMeanwhile) {
  add(kTarget, 1);
  in_task([&] {
    EXPECT_TRUE(hints_->flush(kTarget, [&](Buffer, const Cell&, Instant) {
      hints_->add(kTarget, "key", CellView{CellKind::kValue, Version{2}, {}, "v"});
      return true;
    }));
  });
  EXPECT_EQ(replay(kTarget), std::vector<uint64_t>{2});
}

}  // namespace
}  // namespace revenant::replication
