// What a trace shows of message order, processors and NTP, by hand-made events.
#include "sim/record/perfetto_trace.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace revenant::sim {
namespace {

Instant at(Duration since_start) { return Instant{} + seconds(10) + since_start; }

struct TraceOf {
  explicit TraceOf(const PerfettoOptions& options = {}) : trace(out, options) {
    trace.run_starts(at({}), 3);
  }
  nlohmann::json events() {
    trace.finish();
    return nlohmann::json::parse(out.str()).at("traceEvents");
  }
  // The events of one category, "PHASE name ts" each.
  std::vector<std::string> of(const std::string& category) {
    std::vector<std::string> lines;
    for (const auto& event : events()) {
      if (event.value("cat", "") == category) {
        lines.push_back(fmt::format("{} {} {}", event["ph"].get<std::string>(),
                                    event["name"].get<std::string>(), event["ts"].get<double>()));
      }
    }
    return lines;
  }
  std::ostringstream out;
  PerfettoTrace trace;
};

TEST(PerfettoTraceTest, AMessageThatIsHeldBackIsATrackOfItsSender) {
  TraceOf t;
  t.trace.message_sent(7, {0}, {1}, Bytes("?"), at(milliseconds(1)));
  t.trace.message_held_back(7, {0}, milliseconds(3), at(milliseconds(1)));
  t.trace.message_held_back(8, {0}, milliseconds(3), at(milliseconds(1)));  // not in the trace
  const auto lines = t.of("held");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[0].starts_with("b ") && lines[0].ends_with(" n0 to n1 1000")) << lines[0];
  EXPECT_TRUE(lines[1].starts_with("e ") && lines[1].ends_with(" n0 to n1 4000")) << lines[1];
}

TEST(PerfettoTraceTest, AProcessorsWorkIsASliceWithItsWait) {
  TraceOf t;
  t.trace.message_handled({2}, 100, at(microseconds(10)), at(microseconds(15)),
                          at(microseconds(35)));
  bool found = false;
  for (const auto& event : t.events()) {
    if (event.value("cat", "") != "cpu" || event["ph"] != "b") continue;
    found = true;
    EXPECT_EQ(event["pid"], 3);
    EXPECT_EQ(event["ts"], 15);
    EXPECT_EQ(event["args"]["bytes"], 100);
    EXPECT_EQ(event["args"]["waited_us"], 5);
  }
  EXPECT_TRUE(found);
}

TEST(PerfettoTraceTest, NtpsCorrectionsCarryTheErrorAndAreACounter) {
  TraceOf t;
  t.trace.clock_corrected({1}, "slew", Duration{-2500}, at(seconds(1)));
  t.trace.clock_corrected({1}, "step", milliseconds(300), at(seconds(2)));
  std::vector<double> counter;
  std::vector<std::string> how;
  for (const auto& event : t.events()) {
    if (event["ph"] == "C") counter.push_back(event["args"]["us"].get<double>());
    if (event.value("cat", "") == "ntp" && event["ph"] == "b") how.push_back(event["name"]);
  }
  EXPECT_EQ(counter, (std::vector<double>{-2.5, 300000}));
  EXPECT_EQ(how, (std::vector<std::string>{"slew", "step"}));
}

TEST(PerfettoTraceTest, TheFileKeepsItsGreatestSizeWhateverFillsIt) {
  TraceOf t({.from = {}, .to = days(1), .bytes_max = 20'000});
  for (int i = 0; i < 10'000; ++i) {
    const Instant now = at(microseconds(i));
    t.trace.message_sent(static_cast<uint64_t>(i), {0}, {1}, Bytes("?"), now);
    t.trace.message_held_back(static_cast<uint64_t>(i), {0}, milliseconds(1), now);
    t.trace.message_handled({1}, 1, now, now, now + microseconds(1));
    t.trace.clock_corrected({1}, "slew", Duration{1}, now);
  }
  EXPECT_TRUE(t.trace.cut_short());
  EXPECT_GT(t.events().size(), 50u);
  EXPECT_LT(t.out.str().size(), 20'500u);
}

}  // namespace
}  // namespace revenant::sim
