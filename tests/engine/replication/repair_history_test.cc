// The repair history on a simulated machine: believed once durable, kept over deaths, and small.
#include "engine/replication/repair_history.h"

#include <gtest/gtest.h>

#include "sim/disk/sim_disk.h"
#include "sim/kernel/kernel.h"
#include "sim/world/node_clock.h"

namespace revenant::replication {
namespace {

using ring::TokenRange;

constexpr Instant at(int64_t s) { return Instant{} + seconds(s); }
Buffer key_at(uint64_t token) {
  Buffer key;
  put_big_endian64(key, token);
  return key;
}

class RepairHistoryTest : public testing::Test {
 protected:
  RepairHistoryTest() : disk_(kernel_, NodeId{0}, {}), clock_(kernel_) { start(); }
  ~RepairHistoryTest() override { kill(); }

  void in_task(std::move_only_function<void()> body) {
    bool done = false;
    kernel_.spawn(group_, "test", [&] {
      body();
      done = true;
    });
    const Instant limit = kernel_.now() + hours(1);
    while (!done && kernel_.now() < limit) kernel_.run_until(kernel_.now() + milliseconds(1));
    ASSERT_TRUE(done);
  }
  void add(TokenRange range, Instant began) {
    in_task([&] { ASSERT_TRUE(history_->add(range, began).has_value()); });
  }
  std::optional<Instant> repaired(uint64_t token) { return history_->ranges()->at(key_at(token)); }
  size_t files() {
    size_t count = 0;
    in_task([&] { count = files_->list("repairs")->size(); });
    return count;
  }
  void start() {
    group_ = kernel_.new_group(NodeId{0});
    tasks_ = std::make_unique<sim::GroupTasks>(kernel_, group_);
    files_ = disk_.mount();
    history_ = std::make_unique<RepairHistory>(env::Environment{clock_, *files_, *tasks_, events_});
    in_task([&] { ASSERT_TRUE(history_->open().has_value()); });
  }
  void kill() {
    disk_.kill_process();
    end();
  }
  void lose_power() {
    disk_.lose_power();
    end();
  }

  sim::Kernel kernel_{1};
  sim::SimDisk disk_;
  sim::NodeClock clock_;
  std::unique_ptr<RepairHistory> history_;
  sim::GroupId group_;

 private:
  void end() {
    kernel_.kill(group_);
    history_.reset();
    files_.reset();
  }

  env::EventSink events_;
  std::unique_ptr<sim::GroupTasks> tasks_;
  std::unique_ptr<env::FileSystem> files_;
};

TEST_F(RepairHistoryTest, WhatWasAddedOutlastsEveryDeath) {
  add({{10}, {20}}, at(5));
  add({{900}, {3}}, at(7));  // wraps
  lose_power();
  start();
  EXPECT_EQ(repaired(10), std::nullopt);
  EXPECT_EQ(repaired(11), at(5));
  EXPECT_EQ(repaired(20), at(5));
  EXPECT_EQ(repaired(21), std::nullopt);
  EXPECT_EQ(repaired(2), at(7));
  EXPECT_EQ(repaired(UINT64_MAX), at(7));
  add({{10}, {20}}, at(9));
  kill();
  start();
  lose_power();
  start();
  EXPECT_EQ(repaired(15), at(9));
  EXPECT_EQ(repaired(2), at(7));
}

// Power is lost at every millisecond of an addition: it is there or it is not, what was there
// before stays, and what the node believed is there afterwards.
TEST_F(RepairHistoryTest, NothingIsBelievedBeforeItIsDurable) {
  add({{10}, {20}}, at(1));
  uint64_t lost = 0, kept = 0;
  for (int64_t session = 2; session < 60; ++session) {
    kernel_.spawn(group_, "add", [&, session] { (void)history_->add({{10}, {20}}, at(session)); });
    kernel_.run_until(kernel_.now() + microseconds(session * 10));
    const auto believed = repaired(15);
    lose_power();
    start();
    ASSERT_TRUE(repaired(15) == at(session) || repaired(15) == believed);
    ++(repaired(15) == at(session) ? kept : lost);
    add({{10}, {20}}, at(session));
  }
  EXPECT_GT(lost, 0u);
  EXPECT_GT(kept, 0u);
}

TEST_F(RepairHistoryTest, StaysSmallHoweverManySessions) {
  for (int64_t session = 0; session < 100; ++session) {
    for (uint64_t range = 0; range < 5; ++range)
      add({{range * 100}, {range * 100 + 50}}, at(session));
  }
  EXPECT_EQ(files(), 1u);
  EXPECT_EQ(history_->ranges()->pieces().size(), 5u);
  kill();
  start();
  EXPECT_EQ(repaired(420), at(99));
}

}  // namespace
}  // namespace revenant::replication
