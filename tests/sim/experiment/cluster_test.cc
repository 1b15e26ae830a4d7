// The whole stack on small clusters: what replication promises, each with the fault that tests it.
// Every test also asserts that what it is about happened.
#include <gtest/gtest.h>

#include <string>

#include "tests/sim/experiment/test_run.h"

namespace revenant::sim {
namespace {

TEST(ClusterTest, WithoutFaultsEveryOperationSucceedsAndReplicasAgree) {
  const TestRun run;
  EXPECT_GT(run["operations_ok"], 1800);
  EXPECT_EQ(run["operations_failed"] + run["operations_unknown"], 0);
  EXPECT_EQ(run["stale_reads"], 0);
  EXPECT_EQ(run["diverged_keys"], 0);
  EXPECT_EQ(run["lost_acknowledged_writes"], 0);
  EXPECT_GT(run["flushes"], 0);
}

TEST(ClusterTest, ARunIsAFunctionOfScenarioAndSeed) {
  const TestRun a("{}", 1), b("{}", 1), c("{}", 2);
  EXPECT_EQ(a.report.outcome.fingerprint, b.report.outcome.fingerprint);
  EXPECT_EQ(a.history.str(), b.history.str());
  EXPECT_EQ(a.report.outcome.metrics, b.report.outcome.metrics);
  EXPECT_NE(a.report.outcome.fingerprint, c.report.outcome.fingerprint);
}

TEST(ClusterTest, WatchingARunDoesNotChangeIt) {
  const std::vector<std::string> metrics = metric_names(), checks = check_names();
  const auto scenario = parse_scenario(kBase, "test", {metrics, checks});
  ASSERT_TRUE(scenario.has_value());
  const RunReport unwatched = run_scenario(*scenario, 1, {.command = "test", .history = nullptr});
  EXPECT_EQ(unwatched.outcome.fingerprint, TestRun().report.outcome.fingerprint);
  Scenario sampled = *scenario;
  sampled.sample_every = milliseconds(7);
  EXPECT_EQ(run_scenario(sampled, 1, {.command = "test", .history = nullptr}).outcome.fingerprint,
            unwatched.outcome.fingerprint);
}

TEST(ClusterTest, HintsBringAReplicaThatWasDownUpToDate) {
  const TestRun run(R"({ "faults": [ { "at": "1s", "for": "2s", "crash": { "node": 1 } } ],
                     "replication": { "read_repair": "off" } })");
  EXPECT_EQ(run["crashes"], 1);
  EXPECT_GT(run["hints_written"], 50);
  EXPECT_EQ(run["hints_delivered"], run["hints_written"]);
  EXPECT_EQ(run["diverged_keys"], 0);
  EXPECT_EQ(run["stale_reads"], 0);
}

TEST(ClusterTest, WithoutHintsAndRepairsTheReplicaStaysBehind) {
  const TestRun run(R"({ "faults": [ { "at": "1s", "for": "2s", "crash": { "node": 1 } } ],
                     "replication": { "read_repair": "off", "hinted_handoff": "off" } })");
  EXPECT_EQ(run["hints_written"], 0);
  EXPECT_GT(run["diverged_keys"], 20);
  EXPECT_EQ(run["stale_reads"], 0) << "quorums overlap all the same";
}

TEST(ClusterTest, HintsAreNotWrittenBeyondTheirSize) {
  const TestRun run(R"({ "faults": [ { "at": "1s", "for": "2s", "crash": { "node": 1 } } ],
                     "replication": { "hinted_handoff": { "max_size_per_host": "100B" },
                                      "read_repair": "off" } })");
  EXPECT_GT(run["hints_written"], 0);
  EXPECT_GT(run["hints_beyond_size"], 0);
  EXPECT_GT(run["diverged_keys"], 0);
}

TEST(ClusterTest, HintsReachANodeThatPhiHadConvicted) {
  const TestRun run(R"({ "faults": [ { "at": "1s", "for": "2s", "crash": { "node": 1 } } ],
                     "replication": { "failure_detector": "phi", "heartbeat": "10ms",
                                      "failure_detection": "1h", "read_repair": "off" } })");
  EXPECT_GT(run["hints_written"], 50);
  EXPECT_EQ(run["hints_delivered"], run["hints_written"]);
  EXPECT_EQ(run["diverged_keys"], 0);
  EXPECT_EQ(run["stale_reads"], 0);
}

TEST(ClusterTest, HintsAreNotWrittenBeyondTheWindow) {
  const TestRun run(R"({ "faults": [ { "at": "1s", "for": "3s", "crash": { "node": 1 } } ],
                     "replication": { "hinted_handoff": { "window": "1s" }, "read_repair": "off" } })");
  EXPECT_GT(run["hints_written"], 0);
  EXPECT_GT(run["hints_beyond_window"], 0);
  EXPECT_GT(run["diverged_keys"], 0);
}

TEST(ClusterTest, RepairBringsReplicasTogether) {
  const TestRun run(R"({ "faults": [ { "at": "1s", "for": "2s", "crash": { "node": 1 } } ],
                     "replication": { "read_repair": "off", "hinted_handoff": "off",
                                      "repair": { "every": "10s" } } })");
  EXPECT_GE(run["repairs_completed"], 3);
  EXPECT_GT(run["cells_streamed"], 20);
  EXPECT_EQ(run["diverged_keys"], 0);
}

