// The device against what queueing theory, its published figures and plain sums say it must do.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <vector>

#include "sim/disk/device_queue.h"
#include "sim/disk/stored_file.h"
#include "tests/sim/disk/bare_machine.h"

namespace revenant::sim {
namespace {

DeviceOperation read_of(uint64_t bytes = kPageSize) {
  return {.kind = DeviceOperationKind::kRead, .bytes = bytes, .file = 1, .first_page = 0};
}
// An append to a log that goes on where it ended, with its sync.
DeviceOperation durable_append() {
  return {.kind = DeviceOperationKind::kWrite,
          .bytes = kPageSize,
          .file = 1,
          .first_page = 0,
          .flush = Flush::kYes};
}

// Only latency: bytes move in no time.
DiskOptions latency_only(Duration latency, int64_t depth) {
  DiskOptions options = profile(DiskProfile::kIdeal);
  options.read_latency = options.write_latency = options.sync_latency = latency;
  options.queue_depth = depth;
  return options;
}

// --- distribution of latencies ---

std::vector<double> sorted_latencies(const DiskOptions& options, int draws) {
  Latency latency(options, Random(7, "latency"));
  std::vector<double> all;
  for (int i = 0; i < draws; ++i)
    all.push_back(static_cast<double>(latency.draw(milliseconds(1)).ns) / 1e6);
  std::ranges::sort(all);
  return all;
}
double percentile(const std::vector<double>& sorted, double p) {
  return sorted[static_cast<size_t>(p * static_cast<double>(sorted.size()))];
}
double mean(const std::vector<double>& all) {
  double sum = 0;
  for (double x : all) sum += x;
  return sum / static_cast<double>(all.size());
}

constexpr int kDraws = 200'000;

TEST(Latency, a_constant_is_the_mean_and_draws_nothing) {
  DiskOptions options;
  Random before(7, "latency");
  Latency latency(options, before);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(latency.draw(milliseconds(1)), milliseconds(1));
  options.latency = LatencyDistribution::kLognormal;
  options.latency_floor = 1;
  EXPECT_EQ(Latency(options, before).draw(milliseconds(3)), milliseconds(3));
}

TEST(Latency, a_uniform_one_is_even_between_the_floor_and_as_far_above_the_mean) {
  DiskOptions options;
  options.latency = LatencyDistribution::kUniform;
  options.latency_floor = 0.6;
  const auto all = sorted_latencies(options, kDraws);
  EXPECT_GE(all.front(), 0.6);
  EXPECT_LT(all.back(), 1.4);
  EXPECT_NEAR(percentile(all, 0.25), 0.8, 0.004);
  EXPECT_NEAR(percentile(all, 0.5), 1.0, 0.004);
  EXPECT_NEAR(percentile(all, 0.99), 1.392, 0.004);
  EXPECT_NEAR(mean(all), 1.0, 0.002);
}

TEST(Latency, an_exponential_one_has_its_percentiles) {
  DiskOptions options;
  options.latency = LatencyDistribution::kExponential;
  options.latency_floor = 0.5;
  const auto all = sorted_latencies(options, kDraws);
  EXPECT_GE(all.front(), 0.5);
  // 0.5 + 0.5 * -ln(1 - p)
  EXPECT_NEAR(percentile(all, 0.5), 0.5 + 0.5 * 0.6931, 0.005);
  EXPECT_NEAR(percentile(all, 0.95), 0.5 + 0.5 * 2.9957, 0.02);
  EXPECT_NEAR(percentile(all, 0.99), 0.5 + 0.5 * 4.6052, 0.04);
  EXPECT_NEAR(mean(all), 1.0, 0.003);
}

TEST(Latency, a_lognormal_one_has_its_percentiles) {
  DiskOptions options;
  options.latency = LatencyDistribution::kLognormal;
  options.latency_sigma = 0.613;
  const auto all = sorted_latencies(options, kDraws);
  // The mean is 1, so the median is exp(-s^2 / 2), and the p-th quantile exp(z s) of it.
  EXPECT_NEAR(percentile(all, 0.5), 0.8287, 0.004);
  EXPECT_NEAR(percentile(all, 0.95), 0.8287 * 2.741, 0.02);   // z = 1.6449
  EXPECT_NEAR(percentile(all, 0.99), 0.8287 * 4.1625, 0.05);  // z = 2.3263
  EXPECT_NEAR(mean(all), 1.0, 0.003);
}

// --- queueing ---

// Poisson arrivals at one server, open loop: the mean time before service begins.
double wait_at(double utilisation, const DiskOptions& options, int arrivals) {
  DeviceQueue queue = queue_of(options);
  Random random(3, "arrivals");
  const double gap = static_cast<double>(options.read_latency.ns) / utilisation;
  double at = 0, waited = 0, served = 0;
  for (int i = 0; i < arrivals; ++i) {
    at += random.exponential(gap);
    const Instant now{static_cast<int64_t>(at)};
    const Instant finish = queue.submit(read_of(), now);
    waited += static_cast<double>((finish - now).ns);
    served += static_cast<double>(options.read_latency.ns);
  }
  return (waited - served) / arrivals / 1e3;
}

TEST(DeviceQueueing, a_constant_service_waits_as_an_m_d_1_queue) {
  // Pollaczek and Khinchine: rho S / 2 (1 - rho), with S = 100 us.
  const DiskOptions options = latency_only(microseconds(100), 1);
  EXPECT_NEAR(wait_at(0.3, options, 300'000), 21.43, 0.4);
  EXPECT_NEAR(wait_at(0.5, options, 300'000), 50.0, 1.0);
  EXPECT_NEAR(wait_at(0.8, options, 300'000), 200.0, 8.0);
}

TEST(DeviceQueueing, an_exponential_service_waits_as_an_m_m_1_queue) {
  DiskOptions options = latency_only(microseconds(100), 1);
  options.latency = LatencyDistribution::kExponential;
  // rho S / (1 - rho): twice as long.
  EXPECT_NEAR(wait_at(0.5, options, 300'000), 100.0, 3.0);
}

// `clients`, each with one read at a time: reads a second.
double closed_loop(const DiskOptions& options, int clients, int reads) {
  DeviceQueue queue = queue_of(options);
  std::priority_queue<Instant, std::vector<Instant>, std::greater<>> ready;
  for (int i = 0; i < clients; ++i) ready.push(Instant{});
  Instant last;
  for (int i = 0; i < reads; ++i) {
    const Instant now = ready.top();
    ready.pop();
    last = queue.submit(read_of(), now);
    ready.push(last);
  }
  return reads / last.in_seconds();
}

// Haas and Leis, VLDB'23: 100 us a read, 1.56 million reads a second per drive, which by Little's
// law takes 156 in flight.
TEST(DeviceQueueing, a_closed_loop_obeys_littles_law_up_to_the_knee) {
  DiskOptions options = latency_only(microseconds(100), 512);
  options.iops = 1'560'000;
  EXPECT_NEAR(closed_loop(options, 1, 1'000), 10'000, 10);
  EXPECT_NEAR(closed_loop(options, 32, 100'000), 320'000, 3'200);
  EXPECT_NEAR(closed_loop(options, 100, 100'000), 0.64 * 1.56e6, 0.01 * 1.56e6);
  EXPECT_NEAR(closed_loop(options, 156, 100'000), 1.56e6, 0.01 * 1.56e6);
  EXPECT_NEAR(closed_loop(options, 512, 100'000), 1.56e6, 0.01 * 1.56e6);
}

TEST(DeviceQueueing, slots_cap_a_closed_loop_too) {
  const DiskOptions options = latency_only(microseconds(100), 32);
  EXPECT_NEAR(closed_loop(options, 16, 100'000), 160'000, 1'600);
  EXPECT_NEAR(closed_loop(options, 64, 100'000), 320'000, 3'200);
}

// --- credits ---

TEST(TokenBucket, without_capacity_it_spaces_exactly_by_its_rate) {
  TokenBucket bucket(3, 0);
  EXPECT_EQ(bucket.take(1, Instant{}), Instant{});
  EXPECT_EQ(bucket.take(1, Instant{}), Instant{333'333'333});
  EXPECT_EQ(bucket.take(1, Instant{}), Instant{666'666'666});
  EXPECT_EQ(bucket.take(1, Instant{}), Instant{1'000'000'000});
  EXPECT_EQ(bucket.take(2, Instant{}), Instant{1'333'333'333});
  EXPECT_EQ(bucket.take(1, Instant{}), Instant{2'000'000'000});  // after the two
}

TEST(TokenBucket, it_earns_no_more_than_its_capacity) {
  TokenBucket bucket(1'000, 5);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(bucket.take(1, Instant{}), Instant{});
  EXPECT_EQ(bucket.take(1, Instant{}), Instant{} + milliseconds(1));
  const Instant later = Instant{} + hours(1);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(bucket.take(1, later), later);
  EXPECT_EQ(bucket.take(1, later), later + milliseconds(1));
}

// 5.4 million credits, spent at 3,000 and earned at 300 a second, last 5.4e6 / 2,700 = 2,000 s.
// Amazon's "30 minutes" leaves out what is earned meanwhile.
TEST(DiskProfile, ebs_gp2_does_3000_iops_until_its_credits_are_gone_and_then_300) {
  DiskOptions options = profile(DiskProfile::kEbsGp2);
  options.read_bandwidth = profile(DiskProfile::kIdeal).read_bandwidth;
  DeviceQueue queue = queue_of(options);
  // A hundred operations' worth at a time, so that there need not be six million.
  const auto hundreds = [&queue](int count, Instant from) {
    Instant finish;
    for (int i = 0; i < count; ++i) finish = queue.submit(read_of(100 << 18), from);
    return finish;
  };
  const Instant spent = hundreds(60'000, Instant{});
  EXPECT_NEAR(spent.in_seconds(), 2'000, 1);
  const Instant held = hundreds(30, spent);
  EXPECT_NEAR((held - spent).in_seconds(), 10, 1);
  // An idle hour earns 300 * 3,600 = 1.08 million, which last 1.08e6 / 2,700 = 400 s.
  const Instant rested = held + hours(1);
  EXPECT_NEAR((hundreds(12'000, rested) - rested).in_seconds(), 400, 1);
  EXPECT_NEAR((hundreds(30, rested + seconds(400)) - rested).in_seconds(), 410, 1);
}

TEST(DiskProfile, ebs_gp3_does_3000_iops_and_125_mib_a_second_without_a_burst) {
  DeviceQueue small = queue_of(profile(DiskProfile::kEbsGp3));
  Instant finish;
  for (int i = 0; i < 30'000; ++i) finish = small.submit(read_of(), Instant{});
  EXPECT_NEAR(finish.in_seconds(), 10, 0.01);
  DeviceQueue large = queue_of(profile(DiskProfile::kEbsGp3));
  for (int i = 0; i < 1'250; ++i) finish = large.submit(read_of(1 << 20), Instant{});
  EXPECT_NEAR(finish.in_seconds(), 10, 0.01);
}

TEST(DeviceQueueing, an_operation_above_256_kib_counts_as_several) {
  DiskOptions options = latency_only(nanoseconds(0), 1);
  options.iops = 1'000;
  DeviceQueue queue = queue_of(options);
  EXPECT_EQ(queue.submit(read_of(1 << 20), Instant{}), Instant{});  // four
  EXPECT_EQ(queue.submit(read_of(), Instant{}), Instant{} + milliseconds(4));
  EXPECT_EQ(queue.submit(read_of(), Instant{}), Instant{} + milliseconds(5));
}

// --- published figures ---

// Durable appends a second at queue depth 1.
double durable_appends(DiskProfile which) {
  DeviceQueue queue = queue_of(profile(which));
  constexpr int kCount = 20'000;
  queue.submit(durable_append(), Instant{});  // the head is where the log ends
  const Instant begin = Instant{} + seconds(1);
  Instant finish = begin;
  for (int i = 0; i < kCount; ++i) finish = queue.submit(durable_append(), finish);
  return kCount / (finish - begin).in_seconds();
}

TEST(DiskProfile, durable_appends_come_at_the_published_rate) {
  EXPECT_NEAR(durable_appends(DiskProfile::kHdd7200), 82, 0.02 * 82);
  EXPECT_NEAR(durable_appends(DiskProfile::kNvmeConsumer), 802, 0.02 * 802);
  EXPECT_NEAR(durable_appends(DiskProfile::kOptane), 33'760, 0.02 * 33'760);
  const double us = 1e6 / durable_appends(DiskProfile::kNvmeEnterprise);
  EXPECT_GT(us, 12);
  EXPECT_LT(us, 58);
}

TEST(DiskProfile, a_consumer_nvme_writes_46772_pages_a_second_that_are_not_durable) {
  DeviceQueue queue = queue_of(profile(DiskProfile::kNvmeConsumer));
  Instant finish;
  for (uint64_t i = 0; i < 10'000; ++i) {
    finish = queue.submit(
        {.kind = DeviceOperationKind::kWrite, .bytes = kPageSize, .file = 1, .first_page = 7 * i},
        finish);
  }
  EXPECT_NEAR(10'000 / finish.in_seconds(), 46'772, 0.02 * 46'772);
}

// Mean 0.58 ms and 99th percentile 2 ms on commodity SSDs: a ratio of 3.45.
TEST(DiskProfile, a_sata_ssds_tail_is_that_of_voldemorts) {
  const auto all = sorted_latencies(profile(DiskProfile::kSataSsd), kDraws);
  EXPECT_NEAR(percentile(all, 0.99) / mean(all), 3.45, 0.07);
}

// --- group commit ---

// Writers that each append a little to one log and sync it, again and again: commits a second.
double group_commit(int writers) {
  constexpr int64_t kSeconds = 2;
  BareMachine machine(profile(DiskProfile::kNvmeConsumer));
  uint64_t commits = 0;
  std::unique_ptr<env::AppendFile> log;
  machine.run([&] { log = machine.create("log"); });
  for (int i = 0; i < writers; ++i) {
    machine.spawn([&] {
      for (;;) {
        EXPECT_TRUE(log->append("twelve bytes", kWal).has_value());
        EXPECT_TRUE(log->sync(kWal).has_value());
        ++commits;
      }
    });
  }
  machine.pass(seconds(kSeconds));
  machine.kill();
  log.reset();
  return static_cast<double>(commits) / kSeconds;
}

// A sync takes 1.247 ms and carries all that was appended before it began. Whoever wakes first after
// one syncs alone, and all others share the next: 1 + g commits in two syncs. (The database's commit
// queue lets the others come in first.)
TEST(GroupCommit, writers_share_syncs) {
  const double alone = group_commit(1);
  EXPECT_NEAR(alone, 802, 0.02 * 802);
  EXPECT_NEAR(group_commit(4), 2.5 * alone, 0.05 * 2.5 * alone);
  EXPECT_NEAR(group_commit(64), 32.5 * alone, 0.05 * 32.5 * alone);
}

}  // namespace
}  // namespace revenant::sim
