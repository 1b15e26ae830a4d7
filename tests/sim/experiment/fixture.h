// A small made-up experiment and the verbs that tests of its results speak.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "engine/base/random.h"
#include "sim/experiment/results_store.h"
#include "sim/experiment/sweep_plan.h"

namespace revenant::sim {

inline SweepPlan plan_of(std::vector<std::pair<std::string, std::vector<nlohmann::json>>> sweep,
                         uint64_t seeds) {
  SweepPlan plan{.name = "lagging_replica",
                 .question = "Does the key return?",
                 .scenario_path = "scenarios/lagging_replica.json",
                 .scenario_text = "{\n  \"name\": \"lagging_replica\"\n}\n",
                 .build = "0.1.0 test",
                 .sweep = std::move(sweep),
                 .seeds = {}};
  for (uint64_t seed = 1; seed <= seeds; ++seed) plan.seeds.push_back(seed);
  return plan;
}

// Two settings, six points.
inline SweepPlan small_plan(uint64_t seeds = 4) {
  return plan_of({{"storage.gc_grace", {"1d", "10d", "20d"}}, {"replication.read", {"ONE", 2}}},
                 seeds);
}

// A run that did not happen: figures that depend on the point, on the seed and on nothing else.
inline RunOutcome made_up_run(const GridPoint& point, uint64_t seed) {
  Random shared(seed, "what the seed gives every point");
  Random own(seed, spell(point));
  RunOutcome outcome;
  outcome.seed = seed;
  outcome.fingerprint = fmt::format("{:032x}", own.next());
  const bool held = own.below(4) != 0;
  outcome.verdict = held ? "held" : "violated";
  outcome.exit_code = held ? 0 : 1;
  outcome.metrics = {
      {"resurrected_keys",
       100 + static_cast<double>(shared.below(50)) - 30 * static_cast<double>(point.index)},
      {"write_amplification", 2 + shared.unit() + own.unit()},
      {"constant", 7},
  };
  // Figures that only some runs have.
  if (seed % 2 == 0) outcome.metrics.emplace_back("even_seeds_only", own.unit());
  if (point.index == 1) outcome.metrics.emplace_back("not_a_number", std::nan(""));
  for (const auto& [path, value] : point.assignments) outcome.settings[path] = value;
  outcome.timeseries_csv = fmt::format("time_s,live_keys\n0,{}\n", seed);
  outcome.faults_json = "[]";
  outcome.scenario_json = "{}";
  outcome.wall_seconds = 0.001;
  return outcome;
}

class ResultsTest : public testing::Test {
 protected:
  void SetUp() override {
    // In memory where there is such a place: waiting for a disk would be most of the tests' time.
    const std::filesystem::path memory = "/dev/shm";
    const bool in_memory = ::access(memory.c_str(), W_OK) == 0;
    directory_ = (in_memory ? memory : std::filesystem::path(testing::TempDir())) /
                 fmt::format("revenant_{}_{}", ::getpid(),
                             testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string file(const std::string& name = "results.sqlite") const { return directory_ / name; }

  // Every row of every table, but for the host's time.
  static std::string content(const std::string& path) {
    auto database = SqlDatabase::open(path).value();
    std::string text;
    for (const char* query :
         {"SELECT name || question || scenario || build || grid FROM experiment",
          "SELECT point || ' ' || path || ' ' || value FROM setting ORDER BY point, path",
          "SELECT run || ' ' || point || ' ' || seed || ' ' || status || ' ' || exit_code || ' ' "
          "|| "
          "ifnull(verdict, '-') || ' ' || ifnull(fingerprint, '-') || ' ' || ifnull(message, '-') "
          "FROM run "
          "ORDER BY run",
          "SELECT run || ' ' || name || ' ' || ifnull(format('%!.17g', value), 'NULL') FROM metric "
          "ORDER BY run, "
          "name",
          "SELECT run || ' ' || name || ' ' || content FROM document ORDER BY run, name",
          "SELECT sql FROM sqlite_schema ORDER BY name"}) {
      auto rows = database.prepare(query).value();
      while (rows.step().value()) text += rows.text(0) + "\n";
    }
    return text;
  }

  // The first column of each row.
  static std::vector<std::string> select(const std::string& path, const std::string& query) {
    auto database = SqlDatabase::open(path).value();
    auto rows = database.prepare(query).value();
    std::vector<std::string> values;
    while (rows.step().value()) values.push_back(rows.is_null(0) ? "NULL" : rows.text(0));
    return values;
  }

  std::filesystem::path directory_;
};

}  // namespace revenant::sim
