#include "sim/experiment/sweep.h"

#include <fmt/ostream.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <ostream>

#include "analysis/stats/estimate.h"
#include "engine/base/check.h"
#include "sim/experiment/interrupt.h"
#include "sim/experiment/progress_line.h"
#include "sim/experiment/results_store.h"
#include "sim/experiment/text_table.h"
#include "sim/experiment/worker_processes.h"

namespace revenant::sim {
namespace {

constexpr int kUsageError = 2;
constexpr Duration kProgressPeriod = milliseconds(500);
// How many failing runs are listed with the command that shows them again.
constexpr size_t kFailuresShown = 5;

class Sweep {
 public:
  Sweep(ResultsStore store, const RunOne& run, const SweepOptions& options, std::ostream& out,
        std::ostream& err)
      : store_(std::move(store)),
        plan_(store_.plan()),
        points_(plan_.points()),
        run_(run),
        options_(options),
        out_(out),
        err_(err) {}

  Result<int> run_all();

 private:
  const GridPoint& point_of(int64_t run) const {
    return points_[static_cast<size_t>(run_key(plan_, run).point)];
  }
  Result<void> store(const WorkerReport& report, ProgressLine& progress);
  Result<int> report(int64_t made_now);
  Result<std::string> table(const std::vector<StoredRun>& runs);

