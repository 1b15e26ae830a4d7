// The search against trying every order, on random small histories; and cases worked out by hand.
#include "sim/check/linear/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "engine/base/random.h"
#include "sim/check/certificate/linear.h"
#include "sim/check/linear/core.h"
#include "sim/check/linear/witness.h"

namespace revenant::check {
namespace {

using history::KeyOperation;
using history::Kind;
using history::Outcome;
using history::Value;
using Verdict = SearchResult::Verdict;

// What random histories are made of.
struct Mix {
  std::vector<Kind> kinds;
  int values = 3;
  int clients = 4;
  int operations = 8;
  uint32_t unknown_percent = 10;
};

class HistoryMaker {
 public:
  HistoryMaker(const Mix& mix, uint64_t seed) : mix_(mix), random_(seed, "history") {
    history_.key("k");
  }

  // Each client does one thing after the other; now and then a result is one that a correct register would
  // give, so that many histories are legal.
  std::vector<KeyOperation> make() {
    std::vector<KeyOperation> operations;
    std::vector<int64_t> free_at(static_cast<size_t>(mix_.clients), 0);
    Value now;
    for (int i = 0; i < mix_.operations; ++i) {
      const auto client = random_.below(free_at.size());
      const int64_t invoked = free_at[client] + static_cast<int64_t>(random_.below(6));
      const int64_t completed = invoked + static_cast<int64_t>(random_.below(10));
      free_at[client] = completed + static_cast<int64_t>(random_.below(2));
      KeyOperation op = {mix_.kinds[random_.below(mix_.kinds.size())],
                         Outcome::kOk,
                         invoked,
                         completed,
                         {},
                         {},
                         static_cast<uint32_t>(i)};
      const bool right = random_.below(100) < 70;
      switch (op.kind) {
        case Kind::kGet:
          op.result = right ? now : observed();
          break;
        case Kind::kPut:
          now = op.argument = value();
          break;
        case Kind::kDelete:
          now = {};
          break;
        case Kind::kAppend:
          op.argument = value();
          now = joined(now, op.argument);
          break;
        case Kind::kCompareAndSet:
          op.result = right ? now : observed();
          op.argument = value();
          if (random_.below(100) < 30) {
            op.outcome = Outcome::kFail;
            op.result = observed();
          } else {
            now = op.argument;
          }
          break;
        default:
          break;
      }
      if (random_.below(100) < mix_.unknown_percent) op.outcome = Outcome::kUnknown;
      operations.push_back(op);
    }
    return operations;
  }

  const history::History& history() const { return history_; }

 private:
  bool appends() const { return std::ranges::find(mix_.kinds, Kind::kAppend) != mix_.kinds.end(); }
  Value value() {
    const auto number = 1 + static_cast<int64_t>(random_.below(static_cast<uint64_t>(mix_.values)));
    return appends() ? history_.text(std::to_string(number)) : history_.number(number);
  }
  Value joined(Value a, Value b) {
    const std::string text(a.is_absent() ? "" : history_.text(a));
    return history_.text(text + std::string(history_.text(b)));
  }
  Value observed() {
    if (random_.below(4) == 0) return {};
    if (!appends()) return value();
    Value text = value();
    for (uint64_t more = random_.below(3); more > 0; --more) text = joined(text, value());
    return text;
  }

