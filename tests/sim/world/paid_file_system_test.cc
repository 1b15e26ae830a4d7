#include "sim/world/paid_file_system.h"

#include <gtest/gtest.h>

#include "sim/disk/sim_disk.h"

namespace revenant::sim {
namespace {

constexpr env::Cause kFlush{env::CauseKind::kFlush}, kWal{env::CauseKind::kWal},
    kClientRead{env::CauseKind::kClientRead};

// A core, and a disk that takes no time.
class PaidFileSystemTest : public testing::Test {
 protected:
  PaidFileSystemTest() {
    options.cores = 1;
    DiskOptions ideal;
    ideal.profile = DiskProfile::kIdeal;
    ideal.apply_profile();
    disk.emplace(kernel, NodeId{0}, ideal);
  }
  // How long `body` takes as a task.
  Duration time(const std::function<void(env::FileSystem&)>& body) {
    Cpu cpu(kernel, {0}, options);
    const GroupId group = kernel.new_group({0});
    const auto files = make_paid_file_system(disk->mount(), cpu, options);
    const Instant begin = kernel.now();
    Duration taken;
    kernel.spawn(group, "test", [&] {
      body(*files);
      taken = kernel.now() - begin;
    });
    kernel.run_until(begin + hours(1));
    EXPECT_EQ(cpu.totals().busy, taken);
    disk->kill_process();
    kernel.kill(group);
    return taken;
  }

  CpuOptions options;
  Kernel kernel{1};
  std::optional<SimDisk> disk;
};

constexpr auto kWriteAndRead = [](env::FileSystem& files, env::Cause write, env::Cause read) {
  {
    const auto file = files.create("f").value();
    EXPECT_TRUE(file->append(Buffer(1 << 20, 'x'), write).has_value());
    EXPECT_TRUE(file->append(Buffer(1 << 20, 'x'), write).has_value());
    EXPECT_TRUE(file->sync(write).has_value());
  }
  const auto file = files.open("f").value();
  Buffer out;
  EXPECT_TRUE(file->read(0, 512 << 10, out, read).has_value());
  EXPECT_EQ(out.size(), 512u << 10);
};

TEST_F(PaidFileSystemTest, IsFreeUnlessAskedFor) {
  EXPECT_EQ(time([](auto& files) { kWriteAndRead(files, kFlush, kFlush); }), Duration{});
}

// Two appends, a sync and a read.
TEST_F(PaidFileSystemTest, EachOperationCostsACoresTime) {
  options.per_io = microseconds(10);
  EXPECT_EQ(time([](auto& files) { kWriteAndRead(files, kWal, kClientRead); }), microseconds(40));
}

// 2 MiB written and half a MiB read at 128 MiB a second: 19.53125 ms.
TEST_F(PaidFileSystemTest, JobsPayForTheirBytes) {
  options.job_bandwidth = Bandwidth{128 << 20};
  EXPECT_EQ(time([](auto& files) { kWriteAndRead(files, kFlush, env::Cause::compaction(0, 1)); }),
            nanoseconds(19'531'250));
}

TEST_F(PaidFileSystemTest, OthersDoNot) {
  options.job_bandwidth = Bandwidth{128 << 20};
  EXPECT_EQ(time([](auto& files) { kWriteAndRead(files, kWal, kClientRead); }), Duration{});
}

}  // namespace
}  // namespace revenant::sim
