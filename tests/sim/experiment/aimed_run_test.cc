// Aimed faults in whole runs: each event of the engine reaches the plan, each selector chooses whom
// one would choose by hand, and the explicit plan that is left takes the same course.
#include <gtest/gtest.h>

#include <sstream>

#include "sim/experiment/run.h"
#include "tests/sim/scenario/fixture.h"

namespace revenant::sim {
namespace {

// Three nodes with every key on each. Node 1 is away for a second and misses what happens then.
constexpr const char* kAimedBase = R"({
  "name": "aimed", "duration": "6s", "settle": "2s",
  "cluster": { "nodes": 3, "replication_factor": 3, "vnodes": 4 },
  "storage": { "memtable_size": "8KiB", "compaction": { "strategy": "leveled" } },
  "replication": { "read_repair": "off", "write_timeout": "200ms", "read_timeout": "200ms",
                   "heartbeat": "100ms", "failure_detection": "500ms",
                   "hinted_handoff": { "replay_period": "100ms" } },
  "preload": { "keys": 200 },
  "workload": [ { "name": "w", "rate": "300/s", "clients": 4,
                  "mix": { "read": 1, "update": 2, "delete": 1 } } ],
  "operations": [ { "at": "4s", "repair": 2 } ],
  "faults": [ { "at": "1s", "for": "1s", "crash": { "node": 1 } } ]
})";

Scenario scenario_of(const std::string& patch, const std::string& fault) {
  Json text = Json::parse(kAimedBase);
  text.merge_patch(Json::parse(patch));
  text["faults"].push_back(Json::parse(fault));
  return must_parse(text.dump());
}

struct Ran {
  explicit Ran(const Scenario& scenario)
      : report(run_scenario(scenario, 1, {.command = "test", .history = &history})) {}
  // Whom the aimed fault met; nobody if it never began.
  std::vector<NodeId> met() const {
    return report.faults.size() < 2 ? std::vector<NodeId>{} : report.faults.back().nodes;
  }
  std::ostringstream history;
  RunReport report;
};

std::vector<NodeId> met(const std::string& patch, const std::string& fault) {
  const Scenario scenario = scenario_of(patch, fault);
  const Ran run(scenario);
  Scenario fixed = scenario;
  fixed.faults = run.report.plan;
  const Ran again(fixed);
  EXPECT_EQ(again.history.str(), run.history.str());
  EXPECT_EQ(again.met(), run.met());
  return run.met();
}
using Nodes = std::vector<NodeId>;

TEST(AimedRun, TheCoordinatorOfAllWritesHasMostPendingHints) {
  const std::string pause =
      R"({ "at": "1900ms", "for": "300ms", "pause": { "node": "most_pending_hints" } })";
  for (const uint32_t coordinator : {0, 2}) {
    Json patch;
    patch["workload"] = Json::parse(kAimedBase)["workload"];
    patch["workload"][0]["coordinators"] = coordinator;
    EXPECT_EQ(met(patch.dump(), pause), (Nodes{{coordinator}}));
  }
  EXPECT_EQ(met(R"({ "replication": { "hinted_handoff": "off" } })", pause), Nodes{});
}

TEST(AimedRun, TheReplicaThatWasAwayMissesMostTombstones) {
  const std::string patch = R"({ "replication": { "hinted_handoff": "off" } })";
  const std::string cut =
      R"({ "at": "2500ms", "for": "300ms", "isolate": { "node": "most_missing_tombstones" } })";
  EXPECT_EQ(met(patch, cut), (Nodes{{1}}));
}

TEST(AimedRun, TheNodeThatFlushesMostHasMostSstables) {
  const std::string patch = R"({
    "storage": { "memtable_size": "4MiB",
                 "compaction": { "strategy": "size_tiered", "min_threshold": 30, "max_threshold": 32 } },
    "operations": [ { "every": "500ms", "flush": 2 } ] })";
  EXPECT_EQ(met(patch, R"({ "at": "3s", "for": "300ms", "pause": { "node": "most_sstables" } })"),
            (Nodes{{2}}));
}

TEST(AimedRun, EventsHappenWhereTheWorkIsDone) {
  const auto at_event = [](const std::string& when, const std::string& patch = "{}") {
    return met(patch,
               R"({ "for": "20ms", "lag": { "node": "event_node", "messages": "1ms" }, "when": )" +
                   when + " }");
  };
  for (const char* event :
       {"flush_begins", "flush_installs", "flush_ends", "compaction_begins", "compaction_installs",
        "compaction_ends", "manifest_switches", "recovery_begins", "recovery_ends"}) {
    EXPECT_EQ(at_event(fmt::format(R"({{ "event": "{}", "node": 1 }})", event)), (Nodes{{1}}))
        << event;
  }
  EXPECT_EQ(at_event(R"({ "event": "compaction_installs", "level": 1, "node": 2 })"), (Nodes{{2}}));
  EXPECT_EQ(at_event(R"({ "event": "compaction_installs", "level": 6 })"), Nodes{});
  EXPECT_EQ(at_event(R"({ "event": "repair_begins" })"), (Nodes{{2}}));
  EXPECT_EQ(at_event(R"({ "event": "repair_ends" })"), (Nodes{{2}}));
  EXPECT_EQ(at_event(R"({ "event": "delete_acknowledged", "node": 2 })"), (Nodes{{2}}));
  EXPECT_EQ(at_event(R"({ "event": "tombstone_purged", "node": 0 })",
                     R"({ "storage": { "gc_grace": "0s" } })"),
            (Nodes{{0}}));
}

TEST(AimedRun, AHintIsForTheReplicaThatWasAway) {
  for (const char* event : {"hint_stored", "hint_delivered"}) {
    EXPECT_EQ(met("{}", fmt::format(R"({{ "when": {{ "event": "{}" }}, "for": "20ms",
                                          "lag": {{ "node": "event_peer", "disk": "1ms" }} }})",
                                    event)),
              (Nodes{{1}}))
        << event;
  }
}

TEST(AimedRun, AnArmedFaultThatWaitsInVainChangesNothing) {
  const Scenario without = must_parse(kAimedBase);
  const Scenario with = scenario_of("{}", R"({ "when": { "event": "flush_ends", "nth": 1000000 },
                                               "crash": { "node": "event_node" } })");
  const Ran a(without), b(with);
  EXPECT_EQ(a.report.outcome.fingerprint, b.report.outcome.fingerprint);
  EXPECT_EQ(b.report.missed_faults.size(), 1u);
}

}  // namespace
}  // namespace revenant::sim
