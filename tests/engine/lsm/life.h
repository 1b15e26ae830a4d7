// A process over a simulated disk that can be stopped after each operation, to look at what a crash
// there leaves.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "sim/disk/sim_disk.h"
#include "tests/engine/lsm/crash_points.h"
#include "tests/engine/lsm/node.h"

namespace revenant::lsm {

class Life {
 public:
  Life(sim::Kernel& k, uint64_t seed, const sim::DiskContents& contents)
      : kernel(k),
        disk(kernel, NodeId{0}, ideal(), contents),
        mounted_(disk.mount()),
        points(*mounted_),
        node(kernel, points, Random(seed, "files")) {}
  ~Life() {
    disk.kill_process();
    node.kill();
    db.reset();
  }

  // Runs `body` to its end; `at_operation`, if there is one, is called while nothing runs, and ends
  // the life by returning false.
  void run(std::move_only_function<void()> body,
           const std::function<bool(const std::string& operation)>& at_operation) {
    bool done = false;
    std::optional<std::string> operation;
    points.after = nullptr;
    if (at_operation) {
      points.after = [&](std::string o) {
        operation = std::move(o);
        kernel.stop();
        node.tasks().sleep(nanoseconds(0));
      };
    }
    node.spawn([&] {
      body();
      done = true;
      kernel.stop();
    });
    for (;;) {
      operation.reset();
      kernel.run_until(kernel.now() + hours(1));
      if (operation.has_value() && !at_operation(*operation)) break;
      if (done) break;
      CHECK(operation.has_value(), "the task is stuck");
    }
    points.after = nullptr;
  }

  sim::Kernel& kernel;  // of this life alone while it lasts
  sim::SimDisk disk;

 private:
  static sim::DiskOptions ideal() {
    sim::DiskOptions options;
    options.profile = sim::DiskProfile::kIdeal;
    options.apply_profile();
    return options;
  }
  const std::unique_ptr<env::FileSystem> mounted_;

 public:
  CrashPoints points;
  Node node;
  std::unique_ptr<Db> db;
};

}  // namespace revenant::lsm
