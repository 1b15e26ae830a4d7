// Compares the settings of a sweep: means over seeds with intervals, and differences paired by
// seed.
//
//   by = replication.read                 x = storage.gc_grace, by = replication.read
//
//   ONE     mean, interval                1d   ONE   mean, interval
//   QUORUM  mean, interval; less ONE           ALL   mean, interval; less ONE at 1d
//   ALL     mean, interval; less ONE      10d  ONE   mean, interval
//                                              ALL   mean, interval; less ONE at 10d
//
// The unit is the seed. Swept paths that are neither x, by nor fixed by `where` are pooled: a
// seed's number is its mean over their values, so that n never counts one seed twice. A seed counts
// in a group only if the figure was measured in all its runs there; runs that crashed or are not
// made yet leave their seeds out, and are reported. A difference is between the seeds that count in
// both groups. Intervals are Student's, 95 %, each on its own: of twenty differences that do not
// exist, one excludes zero.
//
// Without metrics named, those are compared whose difference excludes zero somewhere (with one
// group, all).
#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/stats/estimate.h"
#include "engine/base/result.h"
#include "sim/experiment/results_store.h"

namespace revenant::sim {

struct CompareRequest {
  // Swept paths; at least one of the two.
  std::string x = {};
  std::string by = {};
  std::vector<std::string> metrics = {};
  // Path and value, as --set spells it.
  std::vector<std::pair<std::string, std::string>> where = {};
};

// One group's figure. Values are as the scenario gives them; null where x or by was not asked for.
struct ComparedGroup {
  nlohmann::json x, by;
  stats::MeanEstimate mean;
  // To the first group (of the same x, if x and by are given); nothing for that group itself.
  std::optional<stats::MeanEstimate> difference;
};

struct ComparedMetric {
  std::string name;
  std::vector<ComparedGroup> groups;  // in the plan's order, x before by
};

// Of all runs of a group, how many held every check and expectation. Runs that crashed did not.
struct ComparedVerdict {
  nlohmann::json x, by;
  stats::ShareEstimate held;
};

struct Comparison {
  SweepPlan plan;
  CompareRequest request;
  std::vector<std::string> pooled;             // paths
  int64_t planned = 0, made = 0, crashed = 0;  // runs of the groups compared
  std::vector<ComparedVerdict> verdicts;
  std::vector<ComparedMetric> metrics;
  int64_t metrics_left_out = 0;  // none named: those without a difference
};

// kInvalid for a path, value or metric that the results do not have, with the nearest one that they
// have.
Result<Comparison> compare(ResultsStore& results, const CompareRequest& request);

std::string to_text(const Comparison& comparison);
// What analysis/plots draws; a figure that is unknown is null. Its form: analysis/README.md.
nlohmann::ordered_json to_json(const Comparison& comparison);

enum class CompareFormat { kText, kJson };

// `revenant compare`: the exit code, 0 or 2.
int compare_file(const std::string& file, const CompareRequest& request, CompareFormat format,
                 std::ostream& out, std::ostream& err);

}  // namespace revenant::sim
