// What reports are put together from: windows of a nemesis, writers, times, text for XML.
#include "sim/report/report.h"

#include <gtest/gtest.h>

#include "sim/history/read.h"
#include "sim/report/figure.h"

namespace revenant::report {
namespace {

// "kind from-to" of each.
std::vector<std::string> windows(const std::vector<history::Event>& events) {
  history::History history;
  for (const history::Event& event : events) history.add_event(event);
  std::vector<std::string> found;
  for (const Fault& fault : nemesis_faults(history))
    found.push_back(fmt::format("{} {}-{}", fault_text(fault), fault.from,
                                fault.to == kToTheEnd ? "" : fmt::format("{}", fault.to)));
  return found;
}

TEST(NemesisTest, AWindowIsFromWhereItIsAskedForToWhereItsEndIs) {
  EXPECT_EQ(windows({{1, 1, "start", ""},
                     {2, 2, "start", "cut"},
                     {8, 8, "stop", ""},
                     {9, 9, "stop", "fine"}}),
            (std::vector<std::string>{"start: cut 1-8"}));
}

TEST(NemesisTest, FaultsOfDifferentKindsOverlap) {
  EXPECT_EQ(windows({{1, 1, "start-partition", "a"},
                     {2, 2, "kill", "n1"},
                     {3, 3, "stop-partition", ""},
                     {4, 4, "start", ""}}),
            (std::vector<std::string>{"start-partition: a 1-3", "kill: n1 2-4"}));
}

TEST(NemesisTest, WhatNothingEndsIsAMomentAndWhatIsNotEndedLasts) {
  EXPECT_EQ(windows({{1, 1, "bump-clock", ""}, {3, 3, "bump-clock", "n2"}, {5, 5, "pause", "n3"}}),
            (std::vector<std::string>{"bump-clock: n2 1-3", "pause: n3 5-"}));
}

TEST(WritersTest, KnowTheOneWriterOfAValueOfAKeyThatIsToldOf) {
  const auto history = history::read_history(
      "{:process 0 :type :invoke :f :write :value 1}\n{:process 0 :type :ok :f :write :value 1}\n"
      "{:process 0 :type :invoke :f :write :value 2}\n{:process 0 :type :fail :f :write :value 2}\n"
      "{:process 0 :type :invoke :f :write :value 3}\n{:process 0 :type :ok :f :write :value 3}\n"
      "{:process 0 :type :invoke :f :write :value 3}\n{:process 0 :type :ok :f :write :value 3}\n",
      "h");
  ASSERT_TRUE(history.has_value());
  const std::vector<check::Verdict> verdicts = {
      {.property = "p", .violations = {{.key = 0, .operations = {0}, .story = ""}}}};
  const Writers writers(*history, verdicts);
  EXPECT_EQ(writers.of(0, history::Value::number(1)), 0u);
  EXPECT_EQ(writers.of(0, history::Value::number(2)), std::nullopt) << "it failed";
  EXPECT_EQ(writers.of(0, history::Value::number(3)), std::nullopt) << "there are two";
  EXPECT_EQ(Writers(*history, {}).of(0, history::Value::number(1)), std::nullopt);
}

TEST(TimeTextTest, TimesAreReadByPeople) {
  history::History history;
  EXPECT_EQ(time_text(history, 0), "0s");
  EXPECT_EQ(time_text(history, 1'234'567), "0.001234s");
  EXPECT_EQ(time_text(history, 3'600'000'000'000), "01:00:00");
  EXPECT_EQ(time_text(history, 90'061'000'001'000), "1d 01:01:01.000001");
  EXPECT_EQ(time_text(history, history::kNever), "the end");
  history.set_clock(history::Clock::kPlaces);
  EXPECT_EQ(time_text(history, 12), "event 12");
}

TEST(FigureTest, TextIsEscapedForXml) {
  EXPECT_EQ(escaped("<a b=\"c\">&\x01"), "&lt;a b=&quot;c&quot;&gt;&amp;");
}

}  // namespace
}  // namespace revenant::report
