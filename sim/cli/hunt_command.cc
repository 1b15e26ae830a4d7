#include <fmt/format.h>

#include <iostream>

#include "sim/cli/command.h"
#include "sim/experiment/hunt.h"
#include "sim/faults/swarm.h"
#include "sim/scenario/sweep.h"

namespace revenant::sim {

namespace po = boost::program_options;

int hunt_main(const Arguments& arguments) {
  CommandLine line("hunt SCENARIO [options]",
                   "Runs a scenario with many seeds and keeps the fastest failure of each kind.");
  line.scenario();
  line.options()("seeds", po::value<std::string>()->default_value("1..1000"), "A..B or one seed.")(
      "jobs,j", po::value<int64_t>()->default_value(0),
      "Worker processes; 0 for one per processor.")(
      "max-failures", po::value<int64_t>()->default_value(0),
      "End after so many failing seeds; 0 for no limit.")(
      "out", po::value<std::string>(),
      "Directory of the failure files; results/hunt/NAME if left out.")(
      "resume", "Go on with the hunt in that directory.");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  const auto loaded = load_scenario(*values);
  if (!loaded) return loaded.error().code;
  const auto seeds = parse_seeds((*values)["seeds"].as<std::string>());
  if (!seeds) return fail(2, "--seeds: " + seeds.error()).error().code;

  const HuntPlan plan{.name = loaded->scenario.name,
                      .scenario = loaded->text,
                      .settings = shell_words(loaded->sets),
                      .first = seeds->front(),
                      .last = seeds->back()};
  const HuntOptions options{.directory = values->contains("out")
                                             ? (*values)["out"].as<std::string>()
                                             : "results/hunt/" + loaded->scenario.name,
                            .resume = values->contains("resume") ? Resume::kYes : Resume::kNo,
                            .workers = (*values)["jobs"].as<int64_t>(),
                            .failures_max = (*values)["max-failures"].as<int64_t>()};
  if (options.workers < 0) return fail(2, "--jobs must not be negative").error().code;
  if (options.failures_max < 0) return fail(2, "--max-failures must not be negative").error().code;
  const auto run = [&](uint64_t seed, BlackBox& box) {
    return run_for_failure(loaded->scenario, seed, run_words(*loaded, seed), &box);
  };
  const auto resolve = [&](uint64_t seed) { return draw_swarm(loaded->scenario, seed); };
  return hunt(plan, run, resolve, options, std::cout, std::cerr);
}

}  // namespace revenant::sim
