// Reads by digest, and reads that ask one replica more when answers are late.
#include <gtest/gtest.h>

#include <string>

#include "tests/sim/experiment/test_run.h"

namespace revenant::sim {
namespace {

TEST(DigestReadsTest, AQuorumReadFetchesOneCellAndOneDigest) {
  const char* reads =
      R"({ "workload": [ { "name": "w", "rate": "300/s", "mix": { "read": 1 } } ] })";
  const TestRun run(reads);
  EXPECT_GT(run["reads_ok"], 1000);
  EXPECT_EQ(run["digest_reads"], run["reads_ok"]) << "of two replicas asked, one";
  EXPECT_EQ(run["read_mismatches"], 0);
  const TestRun full(R"({ "replication": { "digest_reads": false },
      "workload": [ { "name": "w", "rate": "300/s", "mix": { "read": 1 } } ] })");
  EXPECT_EQ(full["digest_reads"], 0);
  EXPECT_EQ(full["reads_ok"], run["reads_ok"]);
}

TEST(DigestReadsTest, WhereDigestsDifferTheWinnerIsFoundAndTheOthersAreMended) {
  const char* lagging = R"({ "faults": [ { "at": "500ms", "for": "1s", "crash": { "node": 1 } } ],
      "preload": { "keys": 20 }, "replication": { "hinted_handoff": "off", "digest_reads": %s },
      "workload": [ { "name": "w", "to": "1s", "rate": "300/s", "mix": { "update": 1, "delete": 0.2 } },
                    { "name": "r", "from": "3s", "rate": "500/s", "mix": { "read": 1 } } ] })";
  const auto with = [&](const char* digests) {
    std::string text = lagging;
    return TestRun(text.replace(text.find("%s"), 2, digests));
  };
  const TestRun digests = with("true"), cells = with("false");
  EXPECT_GT(digests["read_mismatches"], 5);
  EXPECT_GT(digests["read_repairs"], 5);
  EXPECT_NEAR(digests["read_repairs"], cells["read_repairs"], 5) << "the same keys were behind";
  for (const TestRun* run : {&digests, &cells}) {
    EXPECT_EQ((*run)["stale_reads"] + (*run)["operations_failed"], 0);
  }
}

TEST(DigestReadsTest, AReplicaThatCannotReadIsReplacedWhicheverItWasAskedFor) {
  const TestRun run(R"({
    "storage": { "memtable_size": "4KiB", "block_cache_size": "0B" },
    "disk": { "page_cache": "0B", "dirty_max": "0B" },
    "workload": [ { "name": "w", "rate": "500/s", "clients": 4, "mix": { "read": 1 } } ],
    "faults": [ { "at": "500ms", "for": "2s",
                  "disk_read_error": { "node": 2, "files": "sstable" } } ] })");
  EXPECT_GT(run["disk_read_errors_injected"], 100);
  EXPECT_GT(run["digest_reads"], 1000);
  EXPECT_EQ(run["operations_failed"] + run["stale_reads"], 0);
}

// Node 1 hears everything 50 ms late; reads are of nodes 0 and 2's clients.
TestRun speculating(const std::string& retry) {
  return TestRun(R"({ "faults": [ { "at": "0s", "lag": { "node": 1, "messages": "50ms" } } ],
      "replication": { "speculative_retry": ")" +
                 retry + R"(" },
      "workload": [ { "name": "w", "rate": "300/s", "coordinators": [ 0, 2 ],
                      "mix": { "read": 1 } } ] })");
}

TEST(SpeculativeRetryTest, ReadsDoNotWaitForASlowReplicaThatAnotherCanStandInFor) {
  const TestRun never = speculating("never"), after = speculating("5ms"),
                always = speculating("always"), percentile = speculating("40p");
  EXPECT_EQ(never["speculative_retries"], 0);
  EXPECT_GT(never["read_latency_p99_ms"], 50);
  EXPECT_GT(after["speculative_retries"], 200);
  EXPECT_LT(after["read_latency_p99_ms"], 10);
  EXPECT_GE(after["read_latency_p99_ms"], 5);
  EXPECT_EQ(always["speculative_retries"], always["reads_ok"]);
  EXPECT_LT(always["read_latency_p99_ms"], 5);
  EXPECT_GT(percentile["speculative_retries"], 100);
  EXPECT_LT(percentile["read_latency_p50_ms"], 5);
  for (const TestRun* run : {&never, &after, &always, &percentile}) {
    EXPECT_GT((*run)["reads_ok"], 1000);
    EXPECT_EQ((*run)["operations_failed"] + (*run)["stale_reads"], 0);
  }
}

TEST(SpeculativeRetryTest, AReplicaThatIsDeadButNotYetKnownToBeCostsNoTimeout) {
  const auto cut = [](const std::string& retry) {
    return TestRun(R"({ "faults": [ { "at": "1s", "for": "3s", "crash": { "node": 1 } } ],
        "replication": { "speculative_retry": ")" +
                   retry + R"(" },
        "workload": [ { "name": "w", "rate": "500/s", "coordinators": [ 0, 2 ],
                        "mix": { "read": 1 } } ] })");
  };
  EXPECT_GT(cut("never")["operations_failed"], 10);
  const TestRun speculating = cut("20ms");
  EXPECT_EQ(speculating["operations_failed"], 0);
  EXPECT_GT(speculating["speculative_retries"], 10);
}

}  // namespace
}  // namespace revenant::sim