  Mix mix_;
  Random random_;
  history::History history_;
};

struct Counts {
  int held = 0, violated = 0;
};

void expect_minimal_core(const history::History& history,
                         const std::vector<KeyOperation>& operations, const Problem& problem,
                         const SearchResult& violation) {
  const Core core = core_of(history, operations, problem, violation);
  const auto right = verify_core(history, operations, {core.until, core.operations});
  EXPECT_TRUE(right.has_value()) << right.error().message;
  for (size_t left_out = 0; left_out < core.operations.size(); ++left_out) {
    Order rest = core.operations;
    rest.erase(rest.begin() + static_cast<ptrdiff_t>(left_out));
    EXPECT_FALSE(verify_core(history, operations, {core.until, rest}).has_value());
  }
}

// Compares verdicts, and verifies the order of every history that holds and the core of every other.
Counts compare(const Mix& mix, int histories, const SearchLimits& limits = {}) {
  Counts counts;
  for (int seed = 0; seed < histories; ++seed) {
    HistoryMaker maker(mix, static_cast<uint64_t>(seed));
    const std::vector<KeyOperation> operations = maker.make();
    const Problem problem = make_problem(maker.history(), operations);
    const SearchResult found = search(problem, limits);
    EXPECT_NE(found.verdict, Verdict::kUndecided) << "seed " << seed << ": " << found.limit;
    Order all;  // that surely happened; the others may have
    for (uint32_t i = 0; i < operations.size(); ++i) {
      const KeyOperation& op = operations[i];
      if (op.outcome == Outcome::kOk ||
          (op.outcome == Outcome::kFail && op.kind == Kind::kCompareAndSet))
        all.push_back(i);
    }
    const bool illegal =
        verify_core(maker.history(), operations, {history::kNever, all}).has_value();
    EXPECT_EQ(found.verdict == Verdict::kViolated, illegal) << "seed " << seed;
    if (found.verdict == Verdict::kHolds) {
      ++counts.held;
      const auto right =
          verify_order(maker.history(), operations, order_of(problem, found.effects));
      EXPECT_TRUE(right.has_value()) << "seed " << seed << ": " << right.error().message;
    } else {
      ++counts.violated;
      expect_minimal_core(maker.history(), operations, problem, found);
    }
    if (testing::Test::HasFailure()) return counts;
  }
  return counts;
}

void both(const Counts& counts, int histories) {
  EXPECT_GT(counts.held, histories / 20);
  EXPECT_GT(counts.violated, histories / 20);
}

// REVENANT_HISTORIES: of each mix; the proof takes 100000.
const int kHistories = std::getenv("REVENANT_HISTORIES") != nullptr
                           ? std::atoi(std::getenv("REVENANT_HISTORIES"))
                           : 1000;

TEST(LinearSearchTest, AgreesWithEveryOrderOnRegisters) {
  both(compare({.kinds = {Kind::kGet, Kind::kGet, Kind::kPut}}, kHistories), kHistories);
}
TEST(LinearSearchTest, AgreesWithEveryOrderOnDeletes) {
  both(compare({.kinds = {Kind::kGet, Kind::kGet, Kind::kPut, Kind::kDelete}, .values = 2},
               kHistories),
       kHistories);
}
TEST(LinearSearchTest, AgreesWithEveryOrderOnCompareAndSet) {
  both(compare({.kinds = {Kind::kGet, Kind::kPut, Kind::kCompareAndSet, Kind::kCompareAndSet}},
               kHistories),
       kHistories);
}
TEST(LinearSearchTest, AgreesWithEveryOrderOnAppends) {
  both(compare({.kinds = {Kind::kGet, Kind::kGet, Kind::kAppend, Kind::kAppend, Kind::kPut},
                .values = 4},
               kHistories),
       kHistories);
}
TEST(LinearSearchTest, AgreesWithEveryOrderOnAllKindsWithManyUnknown) {
  both(compare({.kinds = {Kind::kGet, Kind::kGet, Kind::kPut, Kind::kDelete, Kind::kAppend,
                          Kind::kCompareAndSet},
                .values = 2,
                .unknown_percent = 40},
               kHistories),
       kHistories);
}
TEST(LinearSearchTest, ANarrowBeamIsWidenedUntilItKnows) {
  const Mix mix = {.kinds = {Kind::kGet, Kind::kPut, Kind::kCompareAndSet},
                   .clients = 6,
                   .operations = 10,
                   .unknown_percent = 20};
  both(compare(mix, kHistories, {.beam = 1}), kHistories);
}
TEST(LinearSearchTest, AgreesWithEveryOrderWithManyClients) {
  both(compare({.kinds = {Kind::kGet, Kind::kPut, Kind::kCompareAndSet},
                .clients = 9,
                .operations = 10,
                .unknown_percent = 20},
               kHistories / 4),
       kHistories / 4);
}

// --- by hand ---

class ByHand : public testing::Test {
 protected:
  void put(int64_t invoked, int64_t completed, int64_t value, Outcome outcome = Outcome::kOk) {
    operations_.push_back(
        {Kind::kPut, outcome, invoked, completed, history_.number(value), {}, next_++});
  }
  void get(int64_t invoked, int64_t completed, int64_t value) {
    operations_.push_back(
        {Kind::kGet, Outcome::kOk, invoked, completed, {}, history_.number(value), next_++});
  }
  bool holds() {
    problem_ = make_problem(history_, operations_);
    found_ = search(problem_);
    return found_.verdict == Verdict::kHolds;
  }
  std::vector<uint32_t> core() {
    return core_of(history_, operations_, problem_, found_).operations;
  }

