// The session guarantees, each broken and kept by hand, and against trying every order of versions.
#include "sim/check/properties/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "engine/base/random.h"
#include "sim/check/certificate/session.h"

namespace revenant::check {
namespace {

using history::Kind;
using history::Operation;
using history::Value;

class SessionTest : public testing::Test {
 protected:
  // One after the other; `version` 0: the source does not know it.
  void put(uint32_t session, int64_t value, uint64_t version = 0,
           history::Outcome outcome = history::Outcome::kOk) {
    add(session, Kind::kPut, Value::number(value), {}, version, outcome);
  }
  void get(uint32_t session, int64_t value, uint64_t version = 0) {
    add(session, Kind::kGet, {}, Value::number(value), version, history::Outcome::kOk);
  }
  void get_nothing(uint32_t session) { add(session, Kind::kGet, {}, {}, 0, history::Outcome::kOk); }
  void remove(uint32_t session, uint64_t version = 0,
              history::Outcome outcome = history::Outcome::kOk) {
    add(session, Kind::kDelete, {}, {}, version, outcome);
  }
  // What was added last, as an operation of this session that was under way beside the one before it.
  void during_the_last(uint32_t session) {
    Operation op = history_.operations().back();
    history_.leave_out([&](const Operation& other) { return other.line == op.line; });
    op.session = session;
    op.invoked = history_.operations().back().invoked + 1;
    op.completed = history_.operations().back().completed + 1;
    history_.add(op);
  }
  void scan(uint32_t session, int64_t value, uint64_t version) {
    Operation op = {};
    op.kind = Kind::kScan;
    op.session = session;
    op.invoked = 10 * ++time_;
    op.completed = op.invoked + 5;
    op.steps_begin = history_.step_count();
    op.steps_end = history_.add_step({Kind::kGet, history_.key("other"), Value::number(1), 1});
    op.steps_end =
        history_.add_step({Kind::kGet, history_.key("k"), Value::number(value), version});
    history_.add(op);
  }

  void expect(Outcome ryw, Outcome mr, Outcome mw, Outcome wfr) const {
    EXPECT_EQ(check_read_your_writes(history_, {}).outcome, ryw);
    EXPECT_EQ(check_monotonic_reads(history_, {}).outcome, mr);
    EXPECT_EQ(check_monotonic_writes(history_, {}).outcome, mw);
    EXPECT_EQ(check_writes_follow_reads(history_, {}).outcome, wfr);
  }

  history::History history_;

