#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "engine/base/check.h"
#include "sim/check/checks.h"
#include "sim/cli/command.h"
#include "sim/experiment/run.h"
#include "sim/experiment/sweep.h"
#include "sim/scenario/sweep.h"

namespace revenant::sim {

namespace po = boost::program_options;

namespace {

std::vector<Assignment> assignments_of(const GridPoint& point) {
  std::vector<Assignment> assignments;
  for (const auto& [path, value] : point.assignments) assignments.push_back({path, value, "sweep"});
  return assignments;
}

// Figures that the table shows: what the scenario promises, then the usual ones of its kind.
std::vector<std::string> shown_metrics(const Scenario& scenario) {
  std::vector<std::string> names;
  const auto add = [&](std::string name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  };
  for (const Expectation& e : scenario.expect) add(e.metric);
  for (const Expectation& e : scenario.must_happen) add(e.metric);
  for (const CheckInfo& check : check_table()) {
    if (std::ranges::find(scenario.checks, check.name) != scenario.checks.end())
      add(std::string(check.metric));
  }
  return names;
}

}  // namespace

int sweep_main(const Arguments& arguments) {
  CommandLine line(
      "sweep SCENARIO [options]",
      "Runs every combination of the scenario's sweep block with every seed, in worker processes.");
  line.scenario();
  line.options()("seeds", po::value<std::string>(),
                 "A..B or one seed, instead of the sweep block's.")(
      "jobs,j", po::value<int64_t>()->default_value(0),
      "Worker processes; 0 for one per processor.")(
      "out", po::value<std::string>(), "Results file; results/NAME.sqlite if left out.")(
      "resume", "Go on with a results file of the same sweep.");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  const auto loaded = load_scenario(*values);
  if (!loaded) return loaded.error().code;
  const Scenario& base = loaded->scenario;

  SweepPlan plan{.name = base.name,
                 .question = base.question,
                 .scenario_path = loaded->path,
                 .scenario_text = loaded->text,
                 .build = build_name(),
                 .sweep = base.sweep,
                 .seeds = base.sweep_seeds};
  // An override is a dimension of one value: so it is part of the plan and stands in the results.
  for (const Assignment& set : loaded->assignments) {
    std::erase_if(plan.sweep, [&](const auto& swept) { return swept.first == set.path; });
    plan.sweep.emplace_back(set.path, std::vector<nlohmann::json>{set.value});
  }
  if (values->contains("seeds")) {
    const auto seeds = parse_seeds((*values)["seeds"].as<std::string>());
    if (!seeds) return fail(2, "--seeds: " + seeds.error()).error().code;
    plan.seeds = *seeds;
  }
  // Every point must make sense before the first one runs.
  for (const GridPoint& point : plan.points()) {
    if (const auto scenario = resolve_scenario(*loaded, assignments_of(point)); !scenario)
      return scenario.error().code;
  }

  SweepOptions options;
  options.resume = values->contains("resume") ? Resume::kYes : Resume::kNo;
  options.workers = (*values)["jobs"].as<int64_t>();
  options.metrics = shown_metrics(base);
  if (options.workers < 0) return fail(2, "--jobs must not be negative").error().code;
  if (values->contains("out")) {
    options.file = (*values)["out"].as<std::string>();
  } else {
    std::error_code ignored;  // shows when the file cannot be made
    std::filesystem::create_directories("results", ignored);
    options.file = fmt::format("results/{}.sqlite", base.name);
  }
  const auto run = [&](const GridPoint& point, uint64_t seed) {
    const auto scenario = resolve_scenario(*loaded, assignments_of(point));
    CHECK(scenario.has_value());
    RunOutcome outcome =
        run_scenario(*scenario, seed, {.command = run_command(plan, point, seed)}).outcome;
    outcome.settings = nlohmann::ordered_json::object();
    for (const auto& [path, value] : point.assignments) outcome.settings[path] = value;
    return outcome;
  };
  return sweep(plan, run, options, std::cout, std::cerr);
}

}  // namespace revenant::sim
