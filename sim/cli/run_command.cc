#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "sim/cli/command.h"
#include "sim/experiment/run.h"

namespace revenant::sim {

namespace po = boost::program_options;

int run_main(const Arguments& arguments) {
  CommandLine line("run SCENARIO [options]",
                   "Runs a scenario once and judges it. A sweep block is left aside.");
  line.scenario();
  line.options()("seed", po::value<uint64_t>()->default_value(1), "Of all randomness in the run.")(
      "out", po::value<std::string>(), "Directory for run.json, timeseries.csv and faults.json.")(
      "history", "Also write history.jsonl there: every operation.")(
      "json", "Print run.json instead of the table.");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  const auto loaded = load_scenario(*values);
  if (!loaded) return loaded.error().code;
  if (values->contains("history") && !values->contains("out")) {
    return fail(2, "--history needs --out DIR to write to").error().code;
  }

  const uint64_t seed = (*values)["seed"].as<uint64_t>();
  std::vector<std::string> words{"revenant", "run", loaded->path, "--seed", std::to_string(seed)};
  for (const std::string& set : loaded->sets) words.insert(words.end(), {"--set", set});
  RunOptions options{.command = shell_words(words), .history = nullptr};
  std::ofstream history;
  if (values->contains("history")) {
    const std::filesystem::path directory((*values)["out"].as<std::string>());
    std::error_code ignored;  // shows when the file cannot be opened
    std::filesystem::create_directories(directory, ignored);
    history.open(directory / "history.jsonl");
    if (!history)
      return fail(2, fmt::format("{}: cannot be written", (directory / "history.jsonl").string()))
          .error()
          .code;
    options.history = &history;
  }

  const RunReport report = run_scenario(loaded->scenario, seed, options);
  if (values->contains("out")) {
    const std::string directory = (*values)["out"].as<std::string>();
    history.close();
    if (history.fail() && options.history != nullptr) {
      return fail(2, fmt::format("{}/history.jsonl: cannot be written", directory)).error().code;
    }
    const auto written = write_run_directory(directory, report, options.command);
    if (!written) return fail(2, written.error().message).error().code;
  }
  if (values->contains("json")) {
    std::cout << to_json(report, options.command).dump(2) << '\n';
  } else {
    std::cout << to_text(loaded->scenario, report, options.command);
  }
  return report.outcome.exit_code;
}

}  // namespace revenant::sim
