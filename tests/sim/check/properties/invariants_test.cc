// Sums, counters, sets and forks: what goes against each, once, and what comes closest and does not.
#include "sim/check/certificate/invariants.h"

#include <gtest/gtest.h>

#include "sim/check/properties/constant_sum.h"
#include "sim/check/properties/counter.h"
#include "sim/check/properties/linearizable.h"
#include "sim/check/properties/long_fork.h"
#include "sim/check/properties/set.h"
#include "sim/history/read.h"

namespace revenant::check {
namespace {

using CheckFunction = Verdict (*)(const history::History&, const CheckOptions&);

history::History read(std::string_view edn) {
  auto history = history::read_history(edn, "h");
  EXPECT_TRUE(history.has_value()) << history.error().message;
  return std::move(*history);
}
// "holds", or another outcome, or the stories of what is violated.
std::string told(CheckFunction check, std::string_view edn, const CheckOptions& options = {}) {
  const Verdict verdict = check(read(edn), options);
  std::string out(verdict.violations.empty() ? to_string(verdict.outcome) : "");
  for (const Violation& violation : verdict.violations) {
    EXPECT_EQ(verdict.outcome, Outcome::kViolated);
    EXPECT_TRUE(violation.unverified.empty());
    if (!out.empty()) out += '\n';
    out += violation.story;
  }
  return out;
}
// An operation that began and ended alone.
std::string alone(int process, std::string_view f, std::string_view asked,
                  std::string_view type = "ok", std::string_view answered = "") {
  return fmt::format(
      "{{:process {0} :type :invoke :f :{1} :value {2}}}\n"
      "{{:process {0} :type :{3} :f :{1} :value {4}}}\n",
      process, f, asked, type, answered.empty() ? asked : answered);
}
std::string add(std::string_view value, std::string_view type = "ok") {
  return alone(0, "add", value, type);
}
std::string found(std::string_view value) { return alone(1, "read", "nil", "ok", value); }

TEST(ConstantSumTest, WhatIsReadOfAllAccountsAddsUpAlike) {
  const std::string transfer = alone(0, "transfer", "{:from 1 :to 2 :amount 5}");
  EXPECT_EQ(told(check_constant_sum, found("{1 10 2 0}") + transfer + found("{1 5 2 5}")), "holds");
  EXPECT_EQ(told(check_constant_sum, found("{1 10 2 0}") + transfer + found("{1 10 2 5}")),
            "What #5 read comes to 15, and what #1 read comes to 10.");
  EXPECT_EQ(told(check_constant_sum, transfer), "vacuous");
}

TEST(ConstantSumTest, TheTotalAndWhetherAnAccountMayBeBelowNothingCanBeGiven) {
  EXPECT_EQ(told(check_constant_sum, found("{1 10 2 0}"), {.total = 11}),
            "What #1 read comes to 10, not to 11.");
  const std::string below = found("{1 10 2 0}") + found("{1 11 2 -1}");
  EXPECT_EQ(told(check_constant_sum, below), "#3 read -1 of account 2.");
  EXPECT_EQ(told(check_constant_sum, below, {.negative_balances = true}), "holds");
}

TEST(ConstantSumTest, AnAccountWithoutABalanceOrThatIsNewIsWrong) {
  EXPECT_EQ(told(check_constant_sum, found("{1 10 2 nil}")), "#1 read nil of account 2.");
  EXPECT_EQ(told(check_constant_sum, found("{1 10}") + found("{1 10 3 0}")),
            "#3 read account 3, which #1 did not.");
}

TEST(CounterTest, AReadHasAllThatWasAcknowledgedBeforeItAndNothingThatBeganLater) {
  EXPECT_EQ(told(check_counter, add("2") + found("2") + add("3")), "holds");
  EXPECT_EQ(
      told(check_counter, add("2") + add("1", "fail") + found("3")),
      "#5 found 3 at register. What had been acknowledged when it began comes to 2; with what "
      "may have happened besides until it ended, to 2 at the least and 2 at the most.");
  EXPECT_NE(told(check_counter, add("2") + add("3") + found("2")), "holds");
  EXPECT_EQ(told(check_counter, add("2")), "vacuous");
}

TEST(CounterTest, WhatIsOfUnknownOutcomeMayBeThereOrNot) {
  for (const char* value : {"2", "5"})
    EXPECT_EQ(told(check_counter, add("2") + add("3", "info") + found(value)), "holds");
  EXPECT_EQ(told(check_counter, add("2") + add("-3", "info") + found("-1")), "holds");
  EXPECT_NE(told(check_counter, add("2") + add("-3", "info") + found("-2")), "holds");
}

TEST(SetTest, WhatWasAcknowledgedAndIsNotInTheLastReadIsLost) {
  EXPECT_EQ(told(check_set, add("7") + add("8") + found("[7 8]")), "holds");
  EXPECT_EQ(
      told(check_set, add("7") + add("8") + found("[7]")),
      "8 was there when #3 had ended, by which it was added; #5, which began after that and is "
      "the last read, did not find it.");
  EXPECT_EQ(told(check_set, add("7") + found("[]") + found("[7]")), "holds") << "only stale";
  EXPECT_EQ(told(check_set, add("7")), "vacuous");
}

TEST(SetTest, WhatWasOfUnknownOutcomeIsKnownOnceItWasRead) {
  const std::string unknown = add("7", "info") + add("8");
  EXPECT_EQ(told(check_set, unknown + found("[8]")), "holds");
  EXPECT_EQ(
      told(check_set, unknown + found("[7 8]") + found("[8]")),
      "7 was there when #5 had ended, by which it was found; #7, which began after that and is "
      "the last read, did not find it.");
}

TEST(SetTest, WhatNobodyAddedIsUnexpected) {
  EXPECT_EQ(told(check_set, add("7", "fail") + found("[7]")),
            "#3 found 7, which nobody had begun to add by then, unless it failed.");
  EXPECT_EQ(told(check_set, found("[7]") + add("7") + found("[7]")),
            "#1 found 7, which nobody had begun to add by then.");
  EXPECT_EQ(told(check_set, add("7") + found("[7 7]")), "#3 found 7 twice.");
}

TEST(SetTest, CountsWhatBecameOfElements) {
  const Verdict verdict =
      check_set(read(add("1") + add("2", "info") + found("[2]") + found("[1 2]") + add("3")), {});
  EXPECT_EQ(verdict.figures, "2 stable, 0 lost, 1 stale, 1 recovered, 1 never read");
}

TEST(AddsInOrderTest, WhoFindsALaterOneFindsWhatWasThereBefore) {
  EXPECT_EQ(told(check_adds_in_order, add("7") + add("8") + found("[7]")), "holds");
  EXPECT_EQ(told(check_adds_in_order, add("7") + add("8") + found("[8]")),
            "#5 found 8, which #3 added, but not 7: that #1 had added before #3 began.");
  EXPECT_EQ(told(check_adds_in_order, add("7", "info") + add("8") + found("[8]")), "holds");
  EXPECT_EQ(told(check_adds_in_order, add("7") + found("[]")), "vacuous");
}

TEST(AddsInOrderTest, ConcurrentAddsHaveNoOrder) {
  EXPECT_EQ(
      told(check_adds_in_order, "{:process 2 :type :invoke :f :add :value 7}\n" + add("8") +
                                    "{:process 2 :type :ok :f :add :value 7}\n" + found("[8]")),
      "holds");
}

TEST(LongForkTest, TwoThatEachSeeOneOfTwoWritesAloneAreAFork) {
  const auto sees = [](std::string_view steps) { return alone(1, "txn", steps); };
  EXPECT_EQ(
      told(check_no_long_fork, sees("[[:r 1 5] [:r 2 nil]]") + sees("[[:r 2 6] [:r 1 nil]]")),
      "#1 read 5 of 1 and nil of 2; #3 read nil of 1 and 6 of 2. Whichever was written first, "
      "one of them saw the other alone.");
  EXPECT_EQ(told(check_no_long_fork, sees("[[:r 1 5] [:r 2 nil]]") + sees("[[:r 2 6] [:r 1 5]]") +
                                         sees("[[:r 1 nil] [:r 2 nil]]")),
            "holds");
  EXPECT_EQ(told(check_no_long_fork, sees("[[:r 1 5] [:r 2 nil]]")), "vacuous");
}

TEST(LongForkTest, KeysThatWereWrittenTwiceShowNoFork) {
  EXPECT_EQ(told(check_no_long_fork, alone(0, "txn", "[[:w 1 5]]") + alone(0, "txn", "[[:w 1 4]]") +
                                         alone(1, "txn", "[[:r 1 5] [:r 2 nil]]") +
                                         alone(1, "txn", "[[:r 2 6] [:r 1 nil]]")),
            "vacuous");
}

TEST(MutexTest, ALockThatTwoHoldIsNotLinearizable) {
  const std::string held = alone(0, "acquire", "nil");
  EXPECT_EQ(told(check_linearizable, held + alone(1, "acquire", "nil", "fail") +
                                         alone(0, "release", "nil") + alone(1, "acquire", "nil")),
            "holds");
  EXPECT_NE(told(check_linearizable, held + alone(1, "acquire", "nil")), "holds");
  EXPECT_NE(told(check_linearizable, alone(1, "release", "nil")), "holds");
}

TEST(InvariantCertificateTest, WhatIsRightIsRefused) {
  const history::History bank = read(found("{1 10 2 0}"));
  EXPECT_FALSE(verify_wrong_sum(bank, 0, 10));
  EXPECT_FALSE(verify_negative(bank, 0));
  EXPECT_FALSE(verify_impossible_count(read(add("2") + found("2")), 1));
  const history::History set = read(add("7") + add("8") + found("[8]") + found("[7 8]"));
  const history::Value seven = history::Value::number(7);
  EXPECT_FALSE(verify_lost(set, seven, 0, 2)) << "a later read has it";
  EXPECT_FALSE(verify_unexpected(set, seven, 3));
  EXPECT_TRUE(verify_out_of_order(set, 0, 1, 2));
  EXPECT_FALSE(verify_out_of_order(set, 1, 0, 2));
  const history::History fork =
      read(alone(1, "txn", "[[:r 1 5] [:r 2 nil]]") + alone(1, "txn", "[[:r 2 6] [:r 1 5]]"));
  EXPECT_FALSE(verify_fork(fork, 0, 1, fork.operations()[0].key, 1));
}

}  // namespace
}  // namespace revenant::check
