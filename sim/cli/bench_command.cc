#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "sim/cli/bench_check.h"
#include "sim/cli/bench_db.h"
#include "sim/cli/bench_engine.h"
#include "sim/cli/bench_kernel.h"
#include "sim/cli/bench_simulator.h"
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
  line.operand(
      "part", 1,
      "engine (beside LevelDB and RocksDB), db, kernel, simulator and check (beside their goals), "
      "cluster or all; all if left out.");
  line.options()("dir", po::value<std::string>()->default_value("scenarios"),
                 "Where the shipped scenarios are (simulator, cluster).");
  BenchEngineOptions engine;
  line.options()("num", po::value(&engine.num)->default_value(engine.num), "Entries (engine).");
  line.options()("rounds", po::value(&engine.rounds)->default_value(engine.rounds),
                 "Runs of each store, taking turns (engine).");
  line.options()("data", po::value(&engine.directory)->default_value(engine.directory),
                 "Folder on the file system to measure; emptied (engine).");
  line.options()("json", po::bool_switch(&engine.json), "Print JSON (engine).");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  const std::string part = values->contains("part") ? (*values)["part"].as<std::string>() : "all";
  const std::vector<std::string_view> parts{"engine", "db",      "kernel", "simulator",
                                            "check",  "cluster", "all"};
  if (std::ranges::find(parts, part) == parts.end()) {
    return fail(2, fmt::format("unknown part {}{}; see `revenant bench --help`", part,
                               did_you_mean(part, parts)))
        .error()
        .code;
  }
  if (engine.num == 0 || engine.rounds <= 0) {
    return fail(2, "--num and --rounds are at least 1").error().code;
  }
  if (engine.json && part != "engine") return fail(2, "--json goes with engine").error().code;
  if (!engine.json) std::cout << build_name() << '\n';
  if (part == "kernel" || part == "all") bench_kernel(std::cout);
  if (part == "db" || part == "all") bench_db(std::cout);
  if (part == "check" || part == "all") bench_check(std::cout);
  std::cout.flush();
  if (part == "simulator" || part == "all") {
    const auto swarm = load_scenario((*values)["dir"].as<std::string>() + "/swarm.json", {});
    if (!swarm) return swarm.error().code;
    const int code = bench_simulator(std::cout, swarm->scenario);
    if (code != 0) return code;
  }
  if (part == "cluster" || part == "all") {
    const int code = bench_cluster((*values)["dir"].as<std::string>());
    if (code != 0) return code;
  }
  if (part == "engine" || part == "all") return bench_engine(std::cout, engine);
  return 0;
}

}  // namespace revenant::sim
