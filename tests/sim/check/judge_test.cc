// The judge against histories written by hand: each property once broken and once kept.
#include "sim/check/judge.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "sim/check/checks.h"
#include "sim/record/key.h"

namespace revenant::sim {
namespace {

constexpr Duration kAtRiskAfter = seconds(2);

Instant at(int64_t s) { return Instant{} + seconds(s); }

class JudgeTest : public testing::Test {
 protected:
  JudgeTest()
      : topology_({{.node = {0}}, {.node = {1}}, {.node = {2}}}, 0,
                  {.replication_factor = {3, {}}, .vnodes = 4}, Random(1, "ring")),
        judge_(topology_, kAtRiskAfter, replication::Timestamps::kClient,
               [this](uint64_t) { return left_out_before_; }) {}

  // --- what happens ---
  WriteId put(int64_t begun, int64_t acknowledged, uint64_t version,
              client::Outcome outcome = client::Outcome::kOk) {
    return write(OperationKind::kUpdate, begun, acknowledged, version, outcome);
  }
  void remove(int64_t begun, int64_t acknowledged, uint64_t version,
              client::Outcome outcome = client::Outcome::kOk) {
    write(OperationKind::kDelete, begun, acknowledged, version, outcome);
  }
  WriteId put_expiring(int64_t begun, int64_t acknowledged, uint64_t version, int64_t ttl) {
    return write(OperationKind::kUpdate, begun, acknowledged, version, client::Outcome::kOk,
                 seconds(ttl));
  }
  void apply(uint32_t node, uint64_t version, CellKind kind, int64_t when = 0) {
    judge_.applied(at(when), NodeId{node}, kKey, CellView{kind, Version{version}, at(when), ""},
                   env::ApplySource::kClient);
  }
  void apply_everywhere(uint64_t version, CellKind kind, int64_t when = 0) {
    for (uint32_t node = 0; node < 3; ++node) apply(node, version, kind, when);
  }
  void purge(uint32_t node, uint64_t version, int64_t when) {
    judge_.purged(at(when), NodeId{node}, kKey, Version{version});
  }
  void read_value(int64_t begun, uint64_t version, WriteId write, uint32_t from = 0) {
    Operation read = operation(OperationKind::kRead, begun, begun + 1);
    read.found = true;
    read.version = Version{version};
    read.write = write;
    read.answers = {{NodeId{from}, true, Version{version}}};
    judge_.operation(read);
  }
  void read_nothing(int64_t begun, uint64_t version) {
    Operation read = operation(OperationKind::kRead, begun, begun + 1);
    read.version = Version{version};
    judge_.operation(read);
  }
  // From the key on: it alone, or nothing, up to the end.
  void scan(int64_t begun, std::optional<std::pair<uint64_t, WriteId>> found, bool to_end = true) {
    Operation scan = operation(OperationKind::kScan, begun, begun + 1);
    if (found) scan.scanned.push_back({kKey, Version{found->first}, found->second});
    scan.scanned_to_end = to_end;
    judge_.operation(scan);
  }
  void hold(uint32_t node, uint64_t version, CellKind kind, Bytes value = "v",
            Instant deleted = {}) {
    judge_.final_cell(NodeId{node}, kKey, CellView{kind, Version{version}, deleted, value});
  }

  double figure(std::string_view name) {
    Metrics metrics;
    judge_.report(metrics);
    return metrics.get(name).value_or(-1);
  }
  double figure_at_end(std::string_view name) {
    judge_.finish([](uint64_t) { return at(900); });
    return figure(name);
  }

  static constexpr uint64_t kKey = 7;
  ring::Topology topology_;
  Instant left_out_before_{INT64_MIN};
  Judge judge_;

