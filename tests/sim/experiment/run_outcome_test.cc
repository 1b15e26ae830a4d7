#include "sim/experiment/run_outcome.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace revenant::sim {
namespace {

RunOutcome through_a_line(const RunOutcome& outcome) {
  const std::string line = to_json_line(outcome);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  return parse_run_outcome(line).value();
}

TEST(RunOutcome, EveryFieldSurvivesTheLine) {
  RunOutcome outcome{
      .seed = UINT64_MAX,
      .fingerprint = "00ff",
      .verdict = "violated",
      .exit_code = 1,
      .metrics = {{"a", 0.1 + 0.2}, {"tiny", 5e-324}, {"large", 1.7976931348623157e308}},
      .settings = {{"z.path", "10d"}, {"a.path", {0, 2}}},
      .timeseries_csv = "time_s,x\n0,1\n",
      .faults_json = "[{\"kind\": \"crash\"}]",
      .scenario_json = "{\"quote\": \"\\\"\"}",
      .wall_seconds = 1.25};
  const RunOutcome back = through_a_line(outcome);
  EXPECT_EQ(back.seed, outcome.seed);
  EXPECT_EQ(back.fingerprint, outcome.fingerprint);
  EXPECT_EQ(back.verdict, outcome.verdict);
  EXPECT_EQ(back.exit_code, outcome.exit_code);
  EXPECT_EQ(back.metrics, outcome.metrics) << "to the last bit";
  EXPECT_EQ(back.settings.dump(), outcome.settings.dump()) << "in the same order";
  EXPECT_EQ(back.timeseries_csv, outcome.timeseries_csv);
  EXPECT_EQ(back.faults_json, outcome.faults_json);
  EXPECT_EQ(back.scenario_json, outcome.scenario_json);
  EXPECT_EQ(back.wall_seconds, outcome.wall_seconds);
}

TEST(RunOutcome, WhatIsNotANumberWasNotMeasured) {
  RunOutcome outcome;
  outcome.metrics = {
      {"nan", std::nan("")}, {"infinite", std::numeric_limits<double>::infinity()}, {"one", 1}};
  const RunOutcome back = through_a_line(outcome);
  EXPECT_TRUE(std::isnan(back.metrics[0].second));
  EXPECT_TRUE(std::isnan(back.metrics[1].second));
  EXPECT_EQ(back.metrics[2].second, 1);
}

TEST(RunOutcome, BytesThatAreNotTextDoNotEndTheRun) {
  RunOutcome outcome;
  outcome.faults_json = "key \xff\x01\n";
  EXPECT_EQ(through_a_line(outcome).faults_json, "key \uFFFD\x01\n");
}

TEST(RunOutcome, APartOfALineIsRefused) {
  const std::string line = to_json_line(RunOutcome{});
  for (size_t size = 0; size < line.size(); ++size) {
    const auto result = parse_run_outcome(line.substr(0, size));
    ASSERT_FALSE(result.has_value()) << size;
    EXPECT_EQ(result.error().code, ErrorCode::kCorruption);
  }
  EXPECT_FALSE(parse_run_outcome("[]").has_value());
  EXPECT_FALSE(parse_run_outcome("{\"seed\": \"one\"}").has_value());
}

}  // namespace
}  // namespace revenant::sim