TEST(ClusterTest, APreviewTellsWhereReplicasDifferAndChangesNothing) {
  const auto with = [](const char* operation) {
    return TestRun(fmt::format(
        R"({{ "faults": [ {{ "at": "1s", "for": "2s", "crash": {{ "node": 1 }} }} ],
              "replication": {{ "read_repair": "off", "hinted_handoff": "off" }},
              "workload": [ {{ "name": "w", "to": "3s", "rate": "500/s", "mix": {{ "update": 1 }} }} ],
              "operations": [ {{ "at": "3500ms", "{}": "all" }} ] }})",
        operation));
  };
  const TestRun preview = with("preview");
  EXPECT_EQ(preview["previews_completed"], 3);
  EXPECT_GT(preview["preview_ranges_differing"], 0);
  EXPECT_EQ(preview["cells_streamed"], 0);
  EXPECT_GT(preview["diverged_keys"], 0);
  const TestRun repair = with("repair");
  EXPECT_EQ(repair["repair_ranges_differing"], preview["preview_ranges_differing"]);
  EXPECT_EQ(repair["diverged_keys"], 0);
}

TEST(ClusterTest, SmallerPartsOfARangeStreamLessAndRepairAsMuch) {
  const auto with = [](int subranges, const char* parallelism) {
    return TestRun(fmt::format(
        R"({{ "faults": [ {{ "at": "1s", "for": "500ms", "crash": {{ "node": 1 }} }} ],
              "replication": {{ "read_repair": "off", "hinted_handoff": "off",
                                "repair": {{ "every": "10s", "tree_depth": 0, "subranges": {}, "parallelism": "{}" }} }} }})",
        subranges, parallelism));
  };
  const TestRun whole = with(1, "parallel"), parts = with(64, "parallel");
  EXPECT_EQ(whole["diverged_keys"], 0);
  EXPECT_EQ(parts["diverged_keys"], 0);
  EXPECT_LT(parts["cells_streamed"], whole["cells_streamed"]);
  for (const char* parallelism : {"sequential", "dc_parallel"}) {
    const TestRun run = with(64, parallelism);
    EXPECT_EQ(run["diverged_keys"], 0);
    EXPECT_EQ(run["cells_streamed"], parts["cells_streamed"]);
  }
}

TEST(ClusterTest, AnIncrementalRepairComparesWhatItHasNotMarked) {
  const auto with = [](const char* incremental) {
    return TestRun(fmt::format(
        R"({{ "faults": [ {{ "at": "1s", "for": "500ms", "crash": {{ "node": 1 }} }} ],
              "replication": {{ "read_repair": "off", "hinted_handoff": "off",
                                "repair": {{ "every": "10s", "tree_depth": 0, "incremental": {} }} }} }})",
        incremental));
  };
  const TestRun full = with("false"), incremental = with("true");
  for (const TestRun* run : {&full, &incremental}) {
    EXPECT_GT((*run)["cells_streamed"], 20);
    EXPECT_EQ((*run)["diverged_keys"], 0);
    EXPECT_EQ((*run)["repair_ranges_failed"], 0);
  }
  EXPECT_EQ(incremental["repairs_completed"], 3) << "one session for the whole ring";
  EXPECT_EQ(full["repairs_completed"], 9);
  const TestRun down(
      R"({ "faults": [ { "at": "1s", "crash": { "node": 1 } } ],
           "replication": { "repair": { "every": "100d", "incremental": true } },
           "operations": [ { "at": "3s", "repair": 0 } ] })");
  EXPECT_EQ(down["repair_ranges_repaired"], 0);
  EXPECT_GT(down["repair_ranges_failed"], 0);
}

TEST(ClusterTest, AnIncrementalRepairOfPartsSplitsSstablesAndComparesEachCellOnce) {
  const auto with = [](int subranges, const char* repairs) {
    return TestRun(fmt::format(
        R"({{ "faults": [ {{ "at": "1s", "for": "500ms", "crash": {{ "node": 1 }} }} ],
              "replication": {{ "read_repair": "off", "hinted_handoff": "off",
                                "repair": {{ "every": "100d", "incremental": true, "subranges": {} }} }},
              "duration": "50s", "operations": [ {} ],
              "workload": [ {{ "name": "w", "to": "4s", "rate": "500/s", "clients": 4,
                               "mix": {{ "read": 2, "update": 1, "delete": 0.5 }} }} ] }})",
        subranges, repairs));
  };
  const char* once = R"({ "at": "10s", "repair": 0 })";
  const TestRun whole = with(1, once), parts = with(5, once);
  for (const TestRun* run : {&whole, &parts}) {
    EXPECT_GT((*run)["cells_streamed"], 10);
    EXPECT_EQ((*run)["diverged_keys"], 0);
    EXPECT_EQ((*run)["repair_ranges_failed"], 0);
  }
  EXPECT_EQ(whole["anticompactions"], 0);
  EXPECT_GE(parts["anticompactions"], 5) << "the first four parts split something";
  EXPECT_GT(parts["anticompacted_bytes"], 0);
  // Nobody writes after the first repair: the second compares nothing.
  const TestRun again = with(5, R"({ "at": "10s", "repair": 0 }, { "at": "40s", "repair": 2 })");
  EXPECT_EQ(again["repairs_completed"], 2);
  EXPECT_EQ(again["cells_streamed"], parts["cells_streamed"]);
  EXPECT_EQ(again["anticompactions"], parts["anticompactions"]);
}

// Sessions that meet are refused by somebody, and leave nobody waiting for their end.
TEST(ClusterTest, IncrementalRepairsThatMeetDoNotHoldUpTheNext) {
  const auto with = [](uint64_t seed, const char* repairs) {
    return TestRun(fmt::format(
                       R"({{ "replication": {{ "read_repair": "off", "hinted_handoff": "off",
                                "repair": {{ "every": "100d", "incremental": true, "subranges": 5 }} }},
              "faults": [ {{ "at": "0s", "for": "30s", "link": {{ "from": "all", "to": "all", "duplication": 0.2,
                             "reordering": 0.2, "reordering_delay": "3ms" }} }} ],
              "duration": "50s", "operations": [ {} ],
              "workload": [ {{ "name": "w", "to": "4s", "rate": "500/s", "clients": 4,
                               "mix": {{ "read": 2, "update": 1, "delete": 0.5 }} }} ] }})",
                       repairs),
                   seed);
  };
  double refused = 0;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const char* meeting = R"({ "at": "3s", "repair": "all" }, { "at": "5s", "repair": "all" })";
    const TestRun met = with(seed, meeting);
    const TestRun then =
        with(seed, fmt::format(R"({}, {{ "at": "40s", "repair": 1 }})", meeting).c_str());
    refused += met["repair_ranges_failed"];
    EXPECT_EQ(then["repair_ranges_failed"], met["repair_ranges_failed"]);
    EXPECT_GE(then["repair_ranges_repaired"], met["repair_ranges_repaired"] + 12);
    EXPECT_EQ(then["diverged_keys"], 0);
  }
  EXPECT_GT(refused, 20);
}

