#include <fmt/format.h>

#include <iostream>

#include "sim/cli/command.h"
#include "sim/experiment/mutants.h"
#include "sim/scenario/spelling.h"

namespace revenant::sim {

namespace po = boost::program_options;

int mutants_main(const Arguments& arguments) {
  CommandLine line("mutants SCENARIO [options]",
                   "Plants each known defect in turn and hunts it: caught or not, by which check, "
                   "after how many seeds.");
  line.scenario();
  line.options()("defect", po::value<std::vector<std::string>>()->composing(),
                 "Only this one; may be repeated.")(
      "seeds", po::value<int64_t>()->default_value(1000), "Most seeds for each.")(
      "catches", po::value<int64_t>()->default_value(5), "Enough failing seeds for each.")(
      "jobs,j", po::value<int64_t>()->default_value(0),
      "Worker processes; 0 for one per processor.");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  const auto loaded = load_scenario(*values);
  if (!loaded) return loaded.error().code;

  MutantsOptions options{.defects = {},
                         .seeds_max = (*values)["seeds"].as<int64_t>(),
                         .catches = (*values)["catches"].as<int64_t>(),
                         .workers = (*values)["jobs"].as<int64_t>()};
  if (options.seeds_max < 1 || options.catches < 1)
    return fail(2, "--seeds and --catches are at least 1").error().code;
  if (options.workers < 0) return fail(2, "--jobs must not be negative").error().code;
  if (values->contains("defect")) {
    for (const std::string& name : (*values)["defect"].as<std::vector<std::string>>()) {
      const auto defect = Spelling<Defect>::parse(name);
      if (!defect) return fail(2, "--defect: " + defect.error()).error().code;
      options.defects.push_back(*defect);
    }
  } else {
    for (const auto& entry : enum_names(Defect{})) options.defects.push_back(entry.value);
  }
  const auto run = [&](Defect defect, uint64_t seed) {
    Scenario scenario = loaded->scenario;
    scenario.defects = {defect};
    return run_for_failure(scenario, seed, run_words(*loaded, seed));
  };
  return mutants(run, options, std::cout, std::cerr);
}

}  // namespace revenant::sim
