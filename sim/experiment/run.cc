#include "sim/experiment/run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "sim/check/checks.h"
#include "sim/check/progress.h"
#include "sim/check/properties/properties.h"
#include "sim/check/recorded_history.h"
#include "sim/experiment/text_table.h"
#include "sim/experiment/whole_file.h"
#include "sim/faults/swarm.h"
#include "sim/record/history_writer.h"
#include "sim/record/key.h"
#include "sim/scenario/expectation.h"
#include "sim/scenario/resolved.h"
#include "sim/world/world.h"

namespace revenant::sim {
namespace {

// Rows of the time series: the cluster as the world sees it, and reads as the judge does. Counts
// are since the start; throughput, latencies, SSTables per read and the cache's hit rate are of the
// interval that ends with the row.
class TimeSeries {
 public:
  TimeSeries()
      : text_(
            "time_s,nodes_up,operations_ok,throughput,read_latency_p50_ms,read_latency_p99_ms,"
            "write_latency_p50_ms,"
            "write_latency_p99_ms,stale_reads,resurrected_keys,sstables,sstables_per_read,block_"
            "cache_hit_rate,"
            "tombstones_live,tombstones_purged,compactions,stall_seconds,disk_bytes,space_"
            "amplification,"
            "write_amplification,hints_pending_bytes\n") {}

