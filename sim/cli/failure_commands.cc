// What is done with a failure file: replay and shrink.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "sim/cli/break_at.h"
#include "sim/cli/command.h"
#include "sim/cli/page_file.h"
#include "sim/cli/trace_file.h"
#include "sim/experiment/replay.h"
#include "sim/experiment/shrink.h"
#include "sim/experiment/whole_file.h"

namespace revenant::sim {

namespace po = boost::program_options;

std::expected<Failure, Exit> load_failure(const std::string& path) {
  const auto text = read_whole(path);
  if (!text) return fail(2, text.error().message);
  auto failure = parse_failure(*text, path, known_names());
  if (!failure) return fail(2, failure.error().message);
  return *std::move(failure);
}

int replay_main(const Arguments& arguments) {
  CommandLine line("replay FAILURE [options]",
                   "Runs a failure again: on the build that recorded it, the same run; on another, "
                   "its fault plan and operations.");
  line.operand("failure", 1, "A failure file, as hunt writes it.");
  add_break_at(line);
  TraceFile::add_options(line);
  PageFile::add_options(line);
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  const std::string path = (*values)["failure"].as<std::string>();
  const auto failure = load_failure(path);
  if (!failure) return failure.error().code;
  TraceFile trace;
  if (const auto opened = trace.open(*values); !opened) return opened.error().code;

  const ReplayMode mode = replay_mode(*failure);
  const Scenario scenario = replayed_scenario(*failure, mode);
  const std::string command = shell_words({"revenant", "replay", path});
  RunOptions options{.command = command, .trace = trace.trace()};
  if (const auto read = read_break_at(*values, options); !read) return read.error().code;
  PageFile page;
  page.open(*values, options);
  const RunReport report = run_scenario(scenario, failure->seed, options);
  if (const auto finished = trace.finish(); !finished) return finished.error().code;
  if (const auto written = page.finish(report, command); !written) return written.error().code;
  const ReplayVerdict verdict = judge_replay(*failure, mode, report);
  std::cout << to_text(scenario, report, command) << verdict.text;
  return verdict.exit_code;
}

int shrink_main(const Arguments& arguments) {
  CommandLine line("shrink FAILURE [options]",
                   "Writes the smallest scenario it finds that still fails by the same signature, "
                   "with an account of what happens in it.");
  line.operand("failure", 1, "A failure file, as hunt writes it.");
  line.options()("out,o", po::value<std::string>(),
                 "The scenario file; beside the failure, NAME.small.json, if left out.")(
      "runs", po::value<int64_t>()->default_value(200), "Most runs to make.")(
      "jobs,j", po::value<int64_t>()->default_value(0),
      "Worker processes; 0 for one per processor.");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  const std::string path = (*values)["failure"].as<std::string>();
  const auto failure = load_failure(path);
  if (!failure) return failure.error().code;
  const ShrinkOptions options{.runs_max = (*values)["runs"].as<int64_t>(),
                              .workers = (*values)["jobs"].as<int64_t>()};
  if (options.runs_max < 1) return fail(2, "--runs is at least 1").error().code;
  if (options.workers < 0) return fail(2, "--jobs must not be negative").error().code;

  const auto shrunk = shrink(*failure, options, known_names(), std::cerr);
  if (!shrunk) return fail(2, fmt::format("{}: {}", path, shrunk.error().message)).error().code;
  const std::string out =
      values->contains("out")
          ? (*values)["out"].as<std::string>()
          : std::filesystem::path(path).replace_extension(".small.json").string();
  const std::string text = shrunk_file(*failure, *shrunk, known_names());
  if (const auto written = write_whole(out, text); !written)
    return fail(2, written.error().message).error().code;

  const FailureSize &b = shrunk->before, &a = shrunk->after;
  fmt::print("{}, seed {}: {} runs\n\n", to_string(failure->signature), failure->seed,
             shrunk->runs);
  const auto row = [](const char* what, auto before, auto after) {
    fmt::print("  {:<22}{:>8} -> {}\n", what, before, after);
  };
  row("faults", b.faults, a.faults);
  row("operators' operations", b.operations, a.operations);
  row("clients' operations", b.client_operations, a.client_operations);
  row("keys", b.keys, a.keys);
  row("clients", b.clients, a.clients);
  row("nodes", b.nodes, a.nodes);
  row("duration", to_string(b.duration), to_string(a.duration));
  fmt::print("\nwritten to {}; it fails by itself:\n  {}\n", out,
             shell_words({"revenant", "run", out}));
  return 0;
}

}  // namespace revenant::sim
