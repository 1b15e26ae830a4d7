// What one run of a sweep leaves, and the one line of JSON that carries it from a worker process to
// its parent.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"

namespace revenant::sim {

struct RunOutcome {
  uint64_t seed = 0;
  std::string fingerprint;  // 32 hexadecimal digits
  std::string verdict;      // one word, as the run prints it
  int exit_code = 0;        // what `revenant run` would end with
  // In any order, names unique. A figure that is not a finite number was not measured in this run.
  std::vector<std::pair<std::string, double>> metrics;
  nlohmann::ordered_json settings = nlohmann::ordered_json::object();  // swept path -> value
  // The files of a run directory, as text; empty if there is none.
  std::string timeseries_csv;
  std::string faults_json;
  std::string scenario_json;  // as resolved
  double wall_seconds = 0;    // on the host: the one field that differs between repeats
};

// One line without its line break. Figures keep every bit; a not finite one becomes null, and NaN
// when parsed.
std::string to_json_line(const RunOutcome& outcome);
Result<RunOutcome> parse_run_outcome(std::string_view line);

}  // namespace revenant::sim