TEST(ClusterTest, AValueWithATtlIsGoneWhenItEnds) {
  const TestRun run(R"({ "workload": [
        { "name": "w", "to": "1s", "rate": "500/s", "ttl": "500ms", "mix": { "update": 1 } },
        { "name": "r", "from": "2s", "rate": "500/s", "mix": { "read": 1 } } ] })");
  EXPECT_GT(run["tombstones_scanned"], 100);
  EXPECT_EQ(run["deleted_reads"], 0);
  EXPECT_EQ(run["stale_reads"], 0);
  EXPECT_EQ(run["diverged_keys"], 0);
}

TEST(ClusterTest, ATruncationNeedsEveryNode) {
  const auto with = [](const char* faults) {
    return TestRun(fmt::format(
        R"({{ "faults": [ {} ],
              "workload": [ {{ "name": "r", "from": "3s", "rate": "500/s", "mix": {{ "read": 1 }} }} ],
              "operations": [ {{ "at": "2s", "truncate": 0 }} ] }})",
        faults));
  };
  const TestRun all = with("");
  EXPECT_EQ(all["truncations"], 1);
  EXPECT_EQ(all["deleted_reads"], 0);
  EXPECT_EQ(all["stale_reads"], 0);
  EXPECT_EQ(with(R"({ "at": "1s", "crash": { "node": 1 } })")["truncations"], 0);
}

TEST(ClusterTest, AnAlteredGcGraceOutlivesTheProcess) {
  const TestRun run(
      R"({ "workload": [ { "name": "w", "to": "1s", "rate": "500/s", "mix": { "delete": 1 } } ],
           "faults": [ { "at": "1500ms", "for": "500ms", "crash": { "node": "all" } } ],
           "operations": [ { "at": "1200ms", "alter": { "gc_grace": "10ms" } }, { "at": "3s", "compact": "all" } ] })");
  EXPECT_GT(run["tombstones_purged"], 100);
  EXPECT_EQ(run["tombstones_live"], 0);
}

TEST(ClusterTest, ARepairOfReplicasThatAgreeStreamsNothing) {
  const TestRun run(R"({ "replication": { "repair": { "every": "10s" } } })");
  EXPECT_GE(run["repairs_completed"], 3);
  EXPECT_EQ(run["cells_streamed"], 0);
}

TEST(ClusterTest, RepairPassesOverRangesWhoseReplicaIsDown) {
  const TestRun run(R"({ "faults": [ { "at": "1s", "crash": { "node": 1 } } ],
                     "operations": [ { "at": "3s", "repair": 0 } ] })");
  EXPECT_EQ(run["repairs_completed"], 1);
  EXPECT_GT(run["repair_ranges_failed"], 0);
}

TEST(ClusterTest, InModeRepairTombstonesGoOnceTheirRangeIsRepaired) {
  const auto with = [](const char* repair_at, const char* delay) {
    return TestRun(
        fmt::format(R"({{ "storage": {{ "tombstone_gc": "repair", "propagation_delay": "{}" }},
                     "workload": [ {{ "name": "w", "to": "1s", "rate": "500/s", "mix": {{ "update": 1, "delete": 1 }} }} ],
                     "operations": [ {{ "at": "{}", "repair": "all" }}, {{ "at": "3s", "compact": "all" }} ] }})",
                    delay, repair_at));
  };
  const TestRun before = with("2s", "10ms");
  EXPECT_GT(before["repair_ranges_repaired"], 0);
  EXPECT_EQ(before["repair_ranges_failed"], 0);
  EXPECT_GT(before["tombstones_purged"], 50);
  EXPECT_EQ(before["tombstones_kept_by_repair"], 0);
  EXPECT_EQ(before["diverged_keys"], 0);
  const TestRun after = with("3500ms", "10ms");
  EXPECT_GT(after["repair_ranges_repaired"], 0);
  EXPECT_GT(after["tombstones_kept_by_repair"], 50);
  const TestRun delayed = with("2s", "1h");
  EXPECT_EQ(delayed["tombstones_purged"], 0);
  EXPECT_GT(delayed["tombstones_kept_by_repair"], 50);
}

TEST(ClusterTest, OfOneReplicaModeRepairWaitsForNobody) {
  const TestRun run(
      R"({ "cluster": { "replication_factor": 1 }, "storage": { "tombstone_gc": "repair" },
                     "operations": [ { "at": "3s", "compact": "all" } ] })");
  EXPECT_EQ(run["repairs_completed"], 0);
  EXPECT_GT(run["tombstones_purged"], 50);
}

TEST(ClusterTest, InModeRepairHintsAreDeliveredBeforeARangeCountsAsRepaired) {
  const auto with = [](const char* mode) {
    return TestRun(
        fmt::format(R"({{ "faults": [ {{ "at": "1s", "for": "1s", "crash": {{ "node": 1 }} }} ],
                     "storage": {{ "tombstone_gc": "{}" }},
                     "replication": {{ "read_repair": "off", "hinted_handoff": {{ "replay_period": "1h" }} }},
                     "operations": [ {{ "at": "3500ms", "repair": 0 }} ] }})",
                    mode));
  };
  const TestRun repair = with("repair");
  EXPECT_GT(repair["hints_delivered"], 20);
  EXPECT_GT(repair["repair_ranges_repaired"], 0);
  EXPECT_EQ(repair["repair_ranges_hinted"], 0);
  EXPECT_EQ(with("timeout")["hints_delivered"], 0);
}

