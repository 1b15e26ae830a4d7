// Group commit through the Db's own commit queue, against arithmetic: writers on a simulated disk,
// each of which writes again as soon as its write is acknowledged.
#include <gtest/gtest.h>

#include "engine/lsm/db.h"
#include "sim/disk/sim_disk.h"
#include "tests/engine/lsm/node.h"

namespace revenant::lsm {
namespace {

constexpr double kSync =
    1.247e-3;  // seconds of a durable append on a consumer's NVMe: 802 a second

// Commits a second.
double commits(WalOptions wal, int writers, ByteSize value_size = {100}) {
  constexpr Duration kTime = milliseconds(500);
  sim::Kernel kernel(1);
  sim::DiskOptions disk_options;
  disk_options.profile = sim::DiskProfile::kNvmeConsumer;
  disk_options.apply_profile();
  sim::SimDisk disk(kernel, NodeId{}, disk_options);
  const auto files = disk.mount();
  uint64_t count = 0;
  std::unique_ptr<Db> db;
  {
    Node node(kernel, *files);
    node.spawn([&] {
      LsmOptions options;
      options.memtable_size = mib(256);  // no flush
      options.wal = wal;
      db = Db::open(node.environment(), options, "db").value();
    });
    kernel.run_until(kernel.now() + seconds(1));
    for (int writer = 0; writer < writers; ++writer) {
      node.spawn([&, writer] {
        const Buffer value(static_cast<size_t>(value_size.bytes), 'v');
        for (uint64_t i = 1;; ++i) {
          WriteBatch batch;
          batch.put(fmt::format("{:04}", writer), value, Version{i});
          EXPECT_TRUE(db->write(std::move(batch)).has_value());
          ++count;
        }
      });
    }
    kernel.run_until(kernel.now() + kTime);
    disk.kill_process();
    node.kill();
    db.reset();
  }
  return static_cast<double>(count) / kTime.in_seconds();
}

void expect_within_5_percent(double found, double expected, int writers) {
  EXPECT_NEAR(found, expected, 0.05 * expected) << writers << " writers";
}

// The one that led a group writes again before those that it wakes, and so leads the next one alone;
// all others come with the group after that, which the first one joins: 1 + g commits in two syncs.
TEST(GroupCommit, without_a_window_writers_take_turns_with_one_that_goes_alone) {
  for (const int writers : {1, 2, 4, 16, 64}) {
    expect_within_5_percent(commits({.sync = WalSync::kAlways}, writers),
                            (1.0 + writers) / 2 / kSync, writers);
  }
}

// A leader waits for company for as long as the window, and finds everybody: g commits in a window
// and a sync.
TEST(GroupCommit, with_a_window_every_sync_is_shared_by_all) {
  for (const Duration window : {microseconds(50), milliseconds(1)}) {
    for (const int writers : {1, 4, 64, 256}) {
      expect_within_5_percent(
          commits({.sync = WalSync::kGroup, .sync_group_window = window}, writers),
          writers / (window.in_seconds() + kSync), writers);
    }
  }
}

// 64 values of 4 KiB take as long as an eighth of a sync.
TEST(GroupCommit, large_groups_also_wait_for_their_bytes) {
  constexpr double kBytes = 64 * 4096.0, kBandwidth = 1.5e9;
  constexpr Duration kWindow = microseconds(50);
  expect_within_5_percent(
      commits({.sync = WalSync::kGroup, .sync_group_window = kWindow}, 64, kib(4)),
      64 / (kWindow.in_seconds() + kSync + kBytes / kBandwidth), 64);
}

}  // namespace
}  // namespace revenant::lsm