  ResultsStore store_;
  const SweepPlan& plan_;
  const std::vector<GridPoint> points_;
  const RunOne& run_;
  const SweepOptions& options_;
  std::ostream& out_;
  std::ostream& err_;
};

Result<int> Sweep::run_all() {
  ASSIGN_OR_RETURN(const auto done, store_.done_runs());
  std::vector<int64_t> jobs;
  for (int64_t run = 0; run < plan_.run_count(); ++run) {
    if (!done.contains(run)) jobs.push_back(run);
  }

  const Interrupt interrupt;
  WorkerProcesses workers(options_.workers > 0 ? options_.workers : processors());
  ProgressLine progress(err_, "runs", plan_.run_count(), static_cast<int64_t>(done.size()));
  int64_t made = 0;
  for (size_t next = 0; next < jobs.size() || !workers.idle();) {
    while (next < jobs.size() && workers.has_room() && interrupt.signal() == 0) {
      const int64_t job = jobs[next++];
      RETURN_IF_ERROR(workers.start(
          job, [&] { return to_json_line(run_(point_of(job), run_key(plan_, job).seed)); }));
    }
    progress.show();
    if (const auto report = workers.wait(kProgressPeriod, interrupt); report.has_value()) {
      RETURN_IF_ERROR(store(*report, progress));
      ++made;
    } else if (interrupt.signal() != 0) {
      store_.finish();
      progress.clear();
      fmt::print(
          err_,
          "interrupted: {} of {} runs are in {}; the same command with --resume makes the rest\n",
          static_cast<int64_t>(done.size()) + made, plan_.run_count(), options_.file);
      return 128 + interrupt.signal();
    }
  }
  progress.clear();
  store_.finish();
  return report(made);
}

Result<void> Sweep::store(const WorkerReport& report, ProgressLine& progress) {
  const RunKey key = run_key(plan_, report.job);
  std::string how = report.how;
  if (report.finished) {
    const auto outcome = parse_run_outcome(report.result);
    if (outcome.has_value() && outcome->seed == key.seed) {
      progress.count(outcome->exit_code);
      return store_.put(report.job, *outcome);
    }
    how = outcome.has_value() ? fmt::format("an outcome of seed {}", outcome->seed)
                              : outcome.error().message;
  }
  // An exit code of 0 without an outcome is a defect too.
  const int exit_code = report.finished ? 4 : report.exit_code;
  progress.count(exit_code);
  progress.clear();
  fmt::print(err_, "worker died: {}\n{}{}  {}\n", how, report.stderr_tail,
             report.stderr_tail.empty() || report.stderr_tail.ends_with('\n') ? "" : "\n",
             run_command(plan_, point_of(report.job), key.seed));
  return store_.put_crash(report.job, exit_code, how + "\n" + report.stderr_tail);
}

// The runs of each point: how they ended, and the figures asked for with their 95 % intervals.
Result<std::string> Sweep::table(const std::vector<StoredRun>& runs) {
  ASSIGN_OR_RETURN(const auto known, store_.metric_names());
  TextTable table;
  for (const auto& [path, values] : plan_.sweep) table.column(path, Align::kLeft);
  table.column("runs", Align::kRight);
  table.column("verdicts", Align::kLeft);
  std::vector<std::map<int64_t, double>> figures;
  for (const std::string& name : options_.metrics) {
    if (!std::ranges::binary_search(known, name)) continue;
    ASSIGN_OR_RETURN(auto values, store_.metric(name));
    figures.push_back(std::move(values));
    table.column(name, Align::kRight);
  }

  for (const GridPoint& point : points_) {
    std::vector<std::string> cells;
    for (const auto& [path, value] : point.assignments) cells.push_back(spell(value));
    int64_t count = 0;
    std::map<std::string, int64_t> verdicts;
    for (const StoredRun& run : runs) {
      if (run.key.point != point.index) continue;
      ++count;
      ++verdicts[run.crashed ? "crashed" : run.verdict];
    }
    cells.push_back(fmt::format("{}", count));
    std::string words;
    for (const auto& [verdict, n] : verdicts) {
      words += fmt::format("{}{} {}", words.empty() ? "" : ", ", n, verdict);
    }
    cells.push_back(words);
    for (const auto& values : figures) {
      std::vector<double> sample;
      for (const auto& [run, value] : values) {
        if (run_key(plan_, run).point == point.index) sample.push_back(value);
      }
      const auto mean = stats::estimate_mean(Eigen::Map<const Eigen::VectorXd>(
          sample.data(), static_cast<Eigen::Index>(sample.size())));
      const double half_width = (mean.interval.high - mean.interval.low) / 2;
      cells.push_back(std::isnan(half_width) ? figure_text(mean.mean)
                                             : fmt::format("{} ± {}", figure_text(mean.mean),
                                                           figure_text(half_width)));
    }
    table.row(std::move(cells));
  }
  return table.text();
}

Result<int> Sweep::report(int64_t made_now) {
  ASSIGN_OR_RETURN(const auto runs, store_.runs());
  ASSIGN_OR_RETURN(const std::string text, table(runs));
  fmt::print(out_, "{}\n{}\n\n{}\n", plan_.name, plan_.question, text);

  std::vector<int> codes;
  std::vector<const StoredRun*> failures;
  for (const StoredRun& run : runs) {
    codes.push_back(run.exit_code);
    if (run.exit_code != 0) failures.push_back(&run);
  }
  if (!failures.empty()) {
    fmt::print(out_, "{} of {} runs did not hold. To see {} again:\n", failures.size(), runs.size(),
               failures.size() == 1 ? "it" : "them");
    for (size_t i = 0; i < std::min(failures.size(), kFailuresShown); ++i) {
      fmt::print(out_, "  {}\n",
                 run_command(plan_, point_of(failures[i]->key.number), failures[i]->key.seed));
    }
    if (failures.size() > kFailuresShown) {
      fmt::print(out_, "  and {} more: SELECT * FROM runs WHERE exit_code <> 0\n",
                 failures.size() - kFailuresShown);
    }
    fmt::print(out_, "\n");
  }
  fmt::print(out_, "{} runs in {}", runs.size(), options_.file);
  if (made_now != static_cast<int64_t>(runs.size()))
    fmt::print(out_, ", {} of them made now", made_now);
  fmt::print(out_, "\n");
  if (!plan_.sweep.empty()) {
    fmt::print(out_, "compare: revenant compare {} --by {}\n", options_.file,
               plan_.sweep.front().first);
  }
  return worst_exit_code(codes);
}

}  // namespace

int worst_exit_code(const std::vector<int>& codes) {
  constexpr std::array<int, 5> kWorstFirst = {4, 2, 1, 3, 0};
  auto worst = kWorstFirst.end() - 1;
  for (int code : codes) {
    const auto at = std::ranges::find(kWorstFirst, code);
    worst = std::min(worst, at == kWorstFirst.end() ? kWorstFirst.begin() : at);
  }
  return *worst;
}

int sweep(const SweepPlan& plan, const RunOne& run, const SweepOptions& options, std::ostream& out,
          std::ostream& err) {
  auto store = options.resume == Resume::kYes ? ResultsStore::resume(options.file, plan)
                                              : ResultsStore::create(options.file, plan);
  if (!store.has_value()) {
    fmt::print(err, "revenant sweep: {}\n", store.error().message);
    return kUsageError;
  }
  const Result<int> code = Sweep(std::move(*store), run, options, out, err).run_all();
  if (code.has_value()) return *code;
  fmt::print(err, "revenant sweep: {}\n", code.error().message);
  return kUsageError;
}

}  // namespace revenant::sim