TEST(ClusterTest, InModeRepairANodeThatMayKeepHintsHoldsUpItsPeers) {
  const auto with = [](const char* mode) {
    return TestRun(
        fmt::format(R"({{ "cluster": {{ "nodes": 4 }}, "storage": {{ "tombstone_gc": "{}" }},
                     "faults": [ {{ "at": "1s", "crash": {{ "node": 3 }} }} ],
                     "operations": [ {{ "at": "3s", "repair": "all" }} ] }})",
                    mode));
  };
  EXPECT_GT(with("timeout")["repair_ranges_repaired"], 0)
      << "those without a copy on the dead node";
  const TestRun repair = with("repair");
  EXPECT_EQ(repair["repair_ranges_repaired"], 0);
  EXPECT_GT(repair["repair_ranges_hinted"], 0);
}

TEST(ClusterTest, InModeRepairHintsLiveForThePropagationDelay) {
  const auto with = [](const char* delay) {
    return TestRun(
        fmt::format(R"({{ "faults": [ {{ "at": "1s", "for": "2s", "crash": {{ "node": 1 }} }} ],
                     "storage": {{ "tombstone_gc": "repair", "propagation_delay": "{}" }} }})",
                    delay));
  };
  EXPECT_EQ(with("1h")["hints_expired"], 0);
  EXPECT_GT(with("100ms")["hints_expired"], 20);
}

TEST(ClusterTest, BlockingReadRepairMendsWhatReadsFind) {
  const TestRun run(R"({ "faults": [ { "at": "500ms", "for": "1s", "crash": { "node": 1 } } ],
                     "preload": { "keys": 20 },
                     "replication": { "hinted_handoff": "off", "read": "ALL" },
                     "workload": [ { "name": "w", "to": "1s", "rate": "300/s", "mix": { "update": 1, "delete": 0.2 } },
                                   { "name": "r", "from": "3s", "rate": "500/s", "mix": { "read": 1 } } ] })");
  EXPECT_GT(run["read_repairs"], 5);
  EXPECT_EQ(run["diverged_keys"], 0) << "reads at ALL ask every replica of each of 20 keys";
}

TEST(ClusterTest, AsyncReadRepairMendsToo) {
  const TestRun run(R"({ "faults": [ { "at": "500ms", "for": "1s", "crash": { "node": 1 } } ],
                     "preload": { "keys": 20 },
                     "replication": { "hinted_handoff": "off", "read": "ALL", "read_repair": "async" },
                     "workload": [ { "name": "w", "to": "1s", "rate": "300/s", "mix": { "update": 1 } },
                                   { "name": "r", "from": "3s", "rate": "500/s", "mix": { "read": 1 } } ] })");
  EXPECT_GT(run["read_repairs"], 5);
  EXPECT_EQ(run["diverged_keys"], 0);
}

TEST(ClusterTest, OneAndOneMissWritesThatQuorumsSee) {
  const char* lag = R"({ "faults": [ { "at": "0s", "lag": { "node": 1, "disk": "50ms" } } ],
                         "replication": { "write": %s, "read": %s, "read_repair": "off" },
                         "preload": { "keys": 10 } })";
  const auto with = [&](const std::string& level) {
    std::string text = lag;
    for (int i = 0; i < 2; ++i) text.replace(text.find("%s"), 2, level);
    return TestRun(text);
  };
  EXPECT_GT(with("\"ONE\"")["stale_reads"], 10);
  EXPECT_GT(with("1")["stale_reads"], 10);
  EXPECT_EQ(with("\"QUORUM\"")["stale_reads"], 0);
  EXPECT_EQ(with("2")["stale_reads"], 0);
  EXPECT_EQ(with("\"ALL\"")["stale_reads"], 0);
}

TEST(ClusterTest, AQuorumOfLiveReplicasIsEnoughAndAMinorityIsNot) {
  const TestRun one_down(R"({ "faults": [ { "at": "0s", "crash": { "node": 1 } } ] })");
  EXPECT_GT(one_down["operations_ok"], 1000);
  const TestRun two_down(R"({ "faults": [ { "at": "0s", "crash": { "node": [0, 1] } } ],
                          "workload": [ { "name": "w", "from": "1s", "rate": "100/s", "coordinators": 2, "mix": { "update": 1 } } ] })");
  EXPECT_EQ(two_down["operations_ok"], 0);
  EXPECT_GT(two_down["operations_failed"], 100)
      << "refused before anything is sent: surely not applied";
}

TEST(ClusterTest, ATimeoutIsUnknownNeverFailed) {
  // Nobody is known to be down yet, so writes go out and their answers do not come.
  const TestRun run(R"({ "faults": [ { "at": "1s", "for": "300ms", "partition": { "from": 0 } } ],
                     "workload": [ { "name": "w", "rate": "200/s", "coordinators": 0, "mix": { "update": 1 } } ] })");
  EXPECT_GT(run["messages_cut"], 0);
  EXPECT_GT(run["operations_unknown"], 10);
  EXPECT_EQ(run["operations_failed"], 0);
  EXPECT_EQ(run["lost_acknowledged_writes"], 0);
}

TEST(ClusterTest, ARetryIsTheSameWrite) {
  const TestRun run(
      R"({ "faults": [ { "at": "0s", "for": "4s", "link": { "from": "all", "to": "all", "loss": 0.3 } } ],
                     "workload": [ { "name": "w", "rate": "200/s", "retries": 5, "mix": { "update": 1 } } ] })");
  EXPECT_GT(run["messages_lost"], 100);
  EXPECT_GT(run["operations_ok"], 700);
  EXPECT_EQ(run["lost_updates"], 0)
      << "a second stamp would let an old value win over a newer write";
}