  void add(const Snapshot& s, Recorder& recorder, const Judge& judge) {
    const Recorder::Interval interval = recorder.take_interval();
    const auto ratio = [](uint64_t a, uint64_t b) {
      return b == 0 ? std::string()
                    : fmt::format("{:.6g}", static_cast<double>(a) / static_cast<double>(b));
    };
    const auto quantile = [](const Histogram& h, uint64_t per_million) {
      return h.count() == 0 ? std::string()
                            : fmt::format("{:.6g}", h.quantile(per_million).in_seconds() * 1e3);
    };
    const double seconds = (s.at - last_.at).in_seconds();
    const double rate =
        seconds > 0 ? static_cast<double>(recorder.operations_ok() - last_ok_) / seconds : 0;
    const uint64_t hits = s.cache_hits - last_.cache_hits;
    const uint64_t misses = s.cache_misses - last_.cache_misses;
    const auto cells = {
        fmt::format("{}", s.at.in_seconds()),
        fmt::format("{}", s.nodes_up),
        fmt::format("{}", recorder.operations_ok()),
        fmt::format("{:.6g}", rate),
        quantile(interval.reads, 500'000),
        quantile(interval.reads, 990'000),
        quantile(interval.writes, 500'000),
        quantile(interval.writes, 990'000),
        fmt::format("{}", judge.stale_reads()),
        fmt::format("{}", judge.resurrections().size()),
        fmt::format("{}", s.sstables),
        ratio(s.sstables_read - last_.sstables_read, s.point_reads - last_.point_reads),
        ratio(hits, hits + misses),
        fmt::format("{}", s.tombstones_live),
        fmt::format("{}", recorder.tombstones_purged()),
        fmt::format("{}", recorder.compactions()),
        fmt::format("{:.6g}", recorder.stall_time().in_seconds()),
        fmt::format("{}", s.disk_bytes),
        ratio(s.disk_bytes, s.live_bytes),
        ratio(s.bytes_written, s.bytes_applied),
        fmt::format("{}", s.hints_pending_bytes),
    };
    text_ += fmt::format("{}\n", fmt::join(cells, ","));
    if (s.live_bytes > 0) {
      const double space = static_cast<double>(s.disk_bytes) / static_cast<double>(s.live_bytes);
      space_sum_ += space;
      space_max_ = std::max(space_max_, space);
      ++space_samples_;
    }
    last_ = s;
    last_ok_ = recorder.operations_ok();
  }
  std::string take() { return std::move(text_); }
  void report(Metrics& metrics) const {
    if (space_samples_ == 0) return;
    metrics.set("space_amplification_mean", space_sum_ / static_cast<double>(space_samples_));
    metrics.set("space_amplification_max", space_max_);
  }

 private:
  std::string text_;
  Snapshot last_;
  uint64_t last_ok_ = 0;
  double space_sum_ = 0, space_max_ = 0;
  uint64_t space_samples_ = 0;
};

std::string faults_json(const std::vector<FaultWindow>& windows) {
  auto list = nlohmann::ordered_json::array();
  for (const FaultWindow& w : windows) {
    auto nodes = nlohmann::ordered_json::array();
    for (NodeId node : w.nodes) nodes.push_back(node.value);
    list.push_back({{"kind", w.kind},
                    {"nodes", nodes},
                    {"from_s", w.from.in_seconds()},
                    {"to_s", w.to.in_seconds()},
                    {"detail", w.detail},
                    {"entry", to_json(w.entry)}});
  }
  return list.dump(2);
}

Finding judge_bound(Finding::Kind kind, const Expectation& expectation, const Metrics& metrics) {
  const auto value = metrics.get(expectation.metric);
  // A figure that was not measured (no read, say) meets no bound.
  const bool held = value && (!expectation.min || *value >= *expectation.min) &&
                    (!expectation.max || *value <= *expectation.max);
  std::string bound;
  if (expectation.min) bound += fmt::format("at least {}", *expectation.min);
  if (expectation.max)
    bound += fmt::format("{}at most {}", bound.empty() ? "" : ", ", *expectation.max);
  return {kind, expectation.metric, held,
          fmt::format("is {}, {} {}", value ? fmt::format("{:.6g}", *value) : "not measured",
                      held ? "as promised" : "should be", bound)};
}

std::vector<Finding> judge_promises(const Scenario& scenario, const Json& resolved,
                                    const Metrics& metrics) {
  std::vector<Finding> findings;
  for (const CheckInfo& check : check_table()) {
    const bool promised = check.name == "no_thin_air" ||
                          std::ranges::find(scenario.checks, check.name) != scenario.checks.end();
    if (!promised) continue;
    const double violations = metrics.get(check.metric).value_or(0);
    findings.push_back({Finding::Kind::kCheck, std::string(check.name), violations == 0,
                        violations == 0 ? "holds" : fmt::format("violated {} times", violations)});
  }
  for (const Expectation& e : scenario.expect) {
    if (applies(e, resolved)) findings.push_back(judge_bound(Finding::Kind::kExpect, e, metrics));
  }
  for (const Expectation& e : scenario.must_happen) {
    if (applies(e, resolved))
      findings.push_back(judge_bound(Finding::Kind::kMustHappen, e, metrics));
  }
  return findings;
}

// The properties of whole histories that are asked for, by name or by figure.
std::vector<std::string> properties_asked(const Scenario& scenario) {
  std::vector<std::string> names;
  for (const check::Property& property : check::properties()) {
    const auto metric = fmt::format("{}_violations", property.name);
    // Of the others the judge knows more than a history tells, or no workload shows them.
    if (std::ranges::find(check_table(), metric, &CheckInfo::metric) == check_table().end())
      continue;
    const auto names_metric = [&](const Expectation& e) { return e.metric == metric; };
    if (std::ranges::find(scenario.checks, property.name) != scenario.checks.end() ||
        std::ranges::any_of(scenario.expect, names_metric) ||
        std::ranges::any_of(scenario.must_happen, names_metric))
      names.emplace_back(property.name);
  }
  return names;
}

bool any_broken(const std::vector<Finding>& findings, Finding::Kind kind) {
  return std::ranges::any_of(findings, [&](const Finding& f) { return f.kind == kind && !f.held; });
}

}  // namespace

std::string build_name() {
#ifdef __clang__
  const std::string compiler =
      fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  const std::string compiler =
      fmt::format("gcc {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
  return fmt::format("revenant {} {} {}", REVENANT_VERSION, compiler, REVENANT_BUILD_TYPE);
}

RunReport run_scenario(const Scenario& as_written, uint64_t seed, const RunOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  const Scenario scenario = draw_swarm(as_written, seed);
  World world(scenario, seed, options.command);
  Judge::GcBefore gc_before = [&world](uint64_t key) { return world.gc_before(key); };
  const bool leaves_out =
      !scenario.replication.repair || !scenario.replication.repair->sends_purgeable;
  Judge judge(world.topology(), scenario.replication.write_timeout, scenario.replication.timestamps,
              leaves_out ? gc_before : nullptr);
  world.recorder().add(judge);
  ProgressCheck progress(Instant{} + scenario.progress_from);
  world.recorder().add(progress);
  std::optional<HistoryWriter> history;
  if (options.history != nullptr) world.recorder().add(history.emplace(*options.history));
  std::optional<RecordedHistory> recorded;
  if (auto properties = properties_asked(scenario); !properties.empty())
    world.recorder().add(recorded.emplace(std::move(properties)));
  for (Observer* observer : options.observers) world.recorder().add(*observer);
  world.recorder().watch(options.watched);
  if (options.log != nullptr) world.recorder().add(*options.log);
  if (options.break_at_event > 0) world.kernel().break_at_event(options.break_at_event);
  if (options.probe != nullptr) {
    world.kernel().keep_checkpoints(options.probe->checkpoint_interval);
    world.kernel().record_events(options.probe->record_first, options.probe->record_last);
  }
  if (options.trace != nullptr) {
    world.kernel().set_trace(options.trace);
    world.recorder().add(*options.trace);
  }

  Metrics metrics;
  TimeSeries series;
  bool started = false;
  world.run(
      [&](const Snapshot& s) {
        // The first sample is of the start.
        if (!std::exchange(started, true)) {
          if (options.trace != nullptr) {
            options.trace->run_starts(world.kernel().now(),
                                      static_cast<uint32_t>(scenario.cluster.nodes));
          }
          if (options.log != nullptr) options.log->plan(world.faults().windows());
          if (options.break_at) world.kernel().break_at(world.kernel().now() + *options.break_at);
        }
        series.add(s, world.recorder(), judge);
      },
      metrics);
  if (options.trace != nullptr) {
    for (const FaultWindow& w : world.faults().windows()) {
      options.trace->fault_window(w.kind, fmt::format("{}: {}", fmt::join(w.nodes, ","), w.detail),
                                  w.from, w.to);
    }
  }
  judge.end_hazards(Instant{} + scenario.duration + scenario.settle);
  judge.finish(gc_before);
  world.recorder().report(metrics, scenario.duration);
  judge.report(metrics);
  RunReport report;
  report.violations = judge.violations();
  progress.report(metrics, report.violations);
  series.report(metrics);
  std::vector<std::string> undecided;
  if (recorded) undecided = recorded->report(metrics, report.violations);

  if (options.probe != nullptr) {
    options.probe->checkpoints = world.kernel().checkpoints();
    options.probe->events = world.kernel().recorded_events();
    options.probe->fingerprint = world.fingerprint();
  }

  const Json resolved = to_json(scenario);
  report.findings = judge_promises(scenario, resolved, metrics);
  for (const std::string& limit : undecided)
    report.findings.push_back({Finding::Kind::kMustHappen, "decided", false, limit});
  report.resurrections = judge.resurrections();
  report.visible_returns = judge.visible_returns();
  report.nodes = world.nodes();
  report.faults = world.faults().windows();
  report.plan = world.faults().as_explicit();
  report.missed_faults = world.faults().missed();
  RunOutcome& outcome = report.outcome;
  outcome.seed = seed;
  outcome.fingerprint = world.fingerprint().hex();
  outcome.metrics = metrics.all();
  outcome.timeseries_csv = series.take();
  outcome.faults_json = faults_json(report.faults);
  outcome.scenario_json = resolved.dump(2);
  const bool violated = any_broken(report.findings, Finding::Kind::kCheck);
  const bool unexpected = any_broken(report.findings, Finding::Kind::kExpect);
  const bool vacuous = any_broken(report.findings, Finding::Kind::kMustHappen);
  outcome.exit_code = violated || unexpected ? 1 : vacuous ? 3 : 0;
  outcome.verdict = violated     ? "violated"
                    : unexpected ? "unexpected"
                    : vacuous    ? "vacuous"
                                 : "passed";
  outcome.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return report;
}

std::string to_text(const Scenario& scenario, const RunReport& report, const std::string& command) {
  const RunOutcome& outcome = report.outcome;
  std::string out =
      fmt::format("{}, seed {}: {} in {:.2f} s of wall time\n  {}\n\n", scenario.name, outcome.seed,
                  scenario.duration, outcome.wall_seconds, scenario.question);
  const auto unit_of = [](std::string_view name) {
    for (const MetricInfo& info : metric_table()) {
      if (info.name == name) return info.unit;
    }
    return std::string_view();
  };
  for (const auto& [name, value] : outcome.metrics) {
    // Ledgers by cause are in run.json; zeros say little here, promised figures are told below.
    if (name.starts_with("bytes_") || value == 0) continue;
    out += fmt::format("  {:<32} {:>14} {}\n", name, fmt::format("{:.6g}", value), unit_of(name));
  }
  if (!report.resurrections.empty()) {
    out += fmt::format("\nkeys that came back: {}\n", report.resurrections.size());
    constexpr size_t kShown = 10;
    for (size_t i = 0; i < std::min(kShown, report.resurrections.size()); ++i) {
      const Resurrection& r = report.resurrections[i];
      out +=
          fmt::format("  {}  deleted {}  purged by {} {}  returned {} from {}\n", key_name(r.key),
                      r.deleted, r.purged_by, r.purged, r.returned, fmt::join(r.from, ", "));
    }
    if (report.resurrections.size() > kShown)
      out += fmt::format("  and {} more (run.json, with --out)\n",
                         report.resurrections.size() - kShown);
  }
  out += '\n';
  for (const Finding& finding : report.findings) {
    constexpr std::string_view kKinds[] = {"check", "expect", "must_happen"};
    out += fmt::format("  {} {:<12} {}: {}\n", finding.held ? "ok  " : "FAIL",
                       kKinds[static_cast<size_t>(finding.kind)], finding.name, finding.detail);
    if (finding.held || finding.kind != Finding::Kind::kCheck) continue;
    for (const Violation& violation : report.violations) {
      if (violation.check == finding.name) out += fmt::format("         {}\n", violation.story);
    }
  }
  for (const std::string& missed : report.missed_faults)
    out += fmt::format("armed but never fired: {}\n", missed);
  out += fmt::format("\nfingerprint {}\nverdict     {}\n", outcome.fingerprint, outcome.verdict);
  if (outcome.verdict == "violated")
    out += fmt::format("draw        {} --html page.html\n", command);
  if (outcome.exit_code != 0) out += fmt::format("reproduce   {}\n", command);
  return out;
}

namespace {

nlohmann::ordered_json to_json(const NodeFigures& f) {
  auto ledger = nlohmann::ordered_json::object();
  for (const auto& [cause, row] : f.ledger) {
    ledger[to_string(cause)] = {{"file_bytes_written", row.file_bytes_written},
                                {"file_bytes_read", row.file_bytes_read},
                                {"device_bytes_written", row.device_bytes_written},
                                {"device_bytes_read", row.device_bytes_read}};
  }
  return {{"node", f.node.value},
          {"write_amplification", f.write_amplification},
          {"read_amplification", f.read_amplification},
          {"space_amplification", f.space_amplification},
          {"sstables_per_read", f.sstables_per_read},
          {"block_cache_hit_rate", f.block_cache_hit_rate},
          {"bloom_false_positive_rate", f.bloom_false_positive_rate},
          {"sstables", f.sstables},
          {"tombstones_live", f.tombstones_live},
          {"disk_bytes", f.disk_bytes},
          {"ledger", ledger}};
}

}  // namespace

nlohmann::ordered_json to_json(const RunReport& report, const std::string& command) {
  const RunOutcome& outcome = report.outcome;
  auto metrics = nlohmann::ordered_json::object();
  for (const auto& [name, value] : outcome.metrics) metrics[name] = value;
  auto nodes = nlohmann::ordered_json::array();
  for (const NodeFigures& figures : report.nodes) nodes.push_back(to_json(figures));
  auto findings = nlohmann::ordered_json::array();
  for (const Finding& finding : report.findings) {
    constexpr std::string_view kKinds[] = {"check", "expect", "must_happen"};
    findings.push_back({{"kind", kKinds[static_cast<size_t>(finding.kind)]},
                        {"name", finding.name},
                        {"held", finding.held},
                        {"detail", finding.detail}});
  }
  auto resurrections = nlohmann::ordered_json::array();
  for (const Resurrection& r : report.resurrections) {
    auto from = nlohmann::ordered_json::array();
    for (NodeId node : r.from) from.push_back(node.value);
    resurrections.push_back({{"key", key_name(r.key)},
                             {"deleted_s", r.deleted.in_seconds()},
                             {"purged_by", r.purged_by.value},
                             {"purged_s", r.purged.in_seconds()},
                             {"returned_s", r.returned.in_seconds()},
                             {"from", from}});
  }
  auto violations = nlohmann::ordered_json::array();
  for (const Violation& v : report.violations) {
    violations.push_back({{"check", v.check},
                          {"cause", v.cause},
                          {"key", v.key ? Json(key_name(*v.key)) : Json()},
                          {"at_s", v.at == Instant::never() ? Json() : Json(v.at.in_seconds())},
                          {"story", v.story}});
  }
  return {{"build", build_name()},
          {"command", command},
          {"seed", outcome.seed},
          {"fingerprint", outcome.fingerprint},
          {"verdict", outcome.verdict},
          {"exit_code", outcome.exit_code},
          {"metrics", metrics},
          {"nodes", nodes},
          {"findings", findings},
          {"resurrections", resurrections},
          {"violations", violations},
          {"scenario", nlohmann::ordered_json::parse(outcome.scenario_json)}};
}

namespace {

// Every 2^n-th of them, so that there are at most 1,000.
std::string checkpoints_json(const KernelProbe& probe) {
  size_t step = 1;
  while (probe.checkpoints.size() / step > 1000) step *= 2;
  auto fingerprints = nlohmann::ordered_json::array();
  for (size_t i = step; i <= probe.checkpoints.size(); i += step) {
    fingerprints.push_back(probe.checkpoints[i - 1].second.hex());
  }
  return nlohmann::ordered_json{{"interval", probe.checkpoint_interval * step},
                                {"fingerprints", fingerprints}}
      .dump(2);
}

}  // namespace

Result<void> write_run_directory(const std::string& directory, const RunReport& report,
                                 const KernelProbe& probe, const std::string& command) {
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  if (failed) return error(ErrorCode::kIo, "{}: {}", directory, failed.message());
  const std::filesystem::path root(directory);
  RETURN_IF_ERROR(write_whole(root / "run.json", to_json(report, command).dump(2) + "\n"));
  RETURN_IF_ERROR(write_whole(root / "timeseries.csv", report.outcome.timeseries_csv));
  RETURN_IF_ERROR(write_whole(root / "faults.json", report.outcome.faults_json + "\n"));
  RETURN_IF_ERROR(write_whole(root / "checkpoints.json", checkpoints_json(probe) + "\n"));
  return {};
}

}  // namespace revenant::sim
