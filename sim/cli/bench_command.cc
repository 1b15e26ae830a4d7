#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "sim/cli/bench_engine.h"
#include "sim/cli/bench_kernel.h"
#include "sim/cli/command.h"
#include "sim/experiment/run.h"

namespace revenant::sim {

namespace po = boost::program_options;

namespace {

// Whole scenarios: what a user waits for.
int bench_cluster(const std::string& directory) {
  fmt::print("cluster: shipped scenarios, seed 1, metrics and checks on\n");
  for (const char* name : {"quickstart", "lagging_replica"}) {
    const auto loaded = load_scenario(fmt::format("{}/{}.json", directory, name), {});
    if (!loaded) return loaded.error().code;
    std::vector<double> seconds;
    double operations = 0, events = 0;
    for (int round = 0; round < 5; ++round) {
      const RunReport report =
          run_scenario(loaded->scenario, 1, {.command = "revenant bench cluster"});
      seconds.push_back(report.outcome.wall_seconds);
      for (const auto& [metric, value] : report.outcome.metrics) {
        if (metric == "operations_ok") operations = value;
        if (metric == "events") events = value;
      }
    }
    std::ranges::sort(seconds);
    const double best = seconds.front(), median = seconds[seconds.size() / 2];
    fmt::print(
        "  {:<16} best {:.3f} s, median {:.3f} s of wall time for {}; {:.0f} operations/s, {:.2f} "
        "million events/s at best\n",
        name, best, median, to_string(loaded->scenario.duration), operations / best,
        events / best / 1e6);
  }
  return 0;
}

}  // namespace

int bench_main(const Arguments& arguments) {
  CommandLine line("bench [PART] [options]", "Measures this build on this machine, in real time.");
  line.operand("part", 1, "kernel, engine, cluster or all; all if left out.");
  line.options()("dir", po::value<std::string>()->default_value("scenarios"),
                 "Where the shipped scenarios are (cluster).");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  const std::string part = values->contains("part") ? (*values)["part"].as<std::string>() : "all";
  if (part != "kernel" && part != "engine" && part != "cluster" && part != "all") {
    return fail(2, fmt::format("unknown part {}{}; see `revenant bench --help`", part,
                               did_you_mean(part, {"kernel", "engine", "cluster", "all"})))
        .error()
        .code;
  }
  std::cout << build_name() << '\n';
  if (part == "kernel" || part == "all") bench_kernel(std::cout);
  if (part == "engine" || part == "all") bench_engine(std::cout);
  std::cout.flush();
  if (part == "cluster" || part == "all") return bench_cluster((*values)["dir"].as<std::string>());
  return 0;
}

}  // namespace revenant::sim