TEST(ClusterTest, DuplicatedMessagesChangeNothing) {
  const TestRun run(R"({ "network": { "duplication": 0.3 } })");
  EXPECT_GT(run["messages_duplicated"], 1000);
  EXPECT_EQ(run["operations_failed"] + run["operations_unknown"], 0);
  EXPECT_EQ(run["diverged_keys"] + run["stale_reads"] + run["lost_acknowledged_writes"], 0);
}

TEST(ClusterTest, OnlyTheMajoritySideOfAPartitionServesQuorums) {
  const TestRun run(
      R"({ "faults": [ { "at": "0s", "for": "4s", "partition": { "from": 0, "to": [1, 2] } } ],
                     "workload": [ { "name": "minority", "from": "1s", "rate": "100/s", "coordinators": 0, "mix": { "update": 1 } },
                                   { "name": "majority", "from": "1s", "rate": "100/s", "coordinators": [1, 2], "mix": { "update": 1 } } ] })");
  EXPECT_NEAR(run["operations_ok"], 300, 60);
  EXPECT_NEAR(run["operations_failed"], 300, 60);
  EXPECT_EQ(run["diverged_keys"], 0) << "hints heal the minority";
  EXPECT_EQ(run["lost_acknowledged_writes"], 0);
}

TEST(ClusterTest, AOneWayCutLosesAnswersOnly) {
  const TestRun run(
      R"({ "faults": [ { "at": "500ms", "for": "300ms", "partition": { "from": [1, 2], "to": 0, "one_way": true } } ],
                     "workload": [ { "name": "w", "from": "500ms", "to": "700ms", "rate": "500/s", "coordinators": 0, "mix": { "update": 1 } } ] })");
  EXPECT_GT(run["operations_unknown"], 50);
  EXPECT_EQ(run["diverged_keys"], 0) << "the writes themselves arrived";
}

TEST(ClusterTest, AProcessKillLosesNothingEvenWithPeriodicSync) {
  const TestRun run(R"({ "storage": { "wal": { "sync": "periodic" } },
                     "faults": [ { "at": "2s", "for": "500ms", "crash": { "node": "all" } } ] })");
  EXPECT_EQ(run["crashes"], 3);
  EXPECT_EQ(run["recoveries"], 3);
  EXPECT_EQ(run["lost_acknowledged_writes"], 0);
}

TEST(ClusterTest, APowerLossOfAllLosesUnsyncedWritesAndOnlyThose) {
  const char* text = R"({ "storage": { "wal": { "sync": "%s", "sync_period": "1s" } },
                          "faults": [ { "at": "2s", "for": "500ms", "power_loss": { "node": "all" } } ] })";
  const auto with = [&](const std::string& sync, uint64_t seed) {
    std::string patch = text;
    patch.replace(patch.find("%s"), 2, sync);
    return TestRun(patch, seed);
  };
  double lost = 0;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    EXPECT_EQ(with("always", seed)["lost_acknowledged_writes"], 0) << seed;
    EXPECT_EQ(with("group", seed)["lost_acknowledged_writes"], 0) << seed;
    lost += with("periodic", seed)["lost_acknowledged_writes"];
  }
  EXPECT_GT(lost, 0);
}

TEST(ClusterTest, APausedNodeLosesNothingAndCatchesUp) {
  const TestRun run(R"({ "faults": [ { "at": "1s", "for": "2s", "pause": { "node": 2 } } ] })");
  EXPECT_GT(run["hints_written"], 0);
  EXPECT_EQ(run["diverged_keys"], 0);
  EXPECT_EQ(run["lost_acknowledged_writes"], 0);
}

TEST(ClusterTest, SkewedClientClocksLoseUpdates) {
  const TestRun skewed(
      R"({ "cluster": { "clocks": { "offset_max": "2s" } }, "preload": { "keys": 20 } })");
  EXPECT_GT(skewed["lost_updates"], 10);
  const TestRun right(R"({ "preload": { "keys": 20 } })");
  EXPECT_EQ(right["lost_updates"], 0);
}

TEST(ClusterTest, ASlowDiskSlowsWritesThatWaitForIt) {
  const TestRun normal(R"({ "replication": { "write": "ALL" } })");
  const TestRun slow(
      R"({ "replication": { "write": "ALL" }, "faults": [ { "at": "0s", "lag": { "node": 0, "disk": "20ms" } } ] })");
  EXPECT_GT(slow["write_latency_p50_ms"], normal["write_latency_p50_ms"] + 15);
}

TEST(ClusterTest, ASequenceIsDoneInTurnToOneKeyAfterAnother) {
  const TestRun run(R"({ "workload": [ { "name": "w", "clients": 2, "think_time": "7ms",
                                         "sequence": ["update", "read", "delete"] } ] })");
  std::map<int, std::vector<Json>> done;  // by session
  for (const Json& operation : run.operations()) done[operation["session"]].push_back(operation);
  ASSERT_EQ(done.size(), 2u);
  for (const auto& [session, operations] : done) {
    ASSERT_GT(operations.size(), 100u);
    for (size_t i = 0; i < operations.size(); ++i) {
      EXPECT_EQ(operations[i]["kind"], (std::array{"update", "read", "delete"}[i % 3]));
      if (i % 3 > 0) {
        EXPECT_EQ(operations[i]["key"], operations[i - 1]["key"]);
      }
      if (i > 0) {
        EXPECT_EQ(operations[i]["invoked_ns"].get<int64_t>() -
                      operations[i - 1]["completed_ns"].get<int64_t>(),
                  milliseconds(7).ns);
      }
    }
    EXPECT_NE(operations[0]["key"], operations[3]["key"]);
  }
}

