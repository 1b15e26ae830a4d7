// A machine for tests of the Db: processes that live and die one after the other, over files that
// stay. Three of a kind: files in memory and virtual time, for tests that look into files or fail
// calls; the simulated disk; real files with jobs on a real thread.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/env/posix/posix_clock.h"
#include "engine/env/posix/posix_file_system.h"
#include "engine/env/posix/posix_tasks.h"
#include "sim/disk/sim_disk.h"
#include "tests/engine/lsm/node.h"
#include "tests/support/memory_file_system.h"

namespace revenant::lsm {

class Machine {
 public:
  virtual ~Machine() = default;

  // Starts a process. Only while there is none.
  virtual void boot() = 0;
  // Unwinds its tasks, if there are any left; its files stay as they are.
  virtual void kill() = 0;
  // Runs `body` as a task of the process, to its end.
  virtual void run(std::move_only_function<void()> body) = 0;
  virtual env::Environment environment() = 0;
  // What the process was told since boot().
  virtual Observer& observer() = 0;

  // Runs `condition` again and again, as a task, until it holds.
  void wait_until(const std::function<bool()>& condition) {
    run([&] {
      for (int turn = 0; !condition(); ++turn) {
        ASSERT_LT(turn, 10'000) << "waited in vain";
        environment().tasks.sleep(milliseconds(1));
      }
    });
  }
};

// In virtual time, over `files`.
class VirtualMachine : public Machine {
 public:
  void kill() override {
    if (node_ != nullptr) node_->kill();
  }
  void run(std::move_only_function<void()> body) override {
    bool done = false;
    node_->spawn([&] {
      body();
      done = true;
      kernel.stop();
    });
    kernel.run_until(kernel.now() + hours(1));
    ASSERT_TRUE(done) << "the task is stuck";
  }
  env::Environment environment() override { return node_->environment(); }
  Observer& observer() override { return node_->observer; }
  Node& node() { return *node_; }

  sim::Kernel kernel{1};

 protected:
  void start_node(env::FileSystem& files) { node_ = std::make_unique<Node>(kernel, files); }

 private:
  std::unique_ptr<Node> node_;
};

class MemoryMachine final : public VirtualMachine {
 public:
  void boot() override { start_node(memory); }

  tests::MemoryFileSystem memory;
};

class SimulatedMachine final : public VirtualMachine {
 public:
  void boot() override {
    files_ = disk_.mount();
    start_node(*files_);
  }
  void kill() override {
    disk_.kill_process();
    VirtualMachine::kill();
  }

 private:
  sim::SimDisk disk_{kernel, NodeId{0}, sim::DiskOptions{}};
  std::unique_ptr<env::FileSystem> files_;
};

class PosixMachine final : public Machine {
 public:
  explicit PosixMachine(env::PosixFileSystemOptions options) : options_(options) {
    std::string pattern = testing::TempDir() + "revenant_lsm_XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
  }
  ~PosixMachine() override {
    tasks_.reset();
    std::filesystem::remove_all(root_);
  }

  void boot() override {
    auto files = env::open_posix_file_system(root_, options_);
    CHECK(files.has_value(), "{}", files.error());
    files_ = std::move(*files);
    tasks_ = std::make_unique<env::PosixTasks>();
    observer_ = {};
  }
  void kill() override { tasks_->kill(); }
  void run(std::move_only_function<void()> body) override { tasks_->run(std::move(body)); }
  env::Environment environment() override { return {clock_, *files_, *tasks_, observer_}; }
  Observer& observer() override { return observer_; }

 private:
  const env::PosixFileSystemOptions options_;
  std::string root_;
  env::PosixClock clock_;
  Observer observer_;
  std::unique_ptr<env::FileSystem> files_;
  std::unique_ptr<env::PosixTasks> tasks_;
};

// The implementations of the seam, as a parameter of tests.
enum class Seam { kSimulated, kPosix, kPosixMapped };

inline std::unique_ptr<Machine> make_machine(Seam seam) {
  if (seam == Seam::kSimulated) return std::make_unique<SimulatedMachine>();
  return std::make_unique<PosixMachine>(
      env::PosixFileSystemOptions{.allow_mmap_reads = seam == Seam::kPosixMapped});
}

inline std::string seam_name(const testing::TestParamInfo<Seam>& test) {
  if (test.param == Seam::kSimulated) return "Simulated";
  return test.param == Seam::kPosix ? "Posix" : "PosixMapped";
}

}  // namespace revenant::lsm
