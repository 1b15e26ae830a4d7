// Verbs of the scenario tests: a small scenario with something in it, parsed with a few known
// names.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "sim/check/checks.h"
#include "sim/record/metrics.h"
#include "sim/scenario/load.h"
#include "sim/scenario/resolved.h"

namespace revenant::sim {

inline KnownNames known() {
  static const std::vector<std::string> metrics = metric_names(), checks = check_names();
  return {metrics, checks};
}

inline ScenarioOrErrors parse(std::string_view text, const std::vector<std::string>& sets = {}) {
  std::vector<Assignment> assignments;
  for (const std::string& set : sets) assignments.push_back(parse_assignment(set).value());
  return parse_scenario(text, "s.json", known(), assignments);
}

// A scenario named s that lasts an hour; `fields` begins on line 2.
inline std::string scenario_with(std::string_view fields) {
  return "{ \"name\": \"s\", \"duration\": \"1h\",\n" + std::string(fields) + "\n}";
}

inline Scenario must_parse(std::string_view text, const std::vector<std::string>& sets = {}) {
  auto scenario = parse(text, sets);
  if (!scenario) {
    ADD_FAILURE() << to_string(scenario.error()) << text;
    return {};
  }
  return *std::move(scenario);
}

// Every error as it is printed, one a line; empty if it parses.
inline std::string errors_of(std::string_view text, const std::vector<std::string>& sets = {}) {
  const auto scenario = parse(text, sets);
  return scenario ? "" : to_string(scenario.error());
}

inline const std::vector<std::string> kShipped = {"clock_steps",
                                                  "compaction_comparison",
                                                  "cut_until_gc_grace",
                                                  "hinted_handoff",
                                                  "lagging_replica",
                                                  "lagging_replica_repaired",
                                                  "manifest_power_loss",
                                                  "partition",
                                                  "power_loss",
                                                  "quickstart",
                                                  "quorum_overlap",
                                                  "returning_replica",
                                                  "swarm",
                                                  "zone_loss"};

inline std::string file_text(const std::string& path) {
  std::ifstream in(REVENANT_SOURCE_DIR "/" + path);
  EXPECT_TRUE(in.good()) << path;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}
inline std::string shipped(const std::string& name) {
  return file_text("scenarios/" + name + ".json");
}

// The example of the design document, with every kind of entry in it.
inline constexpr const char* kExample = R"({
  "$schema": "schema.json",
  "name": "lagging_replica",
  "question": "A replica misses a delete and nobody repairs it. Does the key return once the tombstone is purged?",
  "duration": "12d",
  "cluster":     { "nodes": 5, "replication_factor": 3, "vnodes": 16 },
  "storage":     { "memtable_size": "1MiB", "gc_grace": "10d", "wal": { "sync": "always" },
                   "compaction": { "strategy": "size_tiered", "min_threshold": 4 } },
  "replication": { "write": "QUORUM", "read": "QUORUM", "read_repair": "off",
                   "hinted_handoff": { "window": "3h" }, "repair": "off" },
  "disk":        { "profile": "nvme_enterprise" },
  "network":     { "profile": "same_az" },
  "preload":     { "keys": 2000, "value_size": "100B" },
  "workload":    [ { "name": "deletes", "from": "4h", "to": "5h", "rate": "1/s", "mix": { "delete": 1 } },
                   { "name": "readers", "from": "11d", "rate": "0.5/s", "popularity": "uniform", "mix": { "read": 1 } } ],
  "faults":      [ { "at": "30m", "for": "5d", "crash": { "node": 2 } } ],
  "operations":  [ { "every": "12h", "compact": "all" } ],
  "must_happen": { "keys_at_risk": { "min": 20 },
                   "tombstones_purged": { "min": 100, "when": { "storage.gc_grace": [ "1d", "10d" ] } } },
  "expect":      { "resurrected_keys": [ { "min": 1, "when": { "storage.gc_grace": [ "1d", "10d" ] } },
                                         { "max": 0, "when": { "storage.gc_grace": "20d" } } ] },
  "sweep":       { "storage.gc_grace": [ "1d", "10d", "20d" ], "seed": "1..20" }
})";

}  // namespace revenant::sim