TEST(ClusterTest, ScansReturnLiveCellsOnly) {
  const TestRun run(
      R"({ "workload": [ { "name": "w", "rate": "200/s", "mix": { "scan": 1, "delete": 1, "update": 1 }, "scan_length": 50 } ] })");
  EXPECT_GT(run["reads_ok"], 100);
  EXPECT_EQ(run["thin_air_reads"] + run["stale_reads"], 0);
  EXPECT_NE(run.history.str().find("\"cells\":[{"), std::string::npos);
}

TEST(ClusterTest, ThePagesOfAScanAddUpToIt) {
  const auto scans = [](int page_size) {
    return TestRun(
               fmt::format(
                   R"({{ "cluster": {{ "nodes": 5 }}, "workload": [ {{ "name": "w", "clients": 2,
                      "operations_max": 40, "mix": {{ "scan": 1 }}, "scan_length": 50, "page_size": {} }} ] }})",
                   page_size))
        .operations();
  };
  const auto whole = scans(5000), paged = scans(7);
  ASSERT_EQ(whole.size(), 40);
  ASSERT_EQ(paged.size(), 40);
  size_t full = 0;
  // Each client chooses the same keys in turn.
  std::map<std::pair<int, std::string>, Json> cells;
  for (const Json& scan : whole) cells[{scan["session"], scan["key"]}] = scan["cells"];
  for (const Json& scan : paged) {
    const auto found = cells.find({scan["session"], scan["key"]});
    if (found == cells.end()) continue;
    EXPECT_EQ(scan["cells"], found->second);
    full += scan["cells"].size() == 50 ? 1 : 0;
  }
  EXPECT_GT(full, 20);
}

TEST(ClusterTest, MoreNodesThanReplicasHoldEachKeyOnItsReplicasAlone) {
  const TestRun run(R"({ "cluster": { "nodes": 7, "vnodes": 8 },
                     "faults": [ { "at": "1s", "for": "1s", "crash": { "node": [2, 5] } } ] })");
  EXPECT_GT(run["operations_ok"], 1000);
  EXPECT_EQ(run["diverged_keys"] + run["lost_acknowledged_writes"] + run["stale_reads"], 0);
}

TEST(ClusterTest, ANodeThatIsKilledAgainWhileItRecoversStillRecovers) {
  const TestRun run(R"({ "faults": [ { "at": "1s", "for": "200us", "crash": { "node": 1 } },
                                 { "at": "1000250us", "for": "100us", "power_loss": { "node": 1 } },
                                 { "at": "1000400us", "for": "1s", "crash": { "node": 1 } } ] })");
  EXPECT_GE(run["crashes"] + run["power_losses"], 3);
  EXPECT_EQ(run["diverged_keys"] + run["lost_acknowledged_writes"], 0);
}

// One of three disks is faulty and its node crashes meanwhile. What it cannot read it does not
// answer: the two others are a quorum, so nobody reads a wrong value, misses one or loses one.
struct DiskFaultCase {
  const char* name;
  const char* fault;
  const char* metric;  // that says that it struck
};
class DiskFaultTest : public testing::TestWithParam<DiskFaultCase> {};

TEST_P(DiskFaultTest, EndsInErrorsAndNeverInAWrongOrAMissingValue) {
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    const TestRun run(fmt::format(R"({{ "disk": {{ "page_cache": "64KiB", "dirty_max": "32KiB" }},
                          "storage": {{ "block_cache_size": "4KiB", "memtable_size": "16KiB" }},
                          "faults": [ {{ "at": "1s", "for": "2s", {} }},
                                      {{ "at": "2s", "for": "500ms", "crash": {{ "node": 2 }} }},
                                      {{ "at": "3500ms", "for": "100ms", "power_loss": {{ "node": 2 }} }} ] }})",
                                  GetParam().fault),
                      seed);
    EXPECT_GT(run[GetParam().metric], 0);
    EXPECT_EQ(run["crashes"] + run["power_losses"], 2);
    EXPECT_GT(run["operations_ok"], 500);
    EXPECT_EQ(run["thin_air_reads"], 0);
    EXPECT_EQ(run["stale_reads"], 0);
    EXPECT_EQ(run["resurrected_reads"], 0);
    EXPECT_EQ(run["lost_acknowledged_writes"], 0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    , DiskFaultTest,
    testing::Values(
        DiskFaultCase{"read_errors", R"("disk_read_error": { "node": 2, "chance": "10%" })",
                      "disk_read_errors_injected"},
        DiskFaultCase{"sticky_read_errors",
                      R"("disk_read_error": { "node": 2, "chance": "5%", "sticky": true })",
                      "disk_read_errors_injected"},
        DiskFaultCase{"write_errors", R"("disk_write_error": { "node": 2, "chance": "2%" })",
                      "disk_write_errors_injected"},
        DiskFaultCase{"write_errors_of_sstables",
                      R"("disk_write_error": { "node": 2, "files": "sstable", "chance": "50%" })",
                      "disk_write_errors_injected"},
        DiskFaultCase{"sync_errors", R"("disk_sync_error": { "node": 2, "chance": "2%" })",
                      "disk_sync_errors_injected"},
        DiskFaultCase{"bit_rot", R"("bit_rot": { "node": 2, "bits": 50 })", "disk_bits_flipped"},
        DiskFaultCase{"bit_rot_in_manifests",
                      R"("bit_rot": { "node": 2, "files": "manifest", "bits": 1 })",
                      "disk_bits_flipped"},
        DiskFaultCase{"torn_writes", R"("torn_write": { "node": 2, "chance": "5%" })",
                      "disk_writes_torn"},
        DiskFaultCase{"lost_writes", R"("lost_write": { "node": 2, "chance": "5%" })",
                      "disk_writes_lost"},
        DiskFaultCase{"misdirected_writes", R"("misdirected_write": { "node": 2, "chance": "5%" })",
                      "disk_writes_misdirected"},
        DiskFaultCase{"full_disk", R"("disk_full": { "node": 2, "free": "8KiB" })",
                      "disk_appends_refused"},
        DiskFaultCase{"stalls",
                      R"("period": "600ms", "disk_stall": { "node": 2, "length": "300ms" })",
                      "disk_operations_stalled"},
        DiskFaultCase{"slowness", R"("disk_slow": { "node": 2, "factor": 50, "jitter": "2ms" })",
                      "disk_operations_slowed"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ClusterTest, StartsThatFailLoseNothingAndLeaveNothingRunning) {
  // Read errors meet whatever a start reads: the database, the batch log, writes held for others, the
  // history of repairs. (What a request would find that outlived its node, the sanitizers see.)
  std::string faults =
      R"({ "at": "1s", "for": "9s", "disk_read_error": { "node": 1, "chance": "20%" } })";
  for (int at = 1500; at < 9900; at += 400)
    faults += fmt::format(R"(, {{ "at": "{}ms", "for": "50ms", "crash": {{ "node": 1 }} }})", at);
  for (const bool sloppy : {false, true}) {
    const TestRun run(fmt::format(
        R"({{ "cluster": {{ "nodes": 5 }}, "duration": "12s", "disk": {{ "page_cache": "0B", "dirty_max": "0B" }},
        "storage": {{ "tombstone_gc": "repair" }},
        "replication": {{ "repair": {{ "every": "1s" }}, "sloppy_quorum": {}, "pr": 2, "pw": 2 }},
        "workload": [ {{ "name": "w", "rate": "500/s", "clients": 4, "batch_keys": {},
                         "mix": {{ "read": 1, "update": 1 }} }} ],
        "faults": [ {} ] }})",
        sloppy, sloppy ? 1 : 3, faults));
    EXPECT_GT(run["starts_failed"], 5);
    EXPECT_GT(run["recoveries"], run["starts_failed"]);
    EXPECT_GT(run["repairs_completed"], 0);
    EXPECT_GT(run[sloppy ? "stand_in_writes" : "batches_stored"], 10);
    EXPECT_GT(run["operations_ok"], 1000);
    EXPECT_EQ(run["stale_reads"] + run["thin_air_reads"] + run["resurrected_reads"], 0);
    EXPECT_EQ(run["lost_acknowledged_writes"], 0);
  }
}

