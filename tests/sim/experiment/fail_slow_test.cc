// One of three replicas is slow: what clients see, against order statistics.
//
// A durable write takes an exponential time on each replica's disk, mean 1 ms, or k ms where the
// device limps by a factor of k. The network takes no time, and writes are far apart, so a write's
// latency at level r is the r-th smallest of the three.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "tests/sim/experiment/test_run.h"

namespace revenant::sim {
namespace {

struct Latencies final : Observer {
  void operation(const Operation& operation) override {
    EXPECT_EQ(operation.outcome, client::Outcome::kOk);
    ms.push_back((operation.completed - operation.intended).in_seconds() * 1e3);
  }
  double quantile(double p) {
    std::ranges::sort(ms);
    return ms[static_cast<size_t>(p * static_cast<double>(ms.size()))];
  }
  std::vector<double> ms;
};

// 30,000 writes in 300,000 s.
Latencies writes_at(const std::string& level, const std::string& fault) {
  Latencies latencies;
  const TestRun run(fmt::format(R"({{ "duration": "300000s",
        "storage": {{ "memtable_size": "64MiB" }},
        "replication": {{ "write": "{}", "hinted_handoff": "off", "write_timeout": "1h",
                          "heartbeat": "1000s", "failure_detection": "10000s" }},
        "disk": {{ "write_latency": "0ms", "sync_latency": "1ms", "latency": "exponential" }},
        "network": {{ "profile": "ideal" }},
        "workload": [ {{ "name": "w", "rate": "0.1/s", "mix": {{ "update": 1 }} }} ],
        "faults": [ {} ] }})",
                                level, fault),
                    1, {&latencies});
  EXPECT_GT(latencies.ms.size(), 29'000u);
  return latencies;
}

// Where the distribution reaches p.
double inverse(const std::function<double(double)>& distribution, double p) {
  double low = 0, high = 1e6;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (distribution(middle) < p ? low : high) = middle;
  }
  return low;
}

void expect_distribution(Latencies latencies, const std::function<double(double)>& distribution,
                         const std::string& what) {
  for (const double p : {0.5, 0.9, 0.99}) {
    const double expected = inverse(distribution, p);
    EXPECT_NEAR(latencies.quantile(p), expected, 0.03 * expected) << what << ", quantile " << p;
  }
}

double healthy(double ms) { return 1 - std::exp(-ms); }
double limping(double ms, double factor) { return 1 - std::exp(-ms / factor); }

// Two of three: both healthy ones, or the slow one and either of them.
double two_of_three(double f, double slow) { return f * f + 2 * f * (1 - f) * slow; }

TEST(FailSlow, a_quorum_hardly_sees_a_slow_disk) {
  double p99_before = 0;
  for (const double factor : {1.0, 10.0, 100.0}) {
    const std::string fault =
        factor == 1 ? ""
                    : fmt::format(R"({{ "at": "0s", "disk_slow": {{ "node": 2, "factor": {} }} }})",
                                  factor);
    Latencies latencies = writes_at("QUORUM", fault);
    const double p99 = latencies.quantile(0.99);
    expect_distribution(
        std::move(latencies),
        [&](double ms) { return two_of_three(healthy(ms), limping(ms, factor)); },
        fmt::format("factor {}", factor));
    if (factor == 1) p99_before = p99;
    EXPECT_LT(p99, 2 * p99_before) << "however slow it is";
  }
}

TEST(FailSlow, a_quorum_hardly_sees_a_disk_that_never_answers) {
  expect_distribution(
      writes_at("QUORUM", R"({ "at": "0s", "disk_stall": { "node": 2, "length": "400000s" } })"),
      [](double ms) { return two_of_three(healthy(ms), 0); }, "stall");
}

TEST(FailSlow, all_is_as_slow_as_the_slowest) {
  for (const double factor : {10.0, 100.0}) {
    expect_distribution(
        writes_at(
            "ALL",
            fmt::format(R"({{ "at": "0s", "disk_slow": {{ "node": 2, "factor": {} }} }})", factor)),
        [&](double ms) { return healthy(ms) * healthy(ms) * limping(ms, factor); },
        fmt::format("factor {}", factor));
  }
}

// A message costs a processor 1 ms, and nothing else takes time. A write takes three in a row: the
// client's request at the coordinator, the write at a replica, its acknowledgement at the coordinator.
// A slow follower is not waited for. A slow coordinator pays the first and the third ten times over.
TEST(FailSlow, a_slow_coordinator_is_seen_and_a_slow_follower_is_not) {
  const auto median = [](int slow) {
    Latencies latencies;
    const TestRun run(fmt::format(R"({{ "duration": "1000s",
        "cluster": {{ "cpu": {{ "cores": 8, "per_message": "1ms", "bandwidth": "unlimited" }} }},
        "disk": {{ "profile": "ideal" }}, "network": {{ "profile": "ideal" }},
        "workload": [ {{ "name": "w", "rate": "1/s", "coordinators": 0, "mix": {{ "update": 1 }} }} ],
        "faults": [ {{ "at": "0s", "slow_cpu": {{ "node": {}, "factor": 10 }} }} ] }})",
                                  slow),
                      1, {&latencies});
    return latencies.quantile(0.5);
  };
  EXPECT_NEAR(median(2), 3, 0.001);
  EXPECT_NEAR(median(0), 21, 0.001);
}

}  // namespace
}  // namespace revenant::sim
