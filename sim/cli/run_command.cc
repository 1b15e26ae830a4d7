#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>

#include "sim/cli/command.h"
#include "sim/experiment/run.h"
#include "sim/experiment/verify.h"
#include "sim/scenario/spelling.h"

namespace revenant::sim {

namespace po = boost::program_options;

namespace {

// The value of an option that is spelled as scenarios spell it.
template <typename T>
std::expected<T, Exit> spelled(const po::variables_map& values, const char* option) {
  const auto parsed = Spelling<T>::parse(values[option].as<std::string>());
  if (!parsed) return fail(2, fmt::format("--{}: {}", option, parsed.error()));
  return *parsed;
}

std::expected<PerfettoOptions, Exit> trace_options(const po::variables_map& values) {
  PerfettoOptions options;
  for (const auto& [option, bound] :
       {std::pair{"trace-from", &options.from}, {"trace-to", &options.to}}) {
    if (!values.contains(option)) continue;
    if (!values.contains("trace")) {
      return fail(2, fmt::format("--{} needs --trace FILE to write to", option));
    }
    const auto time = spelled<Duration>(values, option);
    if (!time) return std::unexpected(time.error());
    *bound = *time;
  }
  const auto size = spelled<ByteSize>(values, "trace-size");
  if (!size) return std::unexpected(size.error());
  options.bytes_max = static_cast<uint64_t>(size->bytes);
  return options;
}

}  // namespace

int run_main(const Arguments& arguments) {
  CommandLine line("run SCENARIO [options]",
                   "Runs a scenario once and judges it. A sweep block is left aside.");
  line.scenario();
  line.options()("seed", po::value<uint64_t>()->default_value(1), "Of all randomness in the run.")(
      "out", po::value<std::string>(), "Directory for run.json, timeseries.csv and faults.json.")(
      "history", "Also write history.jsonl there: every operation.")(
      "trace", po::value<std::string>(), "File for a trace that ui.perfetto.dev opens.")(
      "trace-from", po::value<std::string>(), "Time since the start from which the trace begins.")(
      "trace-to", po::value<std::string>(), "Time at which it ends.")(
      "trace-size", po::value<std::string>()->default_value("64MiB"), "Its greatest size.")(
      "verify",
      "Run twice more; should the runs differ, show the first event that does (exit code 4).")(
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
  RunOptions options{
      .command = shell_words(words), .history = nullptr, .trace = nullptr, .probe = nullptr};
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

  const auto perfetto = trace_options(*values);
  if (!perfetto) return perfetto.error().code;
  std::ofstream trace_file;
  std::optional<PerfettoTrace> trace;
  if (values->contains("trace")) {
    const std::string path = (*values)["trace"].as<std::string>();
    trace_file.open(path);
    if (!trace_file) return fail(2, fmt::format("{}: cannot be written", path)).error().code;
    options.trace = &trace.emplace(trace_file, *perfetto);
  }

  const RunReport report = run_scenario(loaded->scenario, seed, options);
  if (trace) {
    trace->finish();
    trace_file.close();
    const std::string path = (*values)["trace"].as<std::string>();
    if (trace_file.fail()) {
      return fail(2, fmt::format("{}: cannot be written", path)).error().code;
    }
    if (trace->cut_short()) {
      std::cerr << fmt::format(
          "revenant: {} ends early, at {}; --trace-from and --trace-to choose a stretch of time\n",
          path, (*values)["trace-size"].as<std::string>());
    }
  }
  if (values->contains("out")) {
    const std::string directory = (*values)["out"].as<std::string>();
    history.close();
    if (history.fail() && options.history != nullptr) {
      return fail(2, fmt::format("{}/history.jsonl: cannot be written", directory)).error().code;
    }
    const auto written = write_run_directory(directory, report, options.command);
    if (!written) return fail(2, written.error().message).error().code;
  }
  if (values->contains("verify")) {
    const auto divergence = verify([&](KernelProbe& probe) {
      (void)run_scenario(loaded->scenario, seed, {.command = options.command, .probe = &probe});
    });
    if (divergence) {
      std::cerr << fmt::format("revenant: two runs of one seed differ\n{}\n", divergence->text);
      return 4;
    }
  }
  if (values->contains("json")) {
    std::cout << to_json(report, options.command).dump(2) << '\n';
  } else {
    std::cout << to_text(loaded->scenario, report, options.command);
    if (values->contains("verify")) std::cout << "verified    three runs, one fingerprint\n";
  }
  return report.outcome.exit_code;
}

}  // namespace revenant::sim
