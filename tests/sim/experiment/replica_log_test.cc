// What the log of replicas says one of them held, from event to event.
#include "sim/experiment/replica_log.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/ring/ring.h"
#include "sim/record/key.h"
#include "tests/sim/experiment/test_run.h"

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
  ASSERT_EQ(record_.arrivals.at(2).size(), 1u);
  EXPECT_EQ(record_.arrivals.at(2)[0].at, 10);
}

// What replicas show at the end of a run, in the words of held().
class FinalCells final : public Observer {
 public:
  void final_cell(NodeId node, uint64_t key, const CellView& cell) override {
    cells_[{node.value, std::string(key_name(key))}] = {cell.is_tombstone(), cell.version.value};
  }
  std::map<std::pair<uint32_t, std::string>, std::pair<bool, uint64_t>> cells_;  // deleted, version
};

TEST(ReplicaLogOfARunTest, EndsWithWhatReplicasShowAfterCrashesPowerLossesAWipeAndPurges) {
  Json base = Json::parse(kBase);
  base.merge_patch(Json::parse(R"({
    "storage": { "memtable_size": "8KiB", "gc_grace": "1s", "wal": { "sync": "periodic" } },
    "faults": [ { "at": "1s", "for": "300ms", "crash": { "node": 0 } },
                { "at": "2s", "for": "200ms", "power_loss": { "node": 1 } },
                { "at": "3s", "for": "200ms", "wipe": { "node": 2 } } ],
    "operations": [ { "every": "700ms", "compact": "all" } ] })"));
  const std::vector<std::string> metrics = metric_names(), checks = check_names();
  const auto scenario = parse_scenario(base.dump(2), "test", {metrics, checks});
  ASSERT_TRUE(scenario.has_value()) << to_string(scenario.error());
  std::vector<uint64_t> keys;
  for (uint64_t key = 0; key < 200; ++key) keys.push_back(key);
  size_t compared = 0, tombstones = 0, nothing = 0;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    ReplicaLog log(keys);
    FinalCells shown;
    (void)run_scenario(*scenario, seed,
                       {.command = "test", .observers = {&log, &shown}, .watched = keys});
    report::RunRecord record;
    log.finish(record);
    for (const report::Holding& holding : record.holdings) {
      if (holding.to != report::kToTheEnd) continue;
      ++compared;
      const auto cell = shown.cells_.find({holding.node, holding.key});
      const bool is_nothing = holding.kind == report::Holding::Kind::kNothing;
      const bool is_tombstone = holding.kind == report::Holding::Kind::kTombstone;
      nothing += is_nothing ? 1 : 0;
      tombstones += is_tombstone ? 1 : 0;
      ASSERT_EQ(cell == shown.cells_.end(), is_nothing)
          << seed << " " << holding.key << " n" << holding.node;
      if (is_nothing) continue;
      EXPECT_EQ(cell->second, (std::pair{is_tombstone, holding.version}))
          << seed << " " << holding.key;
    }
  }
  EXPECT_EQ(compared, 3u * 3 * 200);
  EXPECT_GT(tombstones + nothing, 20u);
}

}  // namespace
}  // namespace revenant::sim