TEST(ClusterTest, AReadAsksAnotherReplicaForOneThatCannotRead) {
  // No cache hides the disk of node 2, and its errors stay; a read without it has two others.
  const char* faults = R"({
    "storage": { "memtable_size": "4KiB", "block_cache_size": "0B" }, "disk": { "page_cache": "0B", "dirty_max": "0B" },
    "workload": [ { "name": "w", "rate": "500/s", "clients": 4, "mix": { "read": 4, "scan": 1 } } ],
    "faults": [ { "at": "500ms", "for": "2s", "disk_read_error": { "node": 2, "files": "sstable" } } ]
  })";
  const TestRun run(faults);
  EXPECT_GT(run["disk_read_errors_injected"], 100);
  EXPECT_GT(run["operations_ok"], 1900);
  EXPECT_EQ(run["operations_failed"] + run["operations_unknown"], 0);
}

TEST(ClusterTest, EveryDurabilityContractButALyingOneKeepsWhatWasAcknowledged) {
  for (const char* contract :
       {"honest", "volatile_cache", "fsync_error_drops_pages", "reordered", "prefix_only_append"}) {
    const TestRun run(fmt::format(
        R"({{ "disk": {{ "durability": "{}" }},
              "faults": [ {{ "at": "2s", "for": "1s", "power_loss": {{ "node": "all" }} }} ] }})",
        contract));
    EXPECT_EQ(run["power_losses"], 3) << contract;
    EXPECT_EQ(run["lost_acknowledged_writes"], 0) << contract;
    EXPECT_EQ(run["thin_air_reads"], 0) << contract;
  }
}

TEST(ClusterTest, DrivesThatLieLoseWhatWasAcknowledgedBeforeABlackout) {
  const TestRun run(R"({ "disk": { "durability": "lying_fsync" },
                         "workload": [ { "name": "w", "to": "2s", "rate": "500/s", "mix": { "update": 1 } } ],
                         "faults": [ { "at": "2s", "for": "1s", "power_loss": { "node": "all" } } ] })");
  EXPECT_EQ(run["power_losses"], 3);
  EXPECT_GT(run["lost_acknowledged_writes"], 0);
  EXPECT_EQ(run["thin_air_reads"], 0);
}

TEST(ClusterTest, AWipedNodeHasNothingUntilARepair) {
  const char* wiped = R"({ "faults": [ { "at": "1s", "for": "1s", "wipe": { "node": 1 } } ],
                     "replication": { "read_repair": "off", "hinted_handoff": "off" } })";
  const TestRun empty(wiped);
  EXPECT_EQ(empty["disks_replaced"], 1);
  EXPECT_GT(empty["diverged_keys"], 100);
  EXPECT_EQ(empty["lost_acknowledged_writes"], 0) << "the other two have everything";
  const TestRun repaired(R"({ "faults": [ { "at": "1s", "for": "1s", "wipe": { "node": 1 } } ],
                     "replication": { "read_repair": "off", "hinted_handoff": "off",
                                      "repair": { "every": "10s" } } })");
  EXPECT_GT(repaired["cells_streamed"], 100);
  EXPECT_EQ(repaired["diverged_keys"], 0);
}