 private:
  void add(uint32_t session, Kind kind, Value argument, Value result, uint64_t version,
           history::Outcome outcome) {
    Operation op = {};
    op.key = history_.key("k");
    op.invoked = 10 * ++time_;
    op.completed = op.invoked + 5;
    op.line = static_cast<uint32_t>(time_);
    op.session = session;
    op.kind = kind;
    op.argument = argument;
    op.result = result;
    op.version = version;
    op.outcome = outcome;
    history_.add(op);
  }
  int64_t time_ = 0;
};

constexpr Outcome kHolds = Outcome::kHolds, kViolated = Outcome::kViolated,
                  kVacuous = Outcome::kVacuous;

TEST_F(SessionTest, ASessionThatReadsTheInitialValueAfterItsWriteDoesNotReadItsWrites) {
  put(0, 1);
  get_nothing(0);
  expect(kViolated, kVacuous, kVacuous, kVacuous);
}

TEST_F(SessionTest, ItMayReadAnothersLaterWrite) {
  put(0, 1);
  put(1, 2);
  get(0, 2);
  expect(kHolds, kVacuous, kVacuous, kVacuous);
}

TEST_F(SessionTest, TwoSessionsThatEachReadTheOthersWriteAfterTheirOwnCannotBothBeRight) {
  put(0, 1);
  put(1, 2);
  get(0, 2);
  get(1, 1);
  expect(kViolated, kVacuous, kVacuous, kVacuous);
}

TEST_F(SessionTest, AReadThatGoesBackIsNotMonotonic) {
  put(0, 1);
  put(0, 2);
  get(1, 2);
  get(1, 1);
  get(1, 2);
  expect(kVacuous, kViolated, kViolated, kVacuous);
}

TEST_F(SessionTest, WritesSeenInTheOtherOrderAreNotMonotonic) {
  put(0, 1);
  put(0, 2);
  get(1, 2);
  get(1, 1);
  expect(kVacuous, kHolds, kViolated, kVacuous);
}

TEST_F(SessionTest, AWriteSeenBeforeWhatItsSessionHadReadDoesNotFollowIt) {
  put(0, 1);
  get(1, 1);
  put(1, 2);
  get(2, 2);
  get(2, 1);
  expect(kVacuous, kHolds, kVacuous, kViolated);
}

TEST_F(SessionTest, AWriteOfUnknownOutcomeIsDemandedOfNobody) {
  put(0, 1, 0, history::Outcome::kUnknown);
  get_nothing(0);
  expect(kVacuous, kVacuous, kVacuous, kVacuous);
}

TEST_F(SessionTest, StampsAreTheOrderWhereTheyAreKnown) {
  put(0, 1, 50);
  put(1, 2, 40);
  get(1, 1, 50);
  put(1, 3, 45);
  expect(kHolds, kVacuous, kHolds, kViolated);
}

TEST_F(SessionTest, ReadsThatGoBackLeaveMonotonicWritesUnverifiedNotWrong) {
  put(0, 1, 10);
  put(0, 2, 20);
  put(2, 3, 30);
  get(1, 2, 20);
  get(1, 1, 10);
  put(1, 4, 40);
  expect(kVacuous, kViolated, kHolds, kHolds);
  EXPECT_EQ(check_monotonic_writes(history_, {}).verified, 0u);
}

TEST_F(SessionTest, NothingFoundMayBeAnyDeleteThatWasPurged) {
  put(0, 1, 10);
  remove(1, 20);
  get_nothing(0);
  get_nothing(0);
  expect(kHolds, kHolds, kVacuous, kVacuous);
  put(0, 2, 30);
  get_nothing(0);
  expect(kViolated, kHolds, kHolds, kHolds);
}

TEST_F(SessionTest, ADeleteWhoseStampNobodyWasToldMayBeTheNewest) {
  put(0, 1, 10);
  remove(1, 0, history::Outcome::kUnknown);
  get_nothing(0);
  get_nothing(0);
  expect(kHolds, kHolds, kVacuous, kVacuous);
  // What was found then may also have been older than all.
  get(0, 1, 10);
  expect(kHolds, kHolds, kVacuous, kVacuous);
}

TEST_F(SessionTest, AScanReadsTheVersionsOfItsCells) {
  put(0, 1, 10);
  scan(0, 1, 10);
  put(1, 2, 20);
  scan(0, 2, 20);
  expect(kHolds, kHolds, kVacuous, kVacuous);
  scan(0, 1, 10);
  expect(kHolds, kViolated, kVacuous, kVacuous);
  EXPECT_EQ(check_monotonic_reads(history_, {}).violations[0].operations.size(), 2);
}

TEST_F(SessionTest, ReadsReturnNothingOlderThanAnyOfTheirSessionsWrites) {
  put(0, 1);
  put(0, 2);
  put(0, 3);
  get(0, 3);
  expect(kHolds, kVacuous, kHolds, kVacuous);
  get(0, 1);
  EXPECT_EQ(check_read_your_writes(history_, {}).violations.at(0).operations.size(), 4);
  // Both reads together say that the writes are in another order.
  expect(kViolated, kHolds, kViolated, kVacuous);
}

TEST_F(SessionTest, WhatASessionHasUnderWayAtATimeIsInNoOrder) {
  put(0, 1, 20);
  put(1, 2, 10);
  during_the_last(0);
  get(1, 2, 10);
  during_the_last(0);
  expect(kVacuous, kVacuous, kVacuous, kVacuous);
  get(0, 2, 10);
  expect(kViolated, kHolds, kVacuous, kVacuous);
}

TEST_F(SessionTest, WhatWasThereBeforeIsNobodysWrite) {
  put(history::kNoSession, 1, 10);
  put(1, 2, 5);
  get(0, 2, 5);
  expect(kVacuous, kVacuous, kVacuous, kVacuous);
}

TEST_F(SessionTest, TheVerifierBelievesNoWrongOrderAndNoLegalCore) {
  put(0, 1);
  put(0, 2);
  get(1, 2);
  get(1, 1);
  const auto key = history::by_key(history_)[0];
  const auto order = [&](Guarantee guarantee, std::vector<uint32_t> places) {
    return verify_versions(history_, key, guarantee, places).has_value();
  };
  EXPECT_TRUE(order(Guarantee::kMonotonicReads, {1, 0}));
  EXPECT_FALSE(order(Guarantee::kMonotonicReads, {0, 1}));
  EXPECT_FALSE(order(Guarantee::kMonotonicReads, {1}));
  EXPECT_FALSE(order(Guarantee::kMonotonicReads, {1, 0, 1}));
  EXPECT_FALSE(order(Guarantee::kMonotonicWrites, {1, 0}));
  const auto core = [&](Guarantee guarantee, std::vector<uint32_t> places) {
    return verify_session_core(history_, key, guarantee, places).has_value();
  };
  EXPECT_TRUE(core(Guarantee::kMonotonicWrites, {0, 1, 2, 3}));
  for (uint32_t without = 0; without < 4; ++without) {
    std::vector<uint32_t> rest;
    for (uint32_t place = 0; place < 4; ++place)
      if (place != without) rest.push_back(place);
    EXPECT_FALSE(core(Guarantee::kMonotonicWrites, rest)) << without;
  }
  EXPECT_FALSE(core(Guarantee::kMonotonicReads, {0, 1, 2, 3}));
}

// --- every order of versions ---

struct Told {
  uint32_t session;
  bool is_read;
  int version;  // of what was written or read; 0: initial
};

// Whether some order of the versions meets what the guarantee demands.
bool some_order_meets(const std::vector<Told>& told, int versions, bool ryw, bool mr, bool mw,
                      bool wfr) {
  std::vector<int> order(static_cast<size_t>(versions));
  std::iota(order.begin(), order.end(), 1);
  do {
    std::vector<int> rank(static_cast<size_t>(versions) + 1, 0);  // the initial one is first
    for (size_t i = 0; i < order.size(); ++i)
      rank[static_cast<size_t>(order[i])] = static_cast<int>(i) + 1;
    bool right = true;
    std::vector<int> last_read(4, -1), last_write(4, -1);
    for (const Told& t : told) {
      const int at = rank[static_cast<size_t>(t.version)];
      if (t.is_read) {
        if (ryw && last_write[t.session] >= 0) right &= at >= last_write[t.session];
        if (mr && last_read[t.session] >= 0) right &= at >= last_read[t.session];
        last_read[t.session] = std::max(last_read[t.session], at);
      } else {
        if (mw && last_write[t.session] >= 0) right &= at >= last_write[t.session];
        if (wfr && last_read[t.session] >= 0) right &= at >= last_read[t.session];
        last_write[t.session] = std::max(last_write[t.session], at);
      }
    }
    if (right) return true;
  } while (std::ranges::next_permutation(order).found);
  return false;
}

TEST_F(SessionTest, AgreesWithEveryOrderOfVersions) {
  const char* asked = std::getenv("REVENANT_HISTORIES");  // as many as the proof takes
  const uint64_t histories = asked != nullptr ? std::strtoull(asked, nullptr, 10) : 1000;
  int violated[4] = {}, kept[4] = {};
  for (uint64_t seed = 0; seed < histories; ++seed) {
    Random random(seed, "sessions");
    history_ = {};
    std::vector<Told> told;
    int versions = 0;
    for (int i = 0; i < 10; ++i) {
      const auto session = static_cast<uint32_t>(random.below(3));
      const bool is_read = versions == 5 || (versions > 0 && random.below(100) < 65);
      const int version = is_read
                              ? static_cast<int>(random.below(static_cast<uint64_t>(versions) + 1))
                              : ++versions;
      told.push_back({session, is_read, version});
      if (!is_read) {
        put(session, version);
      } else if (version == 0) {
        get_nothing(session);
      } else {
        get(session, version);
      }
    }
    // Without a contradiction among reads alone, the guarantees on writes are what the definition says.
    const bool reads_agree = some_order_meets(told, versions, false, true, false, false);
    const bool expected[4] = {some_order_meets(told, versions, true, false, false, false),
                              reads_agree,
                              some_order_meets(told, versions, false, true, true, false),
                              some_order_meets(told, versions, false, true, false, true)};
    const Verdict found[4] = {
        check_read_your_writes(history_, {}), check_monotonic_reads(history_, {}),
        check_monotonic_writes(history_, {}), check_writes_follow_reads(history_, {})};
    for (int i = 0; i < 4; ++i) {
      for (const Violation& violation : found[i].violations) EXPECT_TRUE(violation.verified);
      if (i >= 2 && !reads_agree) continue;
      EXPECT_EQ(found[i].verified, found[i].outcome == kHolds ? 1 : 0);
      EXPECT_EQ(found[i].outcome != kViolated, expected[i])
          << "seed " << seed << ", guarantee " << i;
      ++(expected[i] ? kept : violated)[i];
    }
    if (HasFailure()) return;
  }
  for (int i = 0; i < 4; ++i) {
    EXPECT_GT(violated[i], 0) << i;
    EXPECT_GT(kept[i], 100) << i;
  }
}

}  // namespace
}  // namespace revenant::check
