#include "sim/experiment/atlas.h"

#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include "engine/base/check.h"
#include "sim/experiment/interrupt.h"
#include "sim/experiment/progress_line.h"
#include "sim/experiment/return_trace.h"
#include "sim/experiment/run.h"
#include "sim/experiment/shell_words.h"
#include "sim/experiment/text_table.h"
#include "sim/experiment/worker_processes.h"
#include "sim/scenario/spelling.h"

namespace revenant::sim {
namespace {

constexpr Duration kLook = milliseconds(500);
constexpr size_t kSeedsShown = 3;  // of an entry that does not hold

// What one run showed; a line of JSON from a worker to its parent.
struct Shown {
  int exit_code = 0;
  double seen = 0, at_end = 0;  // keys: deleted and read, deleted and still winning at the end
  std::string cause;            // of the first key seen; none was: empty
  std::map<std::string, double> cost;
};

double figure(const RunReport& report, std::string_view name) {
  const auto& all = report.outcome.metrics;
  const auto found = std::ranges::find(all, name, [](const auto& m) { return m.first; });
  return found == all.end() ? 0 : found->second;
}

Shown show(const Scenario& scenario, uint64_t seed, const std::string& command) {
  const RunReport report = run_scenario(scenario, seed, {.command = command});
  Shown shown{.exit_code = report.outcome.exit_code,
              .seen = figure(report, "deleted_keys_seen"),
              .at_end = figure(report, "resurrected_at_end"),
              .cause = {},
              .cost = {}};
  for (const std::string& metric : scenario.atlas->cost)
    shown.cost[metric] = figure(report, metric);
  if (report.visible_returns.empty()) return shown;
  const VisibleReturn& first = report.visible_returns.front();
  ReturnTrace trace({first.key});
  RunOptions again{.command = command};
  again.observers = {&trace};
  const RunReport same = run_scenario(scenario, seed, again);
  CHECK(same.outcome.fingerprint == report.outcome.fingerprint,
        "{}: seed {} ran otherwise when "
        "it was watched",
        scenario.name, seed);
  shown.cause = enum_name(trace.cause(first));
  return shown;
}

std::string to_json_line(const Shown& shown) {
  return nlohmann::json{{"exit_code", shown.exit_code},
                        {"seen", shown.seen},
                        {"at_end", shown.at_end},
                        {"cause", shown.cause},
                        {"cost", shown.cost}}
      .dump();
}

Shown parse_shown(const std::string& line) {
  const auto json = nlohmann::json::parse(line);
  return {json["exit_code"], json["seen"], json["at_end"], json["cause"], json["cost"]};
}

// One side of an entry: what its runs showed.
struct Side {
  int64_t seen = 0;  // seeds in which deleted data was
  std::map<std::string, int64_t> causes;
  std::map<std::string, double> cost;  // sums
  std::vector<uint64_t> wrong;         // seeds that did not show what they should
};

class Atlas {
 public:
  Atlas(const std::vector<AtlasEntry>& entries, const AtlasRunOptions& options, std::ostream& out,
        std::ostream& err)
      : entries_(entries), options_(options), out_(out), err_(err), sides_(entries.size() * 2) {}

  int run() {
    if (const int stopped = run_all(); stopped != 0) return stopped;
    fmt::print(out_, "{}", options_.table == AtlasTable::kText ? text() : markdown());
    return told_wrong() ? 1 : 0;
  }

 private:
  // Jobs are numbered entry by entry, without the guard first, seed by seed.
  struct Job {
    size_t entry;
    bool guarded;
    uint64_t seed;
  };
  Job job(int64_t number) const {
    const auto seeds = std::ssize(options_.seeds);
    return {static_cast<size_t>(number / seeds / 2), number / seeds % 2 == 1,
            options_.seeds[static_cast<size_t>(number % seeds)]};
  }

  int run_all() {
    const Interrupt interrupt;
    WorkerProcesses workers(options_.workers > 0 ? options_.workers : processors());
    const int64_t jobs = std::ssize(entries_) * 2 * std::ssize(options_.seeds);
    ProgressLine progress(err_, "atlas", jobs, 0);
    for (int64_t next = 0; next < jobs || !workers.idle();) {
      while (next < jobs && workers.has_room()) {
        const Job now = job(next);
        const auto started = workers.start(next++, [&] {
          const AtlasEntry& entry = entries_[now.entry];
          return to_json_line(
              show(now.guarded ? entry.guarded : entry.unguarded, now.seed, command(now)));
        });
        if (!started) {
          fmt::print(err_, "revenant atlas: {}\n", started.error().message);
          return 2;
        }
      }
      progress.show();
      const auto report = workers.wait(kLook, interrupt);
      if (!report) {
        if (interrupt.signal() != 0) return 130;
        continue;
      }
      const Job done = job(report->job);
      if (!report->finished) {
        progress.clear();
        fmt::print(err_, "{}\n{}: {}\n", report->stderr_tail, command(done), report->how);
        return 4;
      }
      progress.count(take(done, parse_shown(report->result)) ? 0 : 1);
    }
    progress.clear();
    for (Side& side : sides_) std::ranges::sort(side.wrong);
    return 0;
  }