 private:
  Operation operation(OperationKind kind, int64_t begun, int64_t completed) {
    Operation op;
    op.kind = kind;
    op.key = kKey;
    op.intended = op.invoked = at(begun);
    op.completed = at(completed);
    op.outcome = client::Outcome::kOk;
    return op;
  }
  WriteId write(OperationKind kind, int64_t begun, int64_t acknowledged, uint64_t version,
                client::Outcome outcome, std::optional<Duration> ttl = std::nullopt) {
    const WriteId id{++writes_};
    judge_.write_began(kKey, id, at(begun));
    Operation op = operation(kind, begun, acknowledged);
    op.write = id;
    op.version = Version{version};
    op.outcome = outcome;
    op.ttl = ttl;
    judge_.operation(op);
    return id;
  }
  uint64_t writes_ = 0;
};

TEST_F(JudgeTest, AScanReturnsWhatItPasses) {
  const WriteId write = put(1, 2, 10);
  scan(3, {{10, write}});
  scan(3, std::nullopt, /*to_end=*/false);  // it did not come so far
  EXPECT_EQ(figure("stale_reads"), 0);
  scan(3, std::nullopt);
  EXPECT_EQ(figure("stale_reads"), 1);
  ASSERT_FALSE(judge_.violations().empty());
  EXPECT_EQ(judge_.violations()[0].cause, "left out of a scan");
  const WriteId newer = put(4, 5, 20);
  scan(6, {{10, write}});
  EXPECT_EQ(figure("stale_reads"), 2);
  scan(6, {{20, newer}});
  EXPECT_EQ(figure("stale_reads"), 2);
}

TEST_F(JudgeTest, AScanPassesOverWhatMayBeHidden) {
  put(1, 2, 10);
  remove(3, 4, 20);
  scan(5, std::nullopt);  // deleted
  put(6, 7, 30);
  apply(0, 40, CellKind::kTombstone, 8);
  scan(8, std::nullopt);  // a delete is under way
  put(9, 10, 50);
  apply(0, 60, CellKind::kExpiring, 11);
  scan(12, std::nullopt);  // a value that expires is under way, and may have expired
  EXPECT_EQ(figure("stale_reads"), 0);
  put_expiring(13, 14, 70, /*ttl=*/10);
  EXPECT_EQ(figure("early_expiries"), 0);
  scan(15, std::nullopt);
  EXPECT_EQ(figure("early_expiries"), 1);
  scan(23, std::nullopt);  // until it may have ended
  EXPECT_EQ(figure("early_expiries") + figure("stale_reads"), 1);
}

TEST_F(JudgeTest, AReadOfTheNewestAcknowledgedWriteIsFine) {
  const WriteId write = put(1, 2, 10);
  read_value(3, 10, write);
  EXPECT_EQ(figure("stale_reads"), 0);
  EXPECT_EQ(figure("thin_air_reads"), 0);
}

TEST_F(JudgeTest, AValueThatExpiredIsDeletedByItsOwnWrite) {
  const WriteId permanent = put(1, 2, 10);
  const WriteId brief = put_expiring(3, 4, 20, 10);
  read_value(5, 20, brief);
  read_nothing(20, 20);
  EXPECT_EQ(figure("deleted_reads"), 0);
  EXPECT_EQ(figure("stale_reads"), 0);
  read_value(21, 10, permanent);
  EXPECT_EQ(figure("deleted_keys_seen"), 1);
  read_value(22, 20, brief);
  EXPECT_EQ(figure("deleted_reads"), 2);
}

TEST_F(JudgeTest, ItsTombstonesPurgeMakesThePermanentValueAResurrection) {
  const WriteId permanent = put(1, 2, 10);
  put_expiring(3, 4, 20, 10);
  apply(0, 20, CellKind::kExpiring, 4);
  purge(0, 20, 20);
  read_value(30, 10, permanent, 2);
  EXPECT_EQ(figure("resurrected_keys"), 1);
}

TEST_F(JudgeTest, AFailedWriteThatIsReadOnceMayNotGoAwayAgain) {
  const WriteId before = put(1, 2, 10);
  const WriteId failed = put(3, 4, 20, client::Outcome::kUnknown);
  read_value(5, 20, failed);
  EXPECT_EQ(figure("failed_writes_seen"), 1);
  EXPECT_EQ(figure("reads_gone_back"), 0);
  read_value(5, 10, before);
  EXPECT_EQ(figure("reads_gone_back"), 0) << "it overlaps the other read";
  read_value(8, 10, before);
  EXPECT_EQ(figure("reads_gone_back"), 1);
  EXPECT_EQ(figure("stale_reads"), 0) << "nobody had acknowledged it";
}

TEST_F(JudgeTest, AValueThatIsGoneBeforeItsEndIsNoDelete) {
  put_expiring(3, 4, 20, 100);
  read_nothing(50, 20);
  EXPECT_EQ(figure("early_expiries"), 1);
  remove(60, 61, 30);
  read_nothing(62, 30);
  EXPECT_EQ(figure("early_expiries"), 1);
}

TEST_F(JudgeTest, ATombstoneThatMayGoIsOverdueIfItIsThereAtTheEnd) {
  put(1, 2, 10);
  remove(3, 4, 20);
  hold(0, 20, CellKind::kTombstone, "", at(4));
  hold(1, 20, CellKind::kTombstone, "", at(950));
  EXPECT_EQ(figure_at_end("overdue_tombstones"), 1);
  EXPECT_EQ(figure("overdue_tombstone_max_s"), 896);
}

TEST_F(JudgeTest, ATruncationDeletesWhatWasWrittenBefore) {
  const WriteId before = put(1, 2, 10);
  judge_.truncated(at(3), at(4), Version{15});
  read_nothing(5, 0);
  EXPECT_EQ(figure("stale_reads"), 0);
  const WriteId after = put(6, 7, 20);
  read_value(8, 20, after);
  EXPECT_EQ(figure("deleted_reads"), 0);
  read_value(9, 10, before);
  EXPECT_EQ(figure("deleted_reads"), 1);
}

TEST_F(JudgeTest, AReadThatMissesAnAcknowledgedPutIsStaleByTimeAndVersions) {
  const WriteId old = put(1, 2, 10);
  put(3, 4, 20);
  put(5, 6, 30);
  read_value(10, 10, old);
  EXPECT_EQ(figure("stale_reads"), 1);
  EXPECT_EQ(figure("staleness_versions_max"), 2);
  EXPECT_EQ(figure("staleness_max_ms"), 6000)
      << "since the first write missed was acknowledged, at 4 s";
}

TEST_F(JudgeTest, AWriteThatOverlapsTheReadMayBeMissed) {
  const WriteId old = put(1, 2, 10);
  put(3, 8, 20);
  read_value(5, 10, old);
  EXPECT_EQ(figure("stale_reads"), 0);
}

TEST_F(JudgeTest, AWriteAcknowledgedAtTheVeryInstantTheReadBeginsMayBeMissed) {
  const WriteId old = put(1, 2, 10);
  put(3, 5, 20);
  read_value(5, 10, old);
  EXPECT_EQ(figure("stale_reads"), 0);
}

TEST_F(JudgeTest, AReadThatFindsNothingAfterAPutIsStale) {
  put(1, 2, 10);
  read_nothing(3, 0);
  EXPECT_EQ(figure("stale_reads"), 1);
}

TEST_F(JudgeTest, AReadThatFindsNothingAfterADeleteIsFineWithAndWithoutATombstone) {
  put(1, 2, 10);
  remove(3, 4, 20);
  read_nothing(5, 20);
  read_nothing(7, 0);
  EXPECT_EQ(figure("stale_reads"), 0);
}

TEST_F(JudgeTest, ADeleteOfUnknownOutcomeMayExplainThatNothingIsFound) {
  put(1, 2, 10);
  remove(3, 4, 20, client::Outcome::kUnknown);
  apply(0, 20, CellKind::kTombstone);
  purge(0, 20, 5);
  read_nothing(6, 0);
  EXPECT_EQ(figure("stale_reads"), 0);
}

TEST_F(JudgeTest, ADeletedVersionReadWhileEveryTakerStillHasTheTombstoneIsStale) {
  const WriteId old = put(1, 2, 10);
  remove(3, 4, 20);
  apply(0, 20, CellKind::kTombstone);
  apply(1, 20, CellKind::kTombstone);
  read_value(10, 10, old, /*from=*/2);
  EXPECT_EQ(figure("stale_reads"), 1);
  EXPECT_EQ(figure("resurrected_reads"), 0);
}

TEST_F(JudgeTest, ADeletedVersionReadAfterATakerPurgedTheTombstoneIsResurrected) {
  const WriteId old = put(1, 2, 10);
  remove(3, 4, 20);
  apply(0, 20, CellKind::kTombstone);
  apply(1, 20, CellKind::kTombstone);
  purge(1, 20, 8);
  read_value(10, 10, old, /*from=*/2);
  read_value(12, 10, old, /*from=*/2);
  EXPECT_EQ(figure("resurrected_reads"), 2);
  EXPECT_EQ(figure("resurrected_keys"), 1);
  EXPECT_EQ(figure("stale_reads"), 0);
  ASSERT_EQ(judge_.resurrections().size(), 1u);
  const Resurrection& r = judge_.resurrections().front();
  EXPECT_EQ(r.key, kKey);
  EXPECT_EQ(r.deleted, at(4));
  EXPECT_EQ(r.purged, at(8));
  EXPECT_EQ(r.purged_by, NodeId{1});
  EXPECT_EQ(r.returned, at(11));
  EXPECT_EQ(r.from, std::vector<NodeId>{NodeId{2}});
}

TEST_F(JudgeTest, ATombstoneThatCameBackToItsTakerIsNotPurged) {
  const WriteId old = put(1, 2, 10);
  remove(3, 4, 20);
  apply(0, 20, CellKind::kTombstone);
  purge(0, 20, 6);
  apply(0, 20, CellKind::kTombstone, 7);
  read_value(10, 10, old);
  EXPECT_EQ(figure("resurrected_reads"), 0);
  EXPECT_EQ(figure("stale_reads"), 1);
}

TEST_F(JudgeTest, ANewValueAfterTheDeleteIsNoResurrection) {
  put(1, 2, 10);
  remove(3, 4, 20);
  apply(0, 20, CellKind::kTombstone);
  purge(0, 20, 6);
  const WriteId again = put(7, 8, 30);
  read_value(9, 30, again);
  EXPECT_EQ(figure("resurrected_reads"), 0);
}

TEST_F(JudgeTest, AValueThatTiesWithItsDeleteIsDeleted) {
  const WriteId old = put(1, 2, 20);
  remove(3, 4, 20);
  read_value(5, 20, old);
  EXPECT_EQ(figure("stale_reads"), 1);
}

TEST_F(JudgeTest, AValueThatNoWriteToTheKeyMadeIsThinAir) {
  put(1, 2, 10);
  read_value(3, 10, WriteId{99});
  EXPECT_EQ(figure("thin_air_reads"), 1);
}

TEST_F(JudgeTest, AValueUnderAnotherWritesStampIsThinAir) {
  const WriteId first = put(1, 2, 10);
  const WriteId second = put(3, 4, 20);
  read_value(5, 20, second);
  EXPECT_EQ(figure("thin_air_reads"), 0);
  read_value(6, 20, first);
  EXPECT_EQ(figure("thin_air_reads"), 1);
}

TEST_F(JudgeTest, AWriteStampedBelowOneAcknowledgedBeforeItBeganIsALostUpdate) {
  put(1, 2, 50);
  put(3, 4, 40);
  EXPECT_EQ(figure("lost_updates"), 1);
}

TEST_F(JudgeTest, OverlappingWritesMayWinInEitherOrder) {
  put(1, 5, 50);
  put(3, 6, 40);
  EXPECT_EQ(figure("lost_updates"), 0);
}

TEST_F(JudgeTest, AKeyIsAtRiskWhileAReplicaThatHasTheValueLacksTheTombstone) {
  put(1, 2, 10);
  apply_everywhere(10, CellKind::kValue);
  remove(3, 4, 20);
  apply(0, 20, CellKind::kTombstone, 4);
  apply(1, 20, CellKind::kTombstone, 4);
  EXPECT_EQ(figure("keys_at_risk"), 0) << "the delete still has time to arrive";
  EXPECT_EQ(figure_at_end("keys_at_risk"), 1);
}

TEST_F(JudgeTest, AKeyIsNotAtRiskIfEveryReplicaTookTheTombstoneOrNeverHadTheKey) {
  put(1, 2, 10);
  apply(0, 10, CellKind::kValue);
  apply(1, 10, CellKind::kValue);
  remove(3, 4, 20);
  apply(0, 20, CellKind::kTombstone, 4);
  apply(1, 20, CellKind::kTombstone, 4);
  EXPECT_EQ(figure_at_end("keys_at_risk"), 0);
}

TEST_F(JudgeTest, AReplicaWhoseDiskWasReplacedHasNeitherValuesNorTombstones) {
  put(1, 2, 10);
  apply_everywhere(10, CellKind::kValue);
  remove(3, 4, 20);
  apply(0, 20, CellKind::kTombstone, 4);
  apply(1, 20, CellKind::kTombstone, 4);
  judge_.disk_replaced(at(5), NodeId{2});
  EXPECT_EQ(figure_at_end("keys_at_risk"), 0) << "nothing is left there that could return";
}

TEST_F(JudgeTest, APurgeStaysAPurgeAfterTheDiskWasReplaced) {
  const WriteId write = put(1, 2, 10);
  apply_everywhere(10, CellKind::kValue);
  remove(3, 4, 20);
  apply(0, 20, CellKind::kTombstone, 4);
  purge(0, 20, 5);
  judge_.disk_replaced(at(6), NodeId{0});
  read_value(7, 10, write);
  EXPECT_EQ(figure("resurrected_keys"), 1);
}

TEST_F(JudgeTest, NoTraceIsRightOnceRepairLeavesOutTheTombstoneThatNobodyAcknowledged) {
  put(1, 2, 10);
  remove(3, 4, 20, client::Outcome::kUnknown);
  apply(0, 20, CellKind::kTombstone, 3);
  left_out_before_ = at(3);
  read_nothing(5, 0);
  EXPECT_EQ(figure("stale_reads"), 1);
  left_out_before_ = at(4);
  read_nothing(6, 0);
  EXPECT_EQ(figure("stale_reads"), 1);
}

TEST_F(JudgeTest, ATombstoneThatADiskBroughtAlongExplainsNothingOnceItIsPurged) {
  put(1, 2, 10);
  remove(3, 4, 20, client::Outcome::kUnknown);
  apply(0, 20, CellKind::kTombstone, 4);
  judge_.disk_replaced(at(5), NodeId{0});
  judge_.disk_replaced(at(5), NodeId{1});  // it has what was node 0's
  read_nothing(6, 0);
  EXPECT_EQ(figure("stale_reads"), 1) << "nothing has purged the value";
  purge(1, 20, 7);
  read_nothing(8, 0);
  EXPECT_EQ(figure("stale_reads"), 1);
}

TEST_F(JudgeTest, DeletedDataIsVisibleWhateverBecameOfTheTombstone) {
  const WriteId write = put(1, 2, 10);
  apply_everywhere(10, CellKind::kValue);
  remove(3, 4, 20);
  apply(0, 20, CellKind::kTombstone, 4);
  read_value(3, 10, write);  // overlaps the delete
  EXPECT_EQ(figure("deleted_reads"), 0);
  read_value(5, 10, write, 2);
  read_value(6, 10, write, 2);
  EXPECT_EQ(figure("deleted_reads"), 2);
  EXPECT_EQ(figure("deleted_keys_seen"), 1);
  EXPECT_EQ(figure("resurrected_reads"), 0);
  EXPECT_EQ(judge_.visible_returns().front().from, std::vector{NodeId{2}});
}

TEST_F(JudgeTest, AValueThatADeleteCameAfterButBelowIsVisibleDeletedData) {
  const WriteId write = put(1, 2, 30);
  remove(3, 4, 20);  // by a clock that is behind
  read_value(5, 30, write);
  EXPECT_EQ(figure("deleted_reads"), 1);
  const WriteId later = put(6, 7, 40);
  read_value(8, 40, later);
  EXPECT_EQ(figure("deleted_reads"), 1);
}

TEST_F(JudgeTest, APurgeIsUnsafeWhileAReplicaHoldsWhatItDeletes) {
  put(1, 2, 10);
  apply_everywhere(10, CellKind::kValue);
  remove(3, 4, 20);
  apply(0, 20, CellKind::kTombstone, 4);
  apply(1, 20, CellKind::kTombstone, 4);
  purge(0, 20, 10);
  purge(1, 20, 12);
  apply(2, 20, CellKind::kTombstone, 40);
  EXPECT_EQ(figure("unsafe_purges"), 2);
  EXPECT_EQ(figure("hazard_keys"), 1);
  EXPECT_EQ(figure("hazard_key_seconds"), 30);
}

TEST_F(JudgeTest, AHazardLastsUntilNoDiskHoldsTheValue) {
  apply_everywhere(10, CellKind::kValue);
  apply(0, 20, CellKind::kTombstone, 4);
  apply(1, 20, CellKind::kTombstone, 4);
  purge(0, 20, 10);
  judge_.disk_replaced(at(15), NodeId{2});
  EXPECT_EQ(figure("hazard_key_seconds"), 5);
  judge_.end_hazards(at(100));
  EXPECT_EQ(figure("hazard_key_seconds"), 5);
}

TEST_F(JudgeTest, APurgeOfWhatEveryReplicaTookIsSafe) {
  apply_everywhere(10, CellKind::kValue);
  apply_everywhere(20, CellKind::kTombstone);
  purge(0, 20, 10);
  EXPECT_EQ(figure("unsafe_purges"), 0);
}

TEST_F(JudgeTest, AnAcknowledgedPutOnNoReplicaAtTheEndIsLost) {
  put(1, 2, 10);
  EXPECT_EQ(figure_at_end("lost_acknowledged_writes"), 1);
}

TEST_F(JudgeTest, AnAcknowledgedPutOnOneReplicaAtTheEndIsNotLost) {
  put(1, 2, 10);
  hold(2, 10, CellKind::kValue);
  EXPECT_EQ(figure_at_end("lost_acknowledged_writes"), 0);
}

TEST_F(JudgeTest, APutThatAnUnacknowledgedDeleteCoveredIsNotLost) {
  put(1, 2, 10);
  remove(3, 4, 20, client::Outcome::kUnknown);
  apply(0, 20, CellKind::kTombstone);
  purge(0, 20, 5);
  EXPECT_EQ(figure_at_end("lost_acknowledged_writes"), 0);
}

TEST_F(JudgeTest, APutOfUnknownOutcomeCannotBeLost) {
  put(1, 2, 10, client::Outcome::kUnknown);
  EXPECT_EQ(figure_at_end("lost_acknowledged_writes"), 0);
}

TEST_F(JudgeTest, ReplicasThatHoldDifferentWinnersHaveDiverged) {
  hold(0, 10, CellKind::kValue);
  hold(1, 10, CellKind::kValue);
  hold(2, 20, CellKind::kValue);
  EXPECT_EQ(figure_at_end("diverged_keys"), 1);
}

TEST_F(JudgeTest, AReplicaThatLacksALiveCellHasDiverged) {
  hold(0, 10, CellKind::kValue);
  hold(1, 10, CellKind::kValue);
  EXPECT_EQ(figure_at_end("diverged_keys"), 1);
}

TEST_F(JudgeTest, ATombstoneThatMayBePurgedCountsAsNothing) {
  hold(0, 20, CellKind::kTombstone, "", at(899));  // those deleted before 900 s may be purged
  EXPECT_EQ(figure_at_end("diverged_keys"), 0);
}

TEST_F(JudgeTest, ATombstoneThatMayNotMustBeEverywhere) {
  hold(0, 20, CellKind::kTombstone, "", at(900));
  EXPECT_EQ(figure_at_end("diverged_keys"), 1);
}

TEST_F(JudgeTest, EqualVersionsWithDifferentValuesHaveDiverged) {
  hold(0, 10, CellKind::kValue, "a");
  hold(1, 10, CellKind::kValue, "a");
  hold(2, 10, CellKind::kValue, "b");
  EXPECT_EQ(figure_at_end("diverged_keys"), 1);
}

TEST(ChecksTest, EveryCheckNamesAMetricThatExists) {
  const std::vector<std::string> names = metric_names();
  for (const CheckInfo& check : check_table()) {
    EXPECT_NE(std::ranges::find(names, check.metric), names.end()) << check.name;
  }
}

}  // namespace
}  // namespace revenant::sim
