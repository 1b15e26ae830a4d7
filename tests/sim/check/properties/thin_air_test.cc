// Reads of what nobody wrote, or only what failed; each kind once, and once not.
#include "sim/check/properties/thin_air.h"

#include <gtest/gtest.h>

#include "sim/history/read.h"

namespace revenant::check {
namespace {

// The story of the only violation; empty if there is none.
std::string told(std::string_view edn) {
  const auto history = history::read_history(edn, "h");
  EXPECT_TRUE(history.has_value()) << history.error().message;
  const Verdict verdict = check_thin_air(*history, {});
  EXPECT_EQ(verdict.outcome == Outcome::kViolated, !verdict.violations.empty());
  EXPECT_LE(verdict.violations.size(), 1u);
  return verdict.violations.empty() ? "" : verdict.violations[0].story;
}

constexpr std::string_view kRead1 =
    "{:process 9 :type :invoke :f :read :value nil}\n{:process 9 :type :ok :f :read :value 1}\n";

TEST(ThinAirTest, AValueThatNobodyWrote) {
  EXPECT_EQ(told(kRead1), "#1 found 1 at register, which nobody wrote.");
}

TEST(ThinAirTest, AValueThatOnlyAFailedWriteWrote) {
  const std::string failed =
      "{:process 0 :type :invoke :f :write :value 1}\n{:process 0 :type :fail :f :write :value "
      "1}\n";
  EXPECT_EQ(told(failed + std::string(kRead1)),
            "#3 found 1 at register, which only #1 wrote, and that failed.");
}

TEST(ThinAirTest, AValueThatIsWrittenLater) {
  const std::string later =
      "{:process 0 :type :invoke :f :write :value 1}\n{:process 0 :type :ok :f :write :value 1}\n";
  EXPECT_EQ(told(std::string(kRead1) + later),
            "#1 found 1 at register, but #3, the first to write it, began after that had ended.");
}

TEST(ThinAirTest, AWriteOfUnknownOutcomeIsWriterEnough) {
  const std::string unknown = "{:process 0 :type :invoke :f :write :value 1}\n";
  EXPECT_EQ(told(unknown + std::string(kRead1)), "");
}

TEST(ThinAirTest, AnItemThatIsInAListMoreOftenThanItWasAppended) {
  const std::string append =
      "{:process 0 :type :invoke :f :txn :value [[:append 5 1]]}\n"
      "{:process 0 :type :ok :f :txn :value [[:append 5 1]]}\n"
      "{:process 1 :type :invoke :f :txn :value [[:r 5 nil]]}\n";
  EXPECT_EQ(told(append + "{:process 1 :type :ok :f :txn :value [[:r 5 [1]]]}"), "");
  EXPECT_EQ(told(append + "{:process 1 :type :ok :f :txn :value [[:r 5 [1 1]]]}"),
            "#3 found 1 at 5 2 times, but it was written 1 times.");
}

}  // namespace
}  // namespace revenant::check
