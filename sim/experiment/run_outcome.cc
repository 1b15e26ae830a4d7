#include "sim/experiment/run_outcome.h"

#include <limits>

namespace revenant::sim {

using Json = nlohmann::ordered_json;

std::string to_json_line(const RunOutcome& outcome) {
  Json metrics = Json::object();
  for (const auto& [name, value] : outcome.metrics) metrics[name] = value;
  const Json line = {
      {"seed", outcome.seed},
      {"fingerprint", outcome.fingerprint},
      {"verdict", outcome.verdict},
      {"exit_code", outcome.exit_code},
      {"metrics", std::move(metrics)},
      {"settings", outcome.settings},
      {"timeseries_csv", outcome.timeseries_csv},
      {"faults_json", outcome.faults_json},
      {"scenario_json", outcome.scenario_json},
      {"wall_seconds", outcome.wall_seconds},
  };
  // Keys are bytes: what of them reaches a text need not be UTF-8, and must not end the run.
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<RunOutcome> parse_run_outcome(std::string_view line) {
  try {
    const Json json = Json::parse(line);
    RunOutcome outcome;
    json.at("seed").get_to(outcome.seed);
    json.at("fingerprint").get_to(outcome.fingerprint);
    json.at("verdict").get_to(outcome.verdict);
    json.at("exit_code").get_to(outcome.exit_code);
    for (const auto& [name, value] : json.at("metrics").items()) {
      outcome.metrics.emplace_back(
          name, value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>());
    }
    outcome.settings = json.at("settings");
    json.at("timeseries_csv").get_to(outcome.timeseries_csv);
    json.at("faults_json").get_to(outcome.faults_json);
    json.at("scenario_json").get_to(outcome.scenario_json);
    json.at("wall_seconds").get_to(outcome.wall_seconds);
    return outcome;
  } catch (const Json::exception& e) {
    return error(ErrorCode::kCorruption, "not the outcome of a run: {}", e.what());
  }
}

}  // namespace revenant::sim
