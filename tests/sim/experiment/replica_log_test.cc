// What the log of replicas says one of them held, from event to event.
#include "sim/experiment/replica_log.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/ring/ring.h"
#include "sim/record/key.h"

namespace revenant::sim {
namespace {

constexpr NodeId kLoggingNode{3};
constexpr uint64_t kLoggedKey = 7;

class ReplicaLogTest : public testing::Test {
 protected:
  void SetUp() override { log_.began(); }

  void apply(int64_t at, uint64_t version, CellKind kind = CellKind::kValue,
             env::ApplySource source = env::ApplySource::kClient) {
    log_.applied(
        Instant{at}, kLoggingNode, kLoggedKey,
        {.kind = kind, .version = Version{version}, .deletion_time = Instant{ends_}, .value = {}},
        source);
  }
  // Versions of values.
  void flush(int64_t at, uint64_t sstable, std::vector<uint64_t> versions) {
    rewrite(at, {}, sstable, std::move(versions));
  }
  void rewrite(int64_t at, std::vector<FileNumber> inputs, uint64_t sstable,
               std::vector<uint64_t> versions, CellKind kind = CellKind::kValue) {
    std::vector<env::WatchedEntry> entries;
    for (const uint64_t version : versions)
      entries.push_back({.key = ring::storage_key(key_name(kLoggedKey)),
                         .kind = kind,
                         .version = Version{version},
                         .sstable = FileNumber{sstable}});
    log_.rewritten(Instant{at}, kLoggingNode, inputs, entries);
  }
  void machine(int64_t at, std::string_view what) { log_.machine(Instant{at}, kLoggingNode, what); }

  // "value 2 from 5", "nothing from 9": what it held, in order.
  std::vector<std::string> held() {
    log_.finish(record_);
    std::vector<std::string> found;
    for (const report::Holding& holding : record_.holdings) {
      constexpr std::string_view kKinds[] = {"nothing", "value", "tombstone"};
      found.push_back(fmt::format("{} {} from {}", kKinds[static_cast<size_t>(holding.kind)],
                                  holding.version, holding.from));
    }
    return found;
  }
  using Held = std::vector<std::string>;

  ReplicaLog log_{{kLoggedKey}};
  report::RunRecord record_;
  int64_t ends_ = 0;
};

TEST_F(ReplicaLogTest, TheGreatestVersionIsHeldWheneverItArrives) {
  apply(10, 2);
  apply(20, 1);
  apply(30, 3, CellKind::kTombstone);
  EXPECT_EQ(held(), (Held{"nothing 0 from -1", "value 2 from 10", "tombstone 3 from 30"}));
}

TEST_F(ReplicaLogTest, APurgedTombstoneLeavesNothingAndALateHintBringsTheValueBack) {
  apply(10, 1);
  apply(20, 2, CellKind::kTombstone);
  rewrite(30, {}, 1, {2}, CellKind::kTombstone);
  rewrite(40, {FileNumber{1}}, 0, {2}, CellKind::kTombstone);
  apply(50, 1, CellKind::kValue, env::ApplySource::kHint);
  EXPECT_EQ(held(), (Held{"nothing 0 from -1", "value 1 from 10", "tombstone 2 from 20",
                          "nothing 0 from 40", "value 1 from 50"}));
  EXPECT_EQ(record_.holdings.back().source, "a hint");
}

TEST_F(ReplicaLogTest, WhatNeitherLogNorSstablesBringBackIsLostWhenTheProcessServesAgain) {
  apply(10, 1);
  flush(20, 1, {1});
  apply(30, 2);
  apply(40, 3);
  machine(50, "loses power");
  machine(60, "starts");
  apply(65, 2, CellKind::kValue, env::ApplySource::kRecovery);
  machine(70, "serves");
  EXPECT_EQ(held(), (Held{"nothing 0 from -1", "value 1 from 10", "value 2 from 30",
                          "value 3 from 40", "value 2 from 70"}));
  ASSERT_EQ(record_.absences.size(), 1u);
  EXPECT_EQ(record_.absences[0].from, 50);
  EXPECT_EQ(record_.absences[0].to, 70);
  EXPECT_EQ(record_.absences[0].why, "loses power");
}

TEST_F(ReplicaLogTest, ACompactionThatBringsNothingNewChangesNothing) {
  apply(10, 1);
  flush(20, 1, {1});
  rewrite(30, {FileNumber{1}}, 2, {1});
  machine(40, "is killed");
  machine(50, "starts");
  machine(60, "serves");
  EXPECT_EQ(held(), (Held{"nothing 0 from -1", "value 1 from 10"}));
}

TEST_F(ReplicaLogTest, AReplacedDiskHoldsNothing) {
  apply(10, 1);
  flush(20, 1, {1});
  log_.disk_replaced(Instant{30}, kLoggingNode);
  EXPECT_EQ(held(), (Held{"nothing 0 from -1", "value 1 from 10", "nothing 0 from 30"}));
}

TEST_F(ReplicaLogTest, AValueThatEndsIsDeletedFromThenOn) {
  ends_ = 25;
  apply(10, 1, CellKind::kExpiring);
  EXPECT_EQ(held(), (Held{"nothing 0 from -1", "value 1 from 10", "tombstone 1 from 25"}));
}

TEST_F(ReplicaLogTest, AHoldingNamesTheLineOfItsWrite) {
  Operation read, write;
  read.key = write.key = kLoggedKey;
  write.kind = OperationKind::kUpdate;
  write.version = Version{1};
  log_.operation(read);
  apply(10, 1);
  log_.operation(write);
  (void)held();
  EXPECT_EQ(record_.holdings.back().line, 2u);
  EXPECT_TRUE(record_.participants.contains(1));
}

}  // namespace
}  // namespace revenant::sim
