// From a failing run to its file, back again, and down to what it takes.
#include "sim/experiment/failure.h"

#include <gtest/gtest.h>

#include <sstream>

#include "sim/check/checks.h"
#include "sim/experiment/hunt.h"
#include "sim/experiment/replay.h"
#include "sim/experiment/shrink.h"
#include "sim/record/metrics.h"
#include "sim/scenario/load.h"
#include "sim/scenario/resolved.h"
#include "sim/scenario/sparse.h"

namespace revenant::sim {
namespace {

KnownNames known() {
  static const std::vector<std::string> metrics = metric_names(), checks = check_names();
  return {metrics, checks};
}

// Reads at ONE miss what a paused replica did not get, and much happens besides.
constexpr const char* kScenario = R"({
  "name": "stale", "question": "?", "duration": "3s", "settle": "1s",
  "cluster": { "nodes": 4, "replication_factor": 3, "vnodes": 4 },
  "storage": { "memtable_size": "8KiB" },
  "replication": { "write": "QUORUM", "read": "ONE", "read_repair": "off", "hinted_handoff": "off",
                   "write_timeout": "200ms", "read_timeout": "200ms",
                   "heartbeat": "100ms", "failure_detection": "500ms" },
  "preload": { "keys": 30 },
  "workload": [ { "name": "w", "clients": 3, "think_time": "5ms",
                  "mix": { "read": 5, "update": 4, "delete": 1, "scan": 0.2 } } ],
  "faults": [ { "at": "500ms", "for": "700ms", "isolate": { "node": 1 } },
              { "at": "1s", "for": "100ms", "crash": { "node": 2 } },
              { "at": "100ms", "for": "2s", "clock": { "node": 0, "ahead": "5ms" } },
              { "at": "2s", "for": "500ms", "lag": { "node": 3, "messages": "3ms" } } ],
  "operations": [ { "every": "300ms", "flush": "all" }, { "at": "2s", "compact": 1 } ],
  "checks": ["no_stale_reads", "no_thin_air"]
})";

Scenario scenario_of(const std::string& text) {
  auto parsed = parse_scenario(text, "test", known());
  if (!parsed) {
    ADD_FAILURE() << to_string(parsed.error());
    return {};
  }
  return *std::move(parsed);
}

Failure found() {
  const HuntedRun run = run_for_failure(scenario_of(kScenario), 3, "test");
  EXPECT_TRUE(run.failure.has_value());
  return *run.failure;
}

RunReport run(const Scenario& scenario, uint64_t seed) {
  return run_scenario(scenario, seed, {.command = "test"});
}

TEST(FailureTest, AFileHoldsAllOfTheFailure) {
  const Failure failure = found();
  EXPECT_EQ(failure.signature.check, "no_stale_reads");
  const std::string text = to_json(failure).dump(1);
  const auto parsed = parse_failure(text, "f.json", known());
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
  EXPECT_EQ(to_json(*parsed).dump(1), text);
  EXPECT_GT(parsed->operations.at("w").size(), 300u);
}

TEST(FailureTest, ReplaysToTheSameFingerprint) {
  const Failure failure = found();
  ASSERT_EQ(replay_mode(failure), ReplayMode::kSameBuild);
  const RunReport report = run(replayed_scenario(failure, ReplayMode::kSameBuild), failure.seed);
  EXPECT_EQ(report.outcome.fingerprint, failure.fingerprint);
  const ReplayVerdict verdict = judge_replay(failure, ReplayMode::kSameBuild, report);
  EXPECT_EQ(verdict.exit_code, 1);
  EXPECT_NE(verdict.text.find("recurs"), std::string::npos);
}

TEST(FailureTest, OnAnotherBuildItsOperationsFailAgain) {
  Failure failure = found();
  failure.build = "revenant 0.0.1 of last year";
  ASSERT_EQ(replay_mode(failure), ReplayMode::kOtherBuild);
  const Scenario scenario = replayed_scenario(failure, ReplayMode::kOtherBuild);
  ASSERT_EQ(scenario.workload.size(), 1u);
  EXPECT_EQ(scenario.workload[0].script, failure.operations["w"]);
  const RunReport report = run(scenario, failure.seed);
  const ReplayVerdict verdict = judge_replay(failure, ReplayMode::kOtherBuild, report);
  EXPECT_NE(verdict.text.find("another build"), std::string::npos);
  EXPECT_NE(verdict.text.find("signature   recurs"), std::string::npos) << verdict.text;
}

TEST(FailureTest, ADifferentRunOfTheSameBuildIsADefectOfTheSimulator) {
  Failure failure = found();
  const RunReport report = run(failure.scenario, failure.seed);
  failure.fingerprint[0] = failure.fingerprint[0] == '0' ? '1' : '0';
  EXPECT_EQ(judge_replay(failure, ReplayMode::kSameBuild, report).exit_code, 4);
}