TEST(ClusterTest, ARestoredSnapshotLacksWhatCameAfterIt) {
  const TestRun run(
      R"({ "faults": [ { "at": "3s", "for": "1s", "restore": { "node": 1, "taken": "1s" } } ],
                     "replication": { "read_repair": "off", "hinted_handoff": "off" } })");
  EXPECT_EQ(run["disks_replaced"], 1);
  EXPECT_GT(run["diverged_keys"], 20);
  const TestRun wiped(R"({ "faults": [ { "at": "3s", "for": "1s", "wipe": { "node": 1 } } ],
                     "replication": { "read_repair": "off", "hinted_handoff": "off" } })");
  EXPECT_LT(run["diverged_keys"], wiped["diverged_keys"]) << "what came before is there";
  EXPECT_EQ(run["lost_acknowledged_writes"], 0);
}

TEST(ClusterTest, WithEveryKeyOnEveryNodeSwappedDisksChangeNothing) {
  const TestRun run(
      R"({ "faults": [ { "at": "2s", "for": "1s", "swap_disks": { "node": [0, 1] } } ] })");
  EXPECT_EQ(run["disks_replaced"], 2);
  EXPECT_EQ(run["diverged_keys"], 0);
  EXPECT_EQ(run["lost_acknowledged_writes"], 0);
}

TEST(ClusterTest, AZoneThatLosesPowerLeavesAQuorumInTheOthers) {
  const TestRun run(R"({ "cluster": { "nodes": 6, "placement": { "zones": 3 } },
                     "faults": [ { "at": "1s", "for": "2s", "power_loss": { "node": "zone 1" } } ] })");
  EXPECT_EQ(run["power_losses"], 2);
  EXPECT_EQ(run["lost_acknowledged_writes"], 0);
  EXPECT_EQ(run["stale_reads"], 0);
}

TEST(ClusterTest, AProcessorThatIsTooSlowIsOverloaded) {
  const char* cpu = R"({ "cluster": { "cpu": { "cores": 1, "per_message": "100us" } } })";
  const TestRun free, fast(cpu);
  EXPECT_GT(fast["cpu_utilization"], 0);
  EXPECT_LT(fast["cpu_wait_mean_ms"], 1);
  EXPECT_GT(fast["write_latency_p50_ms"], free["write_latency_p50_ms"]);
  const TestRun slow(R"({ "cluster": { "cpu": { "cores": 1, "per_message": "100us" } },
                     "faults": [ { "at": "1s", "for": "2s", "slow_cpu": { "node": "all", "factor": 30 } } ] })");
  EXPECT_GT(slow["cpu_messages_slowed"], 100);
  EXPECT_GT(slow["cpu_wait_mean_ms"], 20 * fast["cpu_wait_mean_ms"]);
  EXPECT_GT(slow["operations_unknown"] + slow["operations_failed"], 50);
}

// 3 nodes, 2 cores each, 35 s from the first boot to the end; nothing but jobs costs anything.
TEST(ClusterTest, FlushesAndCompactionsTakeTheProcessorTimeOfTheirBytes) {
  const TestRun run(R"({ "preload": { "keys": 0 }, "storage": { "memtable_size": "16KiB" },
      "cluster": { "cpu": { "cores": 2, "per_message": "0s", "bandwidth": "unlimited",
                            "job_bandwidth": "1MiB/s" } },
      "workload": [ { "name": "w", "rate": "500/s", "clients": 4, "mix": { "insert": 1 } } ] })");
  double bytes = 0;
  for (const auto& [name, value] : run.report.outcome.metrics) {
    const bool job = name.find("flush") != name.npos || name.find("compaction_") != name.npos;
    if (name.starts_with("bytes_file_") && job) bytes += value;
  }
  EXPECT_GT(run["compactions"], 10);
  const double seconds = bytes / (1 << 20);
  EXPECT_NEAR(run["cpu_utilization"] * 35 * 2 * 3, seconds, 0.02 * seconds);
}

TEST(ClusterTest, NtpBoundsWhatDriftingClocksDoToWrites) {
  const TestRun adrift(R"({ "cluster": { "clocks": { "offset_max": "2s" } } })");
  const TestRun disciplined(R"({ "cluster": { "clocks": { "offset_max": "2s",
                     "ntp": { "poll": "10ms", "error_max": "100us" } } } })");
  EXPECT_GT(adrift["lost_updates"], 10);
  EXPECT_EQ(disciplined["lost_updates"], 0);
  EXPECT_GE(disciplined["ntp_steps"], 3);
}

TEST(ClusterTest, WhatASwarmDrewIsTheSameRunWithoutTheSwarm) {
  constexpr const char* kSwarm = R"({ "duration": "8s", "storage": { "gc_grace": "1h" },
    "swarm": { "round": "2s", "calm": "500ms", "core": "2s", "clock_max": "100ms" }, "checks": ["progress"] })";
  uint64_t struck = 0;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const TestRun drawn(kSwarm, seed);
    Json explicit_plan = Json::parse(drawn.report.outcome.scenario_json);
    EXPECT_EQ(explicit_plan["swarm"], "off");
    struck += explicit_plan["faults"].size();
    const TestRun again(explicit_plan.dump(), seed);
    EXPECT_EQ(again.report.outcome.fingerprint, drawn.report.outcome.fingerprint);
    EXPECT_EQ(drawn.report.outcome.verdict, "passed");
  }
  EXPECT_GT(struck, 10u);
}

TEST(ClusterTest, ClientsWithoutEnoughReplicasMakeNoProgress) {
  const TestRun stuck(R"({ "faults": [{ "at": "0s", "pause": { "node": [0, 1] } }],
    "progress_from": "1s", "checks": ["progress"] })");
  EXPECT_EQ(stuck["stuck_clients"], 4);
  EXPECT_EQ(stuck.report.outcome.verdict, "violated");
  const TestRun fine(R"({ "faults": [{ "at": "0s", "pause": { "node": 0 } }],
    "progress_from": "1s", "checks": ["progress"] })");
  EXPECT_EQ(fine["stuck_clients"], 0);
}

}  // namespace
}  // namespace revenant::sim
