// Drives one workload: its sessions, each a client of its own, in a closed loop (an operation at a
// time, then a pause), an open one (operations arrive at a rate, whether or not earlier ones have
// ended), or by a script. Records every operation.
//
// In an open loop latency counts from the arrival, so a stalled system is not flattered by
// operations that were held back ("coordinated omission").
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/client/client.h"
#include "sim/kernel/kernel.h"
#include "sim/record/recorder.h"
#include "sim/scenario/scenario.h"
#include "sim/workload/key_space.h"
#include "sim/workload/operation_mix.h"
#include "sim/workload/popularity.h"

namespace revenant::sim {

// A client machine, as the world built it; both outlive the runner.
struct Seat {
  env::Environment environment;
  replication::Messenger* messenger;
};

class WorkloadRunner {
 public:
  // One session per seat. `start` is the run's time 0; operations begin before `end`. References
  // outlive the runner.
  WorkloadRunner(Kernel& kernel, const WorkloadOptions& options, const Scenario& scenario,
                 KeySpace& keys, Recorder& recorder, const std::vector<Seat>& seats, Instant start,
                 Instant end);
  ~WorkloadRunner();
  WorkloadRunner(const WorkloadRunner&) = delete;

  // Spawns its tasks.
  void start();
  // Operations that have begun and not ended, and loops that have not.
  uint64_t running() const { return running_; }

 private:
  struct Session;

  void run_closed(Session& session);
  void run_open();
  void run_script();
  // What to do, and when it should have begun.
  struct Task {
    OperationKind kind;
    uint64_t key;
    int64_t size;  // of a value, in bytes; of a scan, in cells
    Instant intended;
    client::CallOptions call = {};
  };
  Task chosen(OperationKind kind, uint64_t key, Instant intended) const;
  void run_operation(Session& session, Task task);
  // An update of this key and of those that follow it, as one batch.
  void run_batch(Session& session, const Task& task, const Operation& first);
  bool more() const;
  uint64_t choose_key(OperationKind kind, Random& random);
  Instant since_start(Instant t) const { return Instant{} + (t - start_); }

  Kernel& kernel_;
  const WorkloadOptions& options_;
  KeySpace& keys_;
  Recorder& recorder_;
  std::optional<OperationMix> mix_;  // without a script or a sequence
  KeyChooser chooser_;
  std::vector<std::unique_ptr<Session>> sessions_;
  Instant start_, from_, to_;
  uint64_t begun_ = 0;
  uint64_t running_ = 0;
};

}  // namespace revenant::sim
