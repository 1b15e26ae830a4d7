// How far reads are behind, worked out by hand.
#include "sim/check/properties/freshness.h"

#include <gtest/gtest.h>

namespace revenant::check {
namespace {

using history::Kind;
using history::Operation;

class FreshnessTest : public testing::Test {
 protected:
  void add(Kind kind, int64_t invoked_ms, int64_t completed_ms, uint64_t version,
           history::Outcome outcome = history::Outcome::kOk) {
    Operation op = {};
    op.kind = kind;
    op.key = history_.key("k");
    op.invoked = invoked_ms * 1'000'000;
    op.completed = completed_ms * 1'000'000;
    op.version = version;
    op.outcome = outcome;
    op.line = static_cast<uint32_t>(history_.operations().size() + 1);
    if (version != 0)
      (kind == Kind::kGet ? op.result : op.argument) =
          history_.number(static_cast<int64_t>(version));
    history_.add(op);
  }
  Verdict check() const { return check_fresh_reads(history_, {}); }

  history::History history_;
};

TEST_F(FreshnessTest, CountsTheVersionsThatAReadMissedAndTheTimeSinceTheFirst) {
  add(Kind::kPut, 0, 1, 10);
  add(Kind::kPut, 10, 20, 11);
  add(Kind::kPut, 30, 40, 12);
  add(Kind::kGet, 50, 51, 10);
  add(Kind::kGet, 60, 61, 12);
  const Verdict verdict = check();
  EXPECT_EQ(verdict.outcome, Outcome::kViolated);
  EXPECT_EQ(verdict.observations, 2u);
  EXPECT_EQ(verdict.figures,
            "1 behind: 2 versions on average, 2 at most; by 30 ms in the median, 30 ms at p99, 30 "
            "ms at most");
  EXPECT_EQ(verdict.violations.at(0).story,
            "#4 found 10, 2 versions behind: #2 had been acknowledged 30 ms before.");
}

TEST_F(FreshnessTest, CurvesCountReadsByTheAgeOfTheNewestWriteAndByVersionsBehind) {
  add(Kind::kPut, 0, 10, 10);
  add(Kind::kGet, 10, 11, 0);  // no write had been acknowledged before
  add(Kind::kPut, 15, 20, 30);
  add(Kind::kPut, 17, 21, 20);  // overruled
  add(Kind::kGet, 23, 24, 30);
  add(Kind::kGet, 24, 25, 10);
  add(Kind::kGet, 30, 31, 30);
  const Verdict verdict = check();
  ASSERT_EQ(verdict.curves.size(), 2);
  const Curve& visible = verdict.curves[0];
  EXPECT_EQ(visible.name, "t_visibility");
  ASSERT_EQ(visible.points.size(), 2);
  EXPECT_NEAR(visible.points[0].from, 2, 1e-9);  // 3 and 4 ms
  EXPECT_EQ(std::pair(visible.points[0].so, visible.points[0].of), std::pair(1ul, 2ul));
  EXPECT_NEAR(visible.points[1].from, 10, 1e-9);
  EXPECT_EQ(std::pair(visible.points[1].so, visible.points[1].of), std::pair(1ul, 1ul));
  const Curve& within = verdict.curves[1];
  const auto share = [&](size_t k) {
    return std::pair(within.points[k - 1].so, within.points[k - 1].of);
  };
  EXPECT_EQ(share(1), std::pair(2ul, 3ul));
  EXPECT_EQ(share(2), std::pair(2ul, 3ul));  // it is two behind
  EXPECT_EQ(share(3), std::pair(3ul, 3ul));
}

TEST_F(FreshnessTest, AWriteUnderWayOrOfUnknownOutcomeNeedNotBeSeen) {
  add(Kind::kPut, 0, 1, 10);
  add(Kind::kPut, 10, 60, 11);
  add(Kind::kPut, 20, 30, 12, history::Outcome::kUnknown);
  add(Kind::kGet, 60, 61, 10);
  EXPECT_EQ(check().outcome, Outcome::kHolds);
}

TEST_F(FreshnessTest, NothingFoundMayBeADeleteThatWasPurged) {
  add(Kind::kPut, 0, 1, 10);
  add(Kind::kDelete, 2, 3, 11);
  add(Kind::kGet, 10, 11, 0);
  EXPECT_EQ(check().outcome, Outcome::kHolds);
  add(Kind::kPut, 20, 21, 12);
  add(Kind::kGet, 30, 31, 0);
  EXPECT_EQ(check().outcome, Outcome::kViolated);
}

TEST_F(FreshnessTest, WithoutVersionsNobodyKnows) {
  add(Kind::kPut, 0, 1, 0);
  add(Kind::kGet, 2, 3, 0);
  EXPECT_EQ(check().outcome, Outcome::kVacuous);
}

}  // namespace
}  // namespace revenant::check
