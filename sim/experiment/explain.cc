#include "sim/experiment/explain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sim/experiment/lineage.h"
#include "sim/record/key.h"

namespace revenant::sim {
namespace {

std::optional<uint64_t> key_to_explain(const RunReport& report) {
  if (!report.resurrections.empty()) return report.resurrections.front().key;
  if (!report.violations.empty()) return report.violations.front().key;
  return std::nullopt;
}

}  // namespace

std::optional<Explanation> explain(const Scenario& scenario, uint64_t seed,
                                   std::optional<uint64_t> key, const std::string& command) {
  if (!key) key = key_to_explain(run_scenario(scenario, seed, {.command = command}));
  if (!key) return std::nullopt;

  Lineage lineage({*key});
  RunOptions options{.command = command};
  options.observers = {&lineage};
  options.watched = {*key};
  RunReport report = run_scenario(scenario, seed, options);
  for (const Resurrection& r : report.resurrections) {
    lineage.remark(
        r.key, r.returned,
        fmt::format("it came BACK: the delete acknowledged at {} was purged by {} at {}, "
                    "and {} answered with what it had deleted",
                    r.deleted, r.purged_by, r.purged, fmt::join(r.from, ", ")));
  }
  for (const Violation& v : report.violations) {
    const Instant end = Instant{} + scenario.duration + scenario.settle;
    if (v.key == *key)
      lineage.remark(*key, std::min(v.at, end), fmt::format("{}: {}", v.check, v.story));
  }
  std::string text = fmt::format("{}, seed {}: ", scenario.name, seed);
  text += lineage.story(*key, report.faults);
  text += fmt::format("\nfingerprint {}\n", report.outcome.fingerprint);
  return Explanation{std::move(text), std::move(report)};
}

}  // namespace revenant::sim