  history::History history_;
  std::vector<KeyOperation> operations_;
  uint32_t next_ = 0;
  Problem problem_;
  SearchResult found_;
};

TEST_F(ByHand, AReadOfAValueThatWasOverwrittenBeforeItBeganIsIllegalByTwoOperations) {
  put(0, 10, 1);
  put(11, 20, 2);
  put(12, 40, 3);
  get(21, 30, 1);
  get(50, 60, 3);
  EXPECT_FALSE(holds());
  EXPECT_EQ(core(), (std::vector<uint32_t>{1, 3}));
}

TEST_F(ByHand, AReadMayReturnEitherOfTwoWritesThatOverlapIt) {
  put(0, 10, 1);
  put(5, 30, 2);
  get(11, 20, 1);
  EXPECT_TRUE(holds());
  get(40, 50, 2);
  EXPECT_TRUE(holds());
}

TEST_F(ByHand, ReadsThatDisagreeOnTheOrderOfTwoWritesAreIllegal) {
  put(0, 100, 1);
  put(0, 100, 2);
  get(10, 20, 1);
  get(30, 40, 2);
  EXPECT_TRUE(holds());
  get(50, 60, 1);
  EXPECT_FALSE(holds());
}

TEST_F(ByHand, AWriteOfUnknownOutcomeMayTakeEffectMuchLaterButOnlyOnce) {
  put(0, 10, 1, Outcome::kUnknown);
  put(20, 30, 2);
  get(40, 50, 2);
  get(60, 70, 1);
  EXPECT_TRUE(holds());
  put(80, 90, 2);
  get(100, 110, 1);
  EXPECT_FALSE(holds());
}

TEST_F(ByHand, ACoreKnowsOfAWriteOfUnknownOutcomeThatIsOlderThanManyOfTheSameValue) {
  put(0, 5, 9, Outcome::kUnknown);
  for (int i = 1; i <= 5; ++i) put(10 * i, 10 * i + 5, 9);
  put(100, 110, 1);
  get(111, 120, 9);  // of the unknown one
  put(90, 200, 2);
  get(210, 220, 1);
  EXPECT_FALSE(holds());
  EXPECT_TRUE(verify_core(history_, operations_, {history::kNever, core()}).has_value());
}

TEST_F(ByHand, OperationsThatTouchAreConcurrent) {
  put(0, 10, 1);
  put(10, 20, 2);
  get(30, 40, 1);
  EXPECT_TRUE(holds());
}

TEST_F(ByHand, HundredsOfWritesUnderWayAreNoTrouble) {
  for (int i = 0; i < 500; ++i) put(0, 1000, i);
  for (int i = 0; i < 500; ++i) get(2000 + i, 2000 + i, 499);
  EXPECT_TRUE(holds());
  get(3000, 3001, 0);
  EXPECT_FALSE(holds());
}

}  // namespace
}  // namespace revenant::check
