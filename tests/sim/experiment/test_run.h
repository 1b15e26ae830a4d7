// Runs of a small cluster under a scenario that a test changes, and their figures.
#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "sim/check/checks.h"
#include "sim/experiment/run.h"
#include "sim/record/metrics.h"
#include "sim/scenario/load.h"

namespace revenant::sim {

// Three nodes with every key on each, a second of readers and writers, then time to settle.
inline constexpr const char* kBase = R"({
  "name": "small", "question": "Does it hold?", "duration": "4s", "settle": "30s",
  "cluster": { "nodes": 3, "replication_factor": 3, "vnodes": 4 },
  "storage": { "memtable_size": "64KiB", "wal": { "sync": "always" } },
  "replication": { "write": "QUORUM", "read": "QUORUM", "write_timeout": "200ms", "read_timeout": "200ms",
                   "heartbeat": "100ms", "failure_detection": "500ms", "hinted_handoff": { "replay_period": "1s" } },
  "disk": { "profile": "nvme_enterprise" }, "network": { "profile": "same_az" },
  "preload": { "keys": 200 },
  "workload": [ { "name": "w", "rate": "500/s", "clients": 4, "mix": { "read": 2, "update": 1, "insert": 0.5, "delete": 0.5 } } ]
})";

class TestRun {
 public:
  // `patch` (RFC 7396) is laid over kBase.
  explicit TestRun(const std::string& patch = "{}", uint64_t seed = 1,
                   const std::vector<Observer*>& observers = {}) {
    Json scenario = Json::parse(kBase);
    scenario.merge_patch(Json::parse(patch));
    const std::vector<std::string> metrics = metric_names(), checks = check_names();
    auto parsed = parse_scenario(scenario.dump(2), "test", {metrics, checks});
    if (!parsed) {
      ADD_FAILURE() << to_string(parsed.error());
      return;
    }
    report = run_scenario(*parsed, seed,
                          {.command = "test", .history = &history, .observers = observers});
  }
  double operator[](std::string_view metric) const {
    for (const auto& [name, value] : report.outcome.metrics) {
      if (name == metric) return value;
    }
    return 0;
  }
  // What clients did, in the order of completion: the history without its preload.
  std::vector<Json> operations() const {
    std::vector<Json> operations;
    std::istringstream lines(history.str());
    for (std::string line; std::getline(lines, line);) {
      Json operation = Json::parse(line);
      if (operation.contains("workload")) operations.push_back(std::move(operation));
    }
    return operations;
  }
  RunReport report;
  std::ostringstream history;
};

}  // namespace revenant::sim
