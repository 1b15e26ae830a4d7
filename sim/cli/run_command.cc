#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "sim/cli/break_at.h"
#include "sim/cli/command.h"
#include "sim/cli/page_file.h"
#include "sim/cli/trace_file.h"
#include "sim/experiment/run.h"
#include "sim/experiment/verify.h"

namespace revenant::sim {

namespace po = boost::program_options;

namespace {

// The stretch of --events, into the probe.
std::expected<void, Exit> read_events(const po::variables_map& values, KernelProbe& probe) {
  for (const char* option : {"events-from", "events-to"}) {
    if (values.contains(option) && !values.contains("events")) {
      return fail(2, fmt::format("--{} needs --events FILE to write to", option));
    }
  }
  if (!values.contains("events")) return {};
  probe.record_first = values.contains("events-from") ? values["events-from"].as<uint64_t>() : 1;
  probe.record_last = values.contains("events-to") ? values["events-to"].as<uint64_t>()
                                                   : probe.record_first + 9'999;
  if (probe.record_first == 0 || probe.record_last < probe.record_first) {
    return fail(2, "--events-from, --events-to: events are numbered from 1");
  }
  return {};
}

std::string to_json(const EventRecord& event) {
  return Json{{"event", event.number},
              {"at_ns", event.at.ns},
              {"node", event.node.value},
              {"kind", to_string(event.kind)},
              {"task", event.task},
              {"digest", fmt::format("{:016x}", event.digest)},
              {"fingerprint", event.fingerprint.hex()}}
      .dump();
}

}  // namespace

int run_main(const Arguments& arguments) {
  CommandLine line("run SCENARIO [options]",
                   "Runs a scenario once and judges it. A sweep block is left aside.");
  line.scenario();
  line.options()(
      "seed", po::value<uint64_t>(),
      "Of all randomness in the run; the first of the sweep block's, or 1, if left out.")(
      "out", po::value<std::string>(), "Directory for run.json, timeseries.csv and faults.json.")(
      "history", "Also write history.jsonl there: every operation.")(
      "log", "Print a line for each change of state (to stderr): faults, processes, flushes, …")(
      "events", po::value<std::string>(), "File for the kernel's events, one JSON object a line.")(
      "events-from", po::value<uint64_t>(), "Number of the first of them; 1 if left out.")(
      "events-to", po::value<uint64_t>(), "Of the last; 10,000 in all if left out.")(

      "verify",
      "Run twice more; should the runs differ, show the first event that does (exit code 4).")(
      "json", "Print run.json instead of the table.");
  add_break_at(line);
  TraceFile::add_options(line);
  PageFile::add_options(line);
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  const auto loaded = load_scenario(*values);
  if (!loaded) return loaded.error().code;
  if (values->contains("history") && !values->contains("out")) {
    return fail(2, "--history needs --out DIR to write to").error().code;
  }

  const uint64_t seed = values->contains("seed") ? (*values)["seed"].as<uint64_t>()
                                                 : loaded->scenario.sweep_seeds.front();
  RunOptions options;
  options.command = run_words(*loaded, seed);
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

  if (const auto read = read_break_at(*values, options); !read) return read.error().code;
  KernelProbe probe;
  if (const auto read = read_events(*values, probe); !read) return read.error().code;
  if (values->contains("out")) probe.checkpoint_interval = KernelProbe::kInterval;
  options.probe = &probe;
  std::ofstream events;
  if (values->contains("events")) {
    const std::string path = (*values)["events"].as<std::string>();
    events.open(path);
    if (!events) return fail(2, fmt::format("{}: cannot be written", path)).error().code;
  }
  LogWriter log(std::cerr);
  if (values->contains("log")) options.log = &log;

  TraceFile trace;
  if (const auto opened = trace.open(*values); !opened) return opened.error().code;
  options.trace = trace.trace();

  PageFile page;
  page.open(*values, options);
  const RunReport report = run_scenario(loaded->scenario, seed, options);
  if (options.log != nullptr) log.finish();
  if (values->contains("events")) {
    for (const EventRecord& event : probe.events) events << to_json(event) << '\n';
    events.close();
    if (events.fail()) {
      return fail(2, fmt::format("{}: cannot be written", (*values)["events"].as<std::string>()))
          .error()
          .code;
    }
  }
  if (const auto finished = trace.finish(); !finished) return finished.error().code;
  if (values->contains("out")) {
    const std::string directory = (*values)["out"].as<std::string>();
    history.close();
    if (history.fail() && options.history != nullptr) {
      return fail(2, fmt::format("{}/history.jsonl: cannot be written", directory)).error().code;
    }
    const auto written = write_run_directory(directory, report, probe, options.command);
    if (!written) return fail(2, written.error().message).error().code;
  }
  if (const auto written = page.finish(report, options.command); !written)
    return written.error().code;
  if (values->contains("verify")) {
    const auto divergence = verify([&](KernelProbe& again) {
      (void)run_scenario(loaded->scenario, seed, {.command = options.command, .probe = &again});
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
