// A machine with nothing but a disk and a process that uses it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/random.h"
#include "sim/disk/device_queue.h"
#include "sim/disk/sim_disk.h"
#include "sim/kernel/kernel.h"

namespace revenant::sim {

constexpr env::Cause kWal{env::CauseKind::kWal};
constexpr env::Cause kFlush{env::CauseKind::kFlush};
constexpr env::Cause kManifest{env::CauseKind::kManifest};
constexpr env::Cause kClientRead{env::CauseKind::kClientRead};

inline DiskOptions profile(DiskProfile profile) {
  DiskOptions options;
  options.profile = profile;
  options.apply_profile();
  return options;
}

// Round figures: a page moves in 1 us, a read takes 100 us, a write 20 us, a sync 30 us besides.
inline DiskOptions round_figures() {
  DiskOptions options;
  options.read_latency = microseconds(100);
  options.write_latency = microseconds(20);
  options.sync_latency = microseconds(30);
  options.read_bandwidth = options.write_bandwidth = {int64_t{4096} * 1'000'000};
  options.queue_depth = 4;
  options.read_ahead = {0};
  return options;
}

inline DeviceQueue queue_of(const DiskOptions& options, uint64_t seed = 1) {
  return {options, Random(seed, "latency")};
}

inline Instant us(int64_t n) { return Instant{} + microseconds(n); }

// A file's bytes from its begin. None is zero, which is what a lost page reads as.
inline std::string content(uint64_t size) {
  std::string bytes;
  for (uint64_t i = 0; i < size; ++i)
    bytes.push_back(static_cast<char>(1 + (i * 7 + i / 253) % 250));
  return bytes;
}

class BareMachine {
 public:
  explicit BareMachine(const DiskOptions& options = profile(DiskProfile::kIdeal), uint64_t seed = 1)
      : kernel(seed), disk(kernel, NodeId{3}, options) {
    start();
  }
  ~BareMachine() { kernel.kill(group); }

  // A new life of the process.
  void start() {
    files = disk.mount();
    group = kernel.new_group(NodeId{3});
  }
  void kill() {
    disk.kill_process();
    kernel.kill(group);
  }
  CrashReport lose_power() {
    const CrashReport report = disk.lose_power();
    kernel.kill(group);
    return report;
  }

  void spawn(std::move_only_function<void()> body) { kernel.spawn(group, "test", std::move(body)); }
  // Runs the body as a task to its end; the virtual time that took.
  Duration run(std::move_only_function<void()> body) {
    const Instant begin = kernel.now();
    bool ended = false;
    spawn([&] {
      body();
      ended = true;
      kernel.stop();
    });
    kernel.run_until(begin + days(1));
    EXPECT_TRUE(ended) << "the task never ends";
    return kernel.now() - begin;
  }
  void pass(Duration time) { kernel.run_until(kernel.now() + time); }

  // --- within a task ---
  std::unique_ptr<env::AppendFile> create(const std::string& path) {
    auto file = files->create(path);
    EXPECT_TRUE(file.has_value()) << path;
    return std::move(*file);
  }
  std::unique_ptr<env::AppendFile> write(const std::string& path, Bytes bytes,
                                         env::Cause cause = kWal) {
    auto file = create(path);
    EXPECT_TRUE(file->append(bytes, cause).has_value());
    return file;
  }
  std::string read(const std::string& path) {
    auto file = files->open(path);
    if (!file.has_value()) return "<" + std::string(to_string(file.error().code)) + ">";
    return read(**file, 0, (*file)->size());
  }
  std::string read(env::ReadFile& file, uint64_t offset, uint64_t size) {
    Buffer out;
    EXPECT_TRUE(file.read(offset, size, out, kClientRead).has_value());
    return out;
  }
  std::vector<std::string> names() { return files->list("").value(); }
  void sync_directory(const std::string& directory) {
    EXPECT_TRUE(files->sync_directory(directory, kManifest).has_value());
  }

  std::string verify() const {
    const auto result = disk.verify();
    return result.has_value() ? "closes" : result.error().message;
  }
  const LedgerRow& row(env::Cause cause) const { return disk.ledger().rows().at(cause); }

  Kernel kernel;
  SimDisk disk;
  std::unique_ptr<env::FileSystem> files;
  GroupId group;
};

}  // namespace revenant::sim
