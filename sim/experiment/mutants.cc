#include "sim/experiment/mutants.h"

#include <fmt/ostream.h>

#include <algorithm>
#include <map>
#include <ostream>

#include "sim/experiment/interrupt.h"
#include "sim/experiment/progress_line.h"
#include "sim/experiment/text_table.h"
#include "sim/experiment/worker_processes.h"

namespace revenant::sim {
namespace {

constexpr Duration kPeriod = milliseconds(500);
constexpr double kShareWanted = 0.95;

// The seeds that caught one defect, each with its signature; nothing after Ctrl-C.
using Catches = std::map<uint64_t, std::string>;

Result<std::optional<Catches>> hunt_one(Defect defect, const RunMutant& run,
                                        const MutantsOptions& options, std::ostream& err) {
  const Interrupt interrupt;
  WorkerProcesses workers(options.workers > 0 ? options.workers : processors());
  ProgressLine progress(err, fmt::format("seeds: {}", enum_name(defect)), options.seeds_max, 0);
  Catches catches;
  const auto more = [&](int64_t next) {
    return next <= options.seeds_max && std::ssize(catches) < options.catches;
  };
  for (int64_t next = 1; more(next) || !workers.idle();) {
    while (more(next) && workers.has_room()) {
      const auto seed = static_cast<uint64_t>(next++);
      RETURN_IF_ERROR(workers.start(static_cast<int64_t>(seed), [&] {
        const HuntedRun result = run(defect, seed);
        return result.failure ? result.failure->signature.check : std::string();
      }));
    }
    progress.show();
    const auto report = workers.wait(kPeriod, interrupt);
    if (!report) {
      if (interrupt.signal() != 0) return std::nullopt;
      continue;
    }
    const std::string check =
        report->finished ? report->result : symptom_of_death(*report).signature.check;
    progress.count(check.empty() ? 0 : 1);
    if (!check.empty()) catches[static_cast<uint64_t>(report->job)] = check;
  }
  progress.clear();
  // Those beyond the last that was needed depend on how many workers there were.
  while (std::ssize(catches) > options.catches) catches.erase(std::prev(catches.end()));
  return catches;
}

std::string median_gap(const Catches& catches) {
  std::vector<uint64_t> gaps;
  uint64_t last = 0;
  for (const auto& [seed, check] : catches) gaps.push_back(seed - std::exchange(last, seed));
  std::ranges::sort(gaps);
  return gaps.empty() ? "-" : fmt::format("{}", gaps[gaps.size() / 2]);
}

std::string checks_of(const Catches& catches) {
  std::map<std::string, int64_t> counts;
  for (const auto& [seed, check] : catches) ++counts[check];
  std::string text;
  for (const auto& [check, count] : counts) text += (text.empty() ? "" : ", ") + check;
  return text.empty() ? "-" : text;
}

}  // namespace

int mutants(const RunMutant& run, const MutantsOptions& options, std::ostream& out,
            std::ostream& err) {
  TextTable table;
  table.column("defect", Align::kLeft);
  table.column("caught", Align::kLeft);
  table.column("by", Align::kLeft);
  table.column("median seeds", Align::kRight);
  int64_t caught = 0;
  for (const Defect defect : options.defects) {
    const auto catches = hunt_one(defect, run, options, err);
    if (!catches) {
      fmt::print(err, "revenant mutants: {}\n", catches.error().message);
      return 2;
    }
    if (!*catches) return 130;
    const bool any = !(*catches)->empty();
    caught += any ? 1 : 0;
    table.row({std::string(enum_name(defect)), any ? "yes" : "no", checks_of(**catches),
               median_gap(**catches)});
  }
  const auto all = std::ssize(options.defects);
  fmt::print(out, "{}\n{} of {} defects caught within {} seeds\n", table.text(), caught, all,
             options.seeds_max);
  return static_cast<double>(caught) >= kShareWanted * static_cast<double>(all) ? 0 : 1;
}

}  // namespace revenant::sim