  bool take(const Job& job, const Shown& shown) {
    Side& side = sides_[job.entry * 2 + (job.guarded ? 1 : 0)];
    const bool seen = shown.seen > 0;
    side.seen += seen ? 1 : 0;
    if (seen) ++side.causes[shown.cause];
    for (const auto& [metric, value] : shown.cost) side.cost[metric] += value;
    const std::string_view named = enum_name(entries_[job.entry].about().returns_by);
    const bool vacuous = shown.exit_code == 3;
    const bool right = job.guarded ? !seen && shown.at_end == 0 && shown.exit_code == 0
                                   : seen && shown.cause == named && !vacuous;
    if (!right) side.wrong.push_back(job.seed);
    return right;
  }

  std::string command(const Job& job) const {
    const AtlasEntry& entry = entries_[job.entry];
    std::vector<std::string> words{"revenant", "run", entry.path, "--seed",
                                   fmt::format("{}", job.seed)};
    if (!job.guarded) {
      for (const std::string& set : entry.about().without_guard) {
        words.emplace_back("--set");
        words.push_back(set);
      }
    }
    return shell_words(words);
  }

  struct Row {
    std::string mechanism, title, guard, without, with, cause, cost;
  };
  Row row(size_t entry) const {
    const AtlasOptions& about = entries_[entry].about();
    const Side &off = sides_[entry * 2], &on = sides_[entry * 2 + 1];
    const auto seeds = options_.seeds.size();
    std::vector<std::string> causes, costs;
    for (const auto& [cause, count] : off.causes) causes.push_back(cause);
    for (const std::string& metric : about.cost) {
      const auto mean = [&](const Side& side) {
        return figure_text(side.cost.at(metric) / static_cast<double>(seeds));
      };
      costs.push_back(fmt::format("{} {} > {}", metric, mean(off), mean(on)));
    }
    return {about.mechanism,
            about.title,
            about.guard,
            fmt::format("{} of {}", off.seen, seeds),
            fmt::format("{} of {}", on.seen, seeds),
            fmt::format("{}", fmt::join(causes, ", ")),
            fmt::format("{}", fmt::join(costs, ", "))};
  }

  std::string text() const {
    TextTable table;
    table.column("", Align::kLeft);
    table.column("deleted data comes back because", Align::kLeft);
    table.column("seen without the guard", Align::kRight);
    table.column("with it", Align::kRight);
    table.column("by", Align::kLeft);
    table.column("cost of the guard", Align::kLeft);
    for (size_t i = 0; i < entries_.size(); ++i) {
      const Row r = row(i);
      table.row({r.mechanism, r.title, r.without, r.with, r.cause, r.cost});
    }
    return table.text() + '\n';
  }

  std::string markdown() const {
    std::string out =
        "| | Deleted data comes back because | by | without the guard | with it | the guard | its "
        "cost |\n|---|---|---|---|---|---|---|\n";
    for (size_t i = 0; i < entries_.size(); ++i) {
      const Row r = row(i);
      out += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", r.mechanism, r.title, r.cause,
                         r.without, r.with, r.guard, r.cost);
    }
    return out;
  }

  bool told_wrong() const {
    bool any = false;
    for (size_t i = 0; i < sides_.size(); ++i) {
      const Side& side = sides_[i];
      if (side.wrong.empty()) continue;
      any = true;
      const bool guarded = i % 2 == 1;
      fmt::print(out_, "{} does not hold {} its guard, with {} of {} seeds:\n",
                 entries_[i / 2].about().mechanism, guarded ? "with" : "without", side.wrong.size(),
                 options_.seeds.size());
      for (size_t shown = 0; shown < std::min(kSeedsShown, side.wrong.size()); ++shown)
        fmt::print(out_, "  {}\n", command({i / 2, guarded, side.wrong[shown]}));
    }
    if (!any) {
      fmt::print(out_, "{} mechanisms hold, each with {} seeds\n", entries_.size(),
                 options_.seeds.size());
    }
    return any;
  }

  const std::vector<AtlasEntry>& entries_;
  const AtlasRunOptions& options_;
  std::ostream& out_;
  std::ostream& err_;
  std::vector<Side> sides_;  // of each entry: without its guard, then with it
};

}  // namespace

int atlas(const std::vector<AtlasEntry>& entries, const AtlasRunOptions& options, std::ostream& out,
          std::ostream& err) {
  return Atlas(entries, options, out, err).run();
}

}  // namespace revenant::sim
