// Each expected time is worked out by hand from the round figures: a page moves in 1 us, a read
// takes 100 us, a write 20 us, a sync 30 us besides.
#include "sim/disk/device_queue.h"

#include <gtest/gtest.h>

#include "sim/disk/stored_file.h"
#include "tests/sim/disk/bare_machine.h"

namespace revenant::sim {
namespace {

DeviceOperation read(uint64_t pages) {
  return {
      .kind = DeviceOperationKind::kRead, .bytes = pages * kPageSize, .file = 1, .first_page = 50};
}
DeviceOperation write(uint64_t pages, uint64_t first_page = 0, uint64_t file = 1) {
  return {.kind = DeviceOperationKind::kWrite,
          .bytes = pages * kPageSize,
          .file = file,
          .first_page = first_page};
}
constexpr DeviceOperation kSync{.kind = DeviceOperationKind::kSync};

DiskOptions depth(int64_t n) {
  DiskOptions options = round_figures();
  options.queue_depth = n;
  return options;
}

TEST(DeviceQueue, a_lone_operation_takes_latency_and_transfer) {
  DeviceQueue queue = queue_of(depth(1));
  EXPECT_EQ(queue.submit(read(1), us(0)), us(100 + 1));
  EXPECT_EQ(queue.submit(write(3), us(1000)), us(1000 + 20 + 3));
  EXPECT_EQ(queue.submit(kSync, us(2000)), us(2000 + 30));
}

TEST(DeviceQueue, at_depth_one_operations_follow_each_other) {
  DeviceQueue queue = queue_of(depth(1));
  EXPECT_EQ(queue.submit(read(1), us(0)), us(101));
  EXPECT_EQ(queue.submit(read(1), us(0)), us(202));
  EXPECT_EQ(queue.submit(kSync, us(50)), us(232));
}

TEST(DeviceQueue, at_depth_two_latencies_overlap_and_bytes_do_not) {
  DeviceQueue queue = queue_of(depth(2));
  EXPECT_EQ(queue.submit(read(10), us(0)), us(110));  // channel 0-10
  EXPECT_EQ(queue.submit(read(10), us(0)), us(120));  // channel 10-20
  // Both slots are taken: the first falls free at 110, and the channel is free then.
  EXPECT_EQ(queue.submit(read(10), us(0)), us(220));
  // The next slot falls free at 120, just as the channel does.
  EXPECT_EQ(queue.submit(read(10), us(0)), us(230));
}

TEST(DeviceQueue, reads_and_writes_share_the_channel) {
  DeviceQueue queue = queue_of(depth(4));
  EXPECT_EQ(queue.submit(write(500), us(0)), us(520));       // channel 0-500
  EXPECT_EQ(queue.submit(read(1), us(10)), us(501 + 100));   // channel 500-501
  EXPECT_EQ(queue.submit(kSync, us(10)), us(10 + 30));       // moves nothing
  EXPECT_EQ(queue.submit(read(1), us(700)), us(700 + 101));  // long idle
}

TEST(DeviceQueue, a_full_queue_reaches_depth_per_latency) {
  DeviceQueue queue = queue_of(depth(4));
  Instant finish;
  for (int i = 0; i < 400; ++i) finish = queue.submit(read(1), us(0));
  // Four at a time take 100 us and a page, and the later three of a round wait for the channel of
  // those before: the first round ends at 101, 102, 103, 104, each next 101 later.
  EXPECT_EQ(finish, us(100 * 101 + 3));
}

TEST(DeviceQueue, a_full_queue_of_large_operations_reaches_the_bandwidth) {
  DeviceQueue queue = queue_of(depth(4));
  Instant finish;
  for (int i = 0; i < 100; ++i) finish = queue.submit(read(1000), us(0));
  EXPECT_EQ(finish, us(100 * 1000 + 100));
}

TEST(DeviceQueue, a_write_that_goes_on_needs_no_positioning) {
  DeviceQueue queue = queue_of(depth(1));
  EXPECT_EQ(queue.submit(write(2, 0), us(0)), us(22));        // pages 0, 1
  EXPECT_EQ(queue.submit(write(1, 1), us(100)), us(101));     // page 1 again
  EXPECT_EQ(queue.submit(write(1, 2), us(200)), us(201));     // the next
  EXPECT_EQ(queue.submit(write(1, 4), us(300)), us(321));     // one left out
  EXPECT_EQ(queue.submit(write(1, 5, 2), us(400)), us(421));  // another file
  EXPECT_EQ(queue.submit(read(1), us(500)), us(601));         // the head moves away
  EXPECT_EQ(queue.submit(write(1, 6, 2), us(700)), us(721));
}

TEST(DeviceQueue, a_write_with_a_flush_is_one_operation) {
  DeviceQueue queue = queue_of(depth(1));
  DeviceOperation operation = write(1);
  operation.flush = Flush::kYes;
  EXPECT_EQ(queue.submit(operation, us(0)), us(20 + 1 + 30));
  EXPECT_EQ(queue.totals().syncs, 1u);
}

TEST(DeviceQueue, lag_is_added_to_every_operation) {
  DeviceQueue queue = queue_of(depth(1));
  queue.set_lag(milliseconds(5));
  EXPECT_EQ(queue.submit(read(1), us(0)), us(5101));
  EXPECT_EQ(queue.submit(kSync, us(6000)), us(11030));
  queue.set_lag(nanoseconds(0));
  EXPECT_EQ(queue.submit(kSync, us(20000)), us(20030));
}

TEST(DeviceQueue, the_ideal_profile_takes_no_time) {
  DeviceQueue queue = queue_of(profile(DiskProfile::kIdeal));
  EXPECT_TRUE(queue.instant());
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(queue.submit(write(1000), us(7)), us(7));
  queue.set_lag(microseconds(1));
  EXPECT_FALSE(queue.instant());
  EXPECT_FALSE(queue_of(profile(DiskProfile::kNvmeEnterprise)).instant());
  EXPECT_FALSE(queue_of(profile(DiskProfile::kHdd7200)).instant());
}

TEST(DeviceQueue, a_power_cycle_empties_it_and_keeps_the_totals) {
  DeviceQueue queue = queue_of(depth(1));
  for (int i = 0; i < 100; ++i) queue.submit(read(1), us(0));
  queue.reset();
  EXPECT_EQ(queue.submit(read(1), us(10)), us(111));
  EXPECT_EQ(queue.totals().reads, 101u);
  EXPECT_EQ(queue.totals().bytes_read, 101 * kPageSize);
}

// What the published figures behind a profile add up to (profiles.cc).
TEST(DiskProfile, nvme_reads_a_million_and_a_half_pages_a_second) {
  DeviceQueue queue = queue_of(profile(DiskProfile::kNvmeEnterprise));
  Instant finish;
  for (int i = 0; i < 150'000; ++i) finish = queue.submit(read(1), us(0));
  EXPECT_NEAR(150'000 / finish.in_seconds(), 1.5e6, 0.03e6);
}

TEST(DiskProfile, hdd_reads_79_pages_a_second_and_syncs_a_log_82_times) {
  DeviceQueue queue = queue_of(profile(DiskProfile::kHdd7200));
  Instant finish;
  for (int i = 0; i < 7'900; ++i) finish = queue.submit(read(1), us(0));
  EXPECT_NEAR(finish.in_seconds(), 100, 1);
  DeviceQueue log = queue_of(profile(DiskProfile::kHdd7200));
  for (int i = 0; i < 8'200; ++i) {
    DeviceOperation operation = write(1);
    operation.flush = Flush::kYes;
    finish = log.submit(operation, us(0));
  }
  EXPECT_NEAR(finish.in_seconds(), 100, 1);
}

}  // namespace
}  // namespace revenant::sim