TEST(FailureTest, TheFailureOfAnAimedFaultHasItsPlanInNumbers) {
  Json text = Json::parse(kScenario);
  text["faults"] = Json::parse(R"([
    { "when": { "event": "delete_acknowledged", "nth": 5, "delay": "1ms" }, "for": "700ms",
      "isolate": { "node": "event_node" } },
    { "when": { "event": "repair_ends" }, "crash": { "node": 0 } } ])");
  const Scenario aimed = scenario_of(text.dump());
  const HuntedRun hunted = run_for_failure(aimed, 3, "test");
  ASSERT_TRUE(hunted.failure.has_value());
  const Failure& failure = *hunted.failure;
  ASSERT_EQ(failure.scenario.faults.size(), 1u);  // nobody repaired
  const FaultOptions& fault = failure.scenario.faults[0];
  EXPECT_FALSE(fault.when.has_value());
  EXPECT_GT(fault.at, Duration{});
  EXPECT_EQ(fault.isolate->node.nodes.size(), 1u);

  const RunReport was = run(aimed, 3), is = run(failure.scenario, 3);
  EXPECT_EQ(is.outcome.fingerprint, failure.fingerprint);
  EXPECT_EQ(symptoms(was).front().story, symptoms(is).front().story);
  ASSERT_EQ(was.missed_faults.size(), 1u);
  EXPECT_EQ(was.missed_faults[0],
            "faults[1] (crash): repair_ends did not come, or too few or late");
}

TEST(FailureTest, RefusesWhatIsNoWholeFailureFile) {
  const std::string text = to_json(found()).dump(1);
  const auto why = [](const std::string& content) {
    const auto parsed = parse_failure(content, "f.json", known());
    return parsed.has_value() ? std::string() : parsed.error().message;
  };
  EXPECT_NE(why(text.substr(0, text.size() / 2)).find("cut short"), std::string::npos);
  EXPECT_NE(why("{}").find("not a failure file"), std::string::npos);
  EXPECT_NE(why("[1, 2]").find("not a failure file"), std::string::npos);
  EXPECT_NE(why("").find("f.json"), std::string::npos);
  Json changed = Json::parse(text);
  changed["format"] = "revenant failure 9";
  EXPECT_NE(why(changed.dump()).find("revenant failure 9"), std::string::npos);
  changed = Json::parse(text);
  changed.erase("seed");
  EXPECT_NE(why(changed.dump()).find("seed"), std::string::npos);
  changed = Json::parse(text);
  changed["scenario"]["cluster"]["nodse"] = 3;
  EXPECT_NE(why(changed.dump()).find("nodse"), std::string::npos);
  changed = Json::parse(text);
  changed["operations"]["w"][5] = "1s c0 upsert k1 n2";
  EXPECT_NE(why(changed.dump()).find("upsert"), std::string::npos);
}

TEST(ShrinkTest, WhatIsLeftIsSmallAndFailsByItselfWithTheSameSignature) {
  const Failure failure = found();
  std::ostringstream err;
  const auto shrunk = shrink(failure, {.runs_max = 200, .workers = 2}, known(), err);
  ASSERT_TRUE(shrunk.has_value()) << shrunk.error().message;
  EXPECT_LE(shrunk->runs, 202);
  EXPECT_EQ(shrunk->before.faults, 4u);
  EXPECT_LE(shrunk->after.faults, 1u);
  EXPECT_EQ(shrunk->after.operations, 0u);
  EXPECT_LE(shrunk->after.client_operations, shrunk->before.client_operations / 10);
  EXPECT_EQ(shrunk->after.keys, 1u);
  EXPECT_EQ(shrunk->after.nodes, 3u);
  EXPECT_LT(shrunk->after.duration, shrunk->before.duration);

  const std::string file = shrunk_file(failure, *shrunk, known());
  const Scenario alone = scenario_of(file);
  EXPECT_EQ(alone.sweep_seeds, std::vector<uint64_t>{failure.seed});
  const RunReport report = run(alone, alone.sweep_seeds.front());
  ASSERT_FALSE(symptoms(report).empty()) << file;
  EXPECT_EQ(symptoms(report).front().signature, failure.signature);
  EXPECT_NE(file.find("read k"), std::string::npos) << file;
}

TEST(ShrinkTest, WhatADyingProcessSaidIsAllComment) {
  Failure failure = found();
  failure.story = "exit code 4\nCHECK failed: a < b\n\n  at  line 7\n";
  const Shrunk same = {failure.scenario, {}, {}, 0};
  EXPECT_EQ(scenario_of(shrunk_file(failure, same, known())).name, failure.scenario.name);
}

TEST(ShrinkTest, TakesTheSameWayWithOneWorkerAndWithMany) {
  const Failure failure = found();
  std::ostringstream err;
  const auto one = shrink(failure, {.runs_max = 10'000, .workers = 1}, known(), err);
  const auto many = shrink(failure, {.runs_max = 10'000, .workers = 5}, known(), err);
  ASSERT_TRUE(one.has_value() && many.has_value());
  EXPECT_EQ(to_json(one->scenario), to_json(many->scenario));
}

TEST(ShrinkTest, SaysSoIfTheFailureDoesNotComeBack) {
  Failure failure = found();
  failure.signature = {"no_lost_writes", "nothing is left"};
  std::ostringstream err;
  const auto shrunk = shrink(failure, {}, known(), err);
  ASSERT_FALSE(shrunk.has_value());
  EXPECT_NE(shrunk.error().message.find("does not come back"), std::string::npos);
}

TEST(SparseTest, LeavesOutDefaultsAndIsTheSameScenario) {
  const Scenario scenario = scenario_of(kScenario);
  const Json sparse = sparse_json(scenario, known());
  EXPECT_EQ(to_json(scenario_of(sparse.dump())), to_json(scenario));
  EXPECT_FALSE(sparse["storage"].contains("gc_grace"));
  EXPECT_LT(sparse.dump().size(), to_json(scenario).dump().size() / 2);
}

}  // namespace
}  // namespace revenant::sim
