// Each way in which a replica comes to answer with deleted data, as a history written by hand.
#include "sim/experiment/return_trace.h"

#include <gtest/gtest.h>

namespace revenant::sim {
namespace {

using env::ApplySource;

constexpr uint64_t kKey = 7;
constexpr Version kValue{10}, kDelete{20};

Instant at(int64_t s) { return Instant{} + seconds(s); }

// Written at 1 s, deleted at 10 s, read at 100 s.
class ReturnTraceTest : public testing::Test {
 protected:
  ReturnTraceTest() : trace_({kKey}) { trace_.began(); }

  void value(uint32_t node, int64_t when = 1, ApplySource source = ApplySource::kClient) {
    trace_.applied(at(when), NodeId{node}, kKey, CellView{CellKind::kValue, kValue, {}, "v"},
                   source);
  }
  void deletion(uint32_t node, int64_t when = 10, ApplySource source = ApplySource::kClient) {
    trace_.applied(at(when), NodeId{node}, kKey, CellView{CellKind::kTombstone, kDelete, {}, ""},
                   source);
  }
  void purge(uint32_t node, int64_t when) { trace_.purged(at(when), NodeId{node}, kKey, kDelete); }
  ReturnCause from(uint32_t node) const {
    return trace_.cause({kKey, kDelete, kValue, at(10), at(100), {NodeId{node}}});
  }

  ReturnTrace trace_;
};

TEST_F(ReturnTraceTest, AReplicaThatNeverTookTheDeleteMissedIt) {
  value(0);
  deletion(0);
  purge(0, 50);
  value(2);
  EXPECT_EQ(from(2), ReturnCause::kMissedDelete);
}

TEST_F(ReturnTraceTest, SoDidOneWhoseValueNoClientWasToldOf) {
  Operation write;
  write.kind = OperationKind::kUpdate;
  write.key = kKey;
  write.version = kValue;
  write.outcome = client::Outcome::kUnknown;
  trace_.operation(write);
  value(2);
  deletion(0);
  EXPECT_EQ(from(2), ReturnCause::kFailedWrite);
}

TEST_F(ReturnTraceTest, AHintAfterATruncationIsLate) {
  value(0);
  trace_.truncated(at(9), at(10), kDelete);
  value(2, 60, ApplySource::kHint);
  EXPECT_EQ(from(2), ReturnCause::kLateHint);
}

TEST_F(ReturnTraceTest, WhatACrashLeftBesideItsTombstoneIsOfATornCompaction) {
  value(2);
  deletion(2);
  EXPECT_EQ(from(2), ReturnCause::kHiddenDelete);
  trace_.machine(at(50), NodeId{2}, "is killed");
  EXPECT_EQ(from(2), ReturnCause::kTornCompaction);
}

TEST_F(ReturnTraceTest, ReadRepairAndRepairLeadBackToTheReplicaThatMissedTheDelete) {
  value(0);
  deletion(0);
  purge(0, 50);
  value(2);
  value(0, 60, ApplySource::kReadRepair);
  EXPECT_EQ(from(0), ReturnCause::kMissedDelete);
  value(1, 70, ApplySource::kRepair);
  EXPECT_EQ(from(1), ReturnCause::kMissedDelete);
}

TEST_F(ReturnTraceTest, AHintAfterThePurgeIsLate) {
  deletion(2);
  purge(2, 50);
  value(2, 60, ApplySource::kHint);
  EXPECT_EQ(from(2), ReturnCause::kLateHint);
}

TEST_F(ReturnTraceTest, AHintBeforeThePurgeIsPurgedOver) {
  deletion(2);
  value(2, 40, ApplySource::kHint);
  purge(2, 50);
  EXPECT_EQ(from(2), ReturnCause::kPurgedOverData);
}

TEST_F(ReturnTraceTest, AWriteAfterThePurgeIsLate) {
  deletion(2);
  purge(2, 50);
  value(2, 60);
  EXPECT_EQ(from(2), ReturnCause::kLateWrite);
}

TEST_F(ReturnTraceTest, ARepairThatNobodyCanHaveSentSinceTheDeleteIsLate) {
  value(0);
  deletion(0);
  purge(0, 50);
  deletion(2);
  purge(2, 50);
  value(2, 60, ApplySource::kRepair);
  EXPECT_EQ(from(2), ReturnCause::kLateRepair);
}

TEST_F(ReturnTraceTest, ALogThatBringsBackWhatWasPurgedIsReplayed) {
  value(2);
  deletion(2);
  purge(2, 50);
  value(2, 60, ApplySource::kRecovery);
  EXPECT_EQ(from(2), ReturnCause::kLogReplay);
}

TEST_F(ReturnTraceTest, ARecoveryWithoutAPurgeExplainsNothingByItself) {
  value(2);
  value(2, 60, ApplySource::kRecovery);
  EXPECT_EQ(from(2), ReturnCause::kMissedDelete);
}

TEST_F(ReturnTraceTest, ADiskThatWasReplacedSinceIsAnOlderState) {
  value(2);
  deletion(2);
  trace_.disk_replaced(at(60), NodeId{2});
  EXPECT_EQ(from(2), ReturnCause::kRestoredDisk);
}

TEST_F(ReturnTraceTest, ADeleteIsLostWithThePowerUnlessTheLogBringsItBack) {
  value(2);
  deletion(2);
  trace_.machine(at(20), NodeId{2}, "loses power");
  EXPECT_EQ(from(2), ReturnCause::kLostDelete);
  deletion(2, 21, ApplySource::kRecovery);
  EXPECT_EQ(from(2), ReturnCause::kHiddenDelete);
}

TEST_F(ReturnTraceTest, AValueWithTheGreaterStampIsOfAClockThatIsAhead) {
  value(2);
  EXPECT_EQ(trace_.cause({kKey, Version{5}, kValue, at(10), at(100), {NodeId{2}}}),
            ReturnCause::kClockSkew);
}

TEST_F(ReturnTraceTest, OfAScanWhoeverMissedTheDeleteAnswered) {
  value(0);
  deletion(0);
  purge(0, 50);
  value(2);
  EXPECT_EQ(trace_.cause({kKey, kDelete, kValue, at(10), at(100), {}}), ReturnCause::kMissedDelete);
}

TEST_F(ReturnTraceTest, WhatArrivesWithItsRangeAfterThePurgeIsALateStream) {
  value(0);
  deletion(0);
  deletion(3);
  purge(3, 50);
  value(3, 60, ApplySource::kStream);
  EXPECT_EQ(from(3), ReturnCause::kLateStream);
}

TEST_F(ReturnTraceTest, ANodeThatWasNoReplicaAtTheDeleteRegainedTheRange) {
  const ring::Ring without({NodeId{1}, NodeId{2}}, 4, 2, Random(1, "ring"));
  const ring::Ring with({NodeId{0}, NodeId{1}, NodeId{2}}, 4, 3, Random(1, "ring"));
  value(0);
  deletion(1);
  deletion(2);
  trace_.ring_changed(at(0), with);
  trace_.ring_changed(at(5), without);
  trace_.ring_changed(at(50), with);
  EXPECT_EQ(from(0), ReturnCause::kRegainedRange);
}

}  // namespace
}  // namespace revenant::sim
