// Strict serializability by trying orders, where values were written twice.
#include "sim/check/serial/real_time_order.h"

#include <gtest/gtest.h>

#include "sim/check/properties/isolation.h"
#include "sim/history/read.h"

namespace revenant::check {
namespace {

history::History registers(std::string_view edn) {
  auto history = history::read_history(edn, "h", {.initial = "0"});
  EXPECT_TRUE(history.has_value()) << history.error().message;
  return std::move(*history);
}

// Two registers; y is written while x is read.
std::string two_registers(std::string_view last_read) {
  return fmt::format(
      "{{:process 0 :type :invoke :f :txn :value [[:write :x 1] [:write :y 1]]}}\n"
      "{{:process 0 :type :ok :f :txn :value [[:write :x 1] [:write :y 1]]}}\n"
      "{{:process 0 :type :invoke :f :txn :value [[:write :y 1]]}}\n"
      "{{:process 1 :type :invoke :f :txn :value [[:read :x nil] [:write :y 0]]}}\n"
      "{{:process 1 :type :ok :f :txn :value [[:read :x 1] [:write :y 0]]}}\n"
      "{{:process 0 :type :ok :f :txn :value [[:write :y 1]]}}\n"
      "{{:process 1 :type :invoke :f :txn :value [[:read :x nil] [:read :y nil]]}}\n"
      "{{:process 1 :type :ok :f :txn :value {}}}\n",
      last_read);
}

TEST(RealTimeOrderTest, ValuesThatWereWrittenTwiceAreToldApartByTheirTime) {
  for (const char* last : {"[[:read :x 1] [:read :y 0]]", "[[:read :x 1] [:read :y 1]]"}) {
    const Verdict verdict =
        check_isolation(registers(two_registers(last)), serial::Isolation::kStrictSerializable);
    EXPECT_EQ(verdict.outcome, Outcome::kHolds) << last;
    EXPECT_EQ(verdict.verified, 1u);
  }
}

TEST(RealTimeOrderTest, WhatNoOrderExplainsIsTheFirstToEndUnexplained) {
  const auto tried =
      serial::find_real_time_order(registers(two_registers("[[:read :x 0] [:read :y 1]]")));
  EXPECT_EQ(tried.outcome, serial::RealTimeOrder::Outcome::kNone);
  EXPECT_EQ(tried.unexplained, 3u);
  const Verdict verdict = check_isolation(registers(two_registers("[[:read :x 0] [:read :y 1]]")),
                                          serial::Isolation::kStrictSerializable);
  EXPECT_EQ(verdict.outcome, Outcome::kViolated);
  ASSERT_EQ(verdict.violations.size(), 1u);
  // The last of them; x was written in the first.
  EXPECT_EQ(verdict.violations[0].operations, (std::vector<uint32_t>{0, 3}));
}

TEST(RealTimeOrderTest, WhatIsOfUnknownOutcomeMayStillHappen) {
  const std::string unknown = "{:process 5 :type :invoke :f :txn :value [[:write :x 0]]}\n";
  const auto found = serial::find_real_time_order(
      registers(unknown + two_registers("[[:read :x 0] [:read :y 1]]")));
  EXPECT_EQ(found.outcome, serial::RealTimeOrder::Outcome::kFound);
}

TEST(RealTimeOrderTest, ItsLimitIsOfValuesKept) {
  const auto found =
      serial::find_real_time_order(registers(two_registers("[[:read :x 1] [:read :y 1]]")), 5);
  EXPECT_EQ(found.outcome, serial::RealTimeOrder::Outcome::kUndecided);
  EXPECT_EQ(found.limit, "values");
}

}  // namespace
}  // namespace revenant::check
