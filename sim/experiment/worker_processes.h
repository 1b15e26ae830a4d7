// Runs jobs in processes of their own, some at a time, and brings back what each wrote.
//
//   parent ── fork ──> worker: work() ── its result ──> pipe ──> parent
//             one per job      ── its stderr ──> pipe ──> parent (the last few KiB)
//
// A process per job, not a pool of them: a run can neither see what an earlier one left in memory
// nor take others down with it, and a fork costs little beside a run. The parent must have one
// thread. Workers are killed when their parent dies.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "sim/experiment/interrupt.h"

namespace revenant::sim {

struct WorkerReport {
  int64_t job;
  bool finished;       // work() returned; else the process died before it could
  std::string result;  // what work() returned; empty unless finished
  int exit_code;       // 0 if finished; that of the process, or 128 + the signal that killed it
  std::string how;     // "exit code 4", "signal 11 (Segmentation fault)"
  std::string stderr_tail;  // at most kStderrTail bytes
};

class WorkerProcesses {
 public:
  static constexpr size_t kStderrTail = 4096;

  explicit WorkerProcesses(int64_t at_once);
  ~WorkerProcesses();  // kills and reaps those that still run
  WorkerProcesses(const WorkerProcesses&) = delete;

  bool has_room() const;
  bool idle() const { return workers_.empty(); }

  // Starts one; there must be room. In the worker, standard output goes nowhere, and a
  // std::exception from `work` is printed to its stderr and ends it with exit code 4.
  Result<void> start(int64_t job, const std::function<std::string()>& work);

  // The next report, waiting for it at most `timeout`; nothing if there was none, or when
  // `interrupt` was signalled.
  std::optional<WorkerReport> wait(Duration timeout, const Interrupt& interrupt);

 private:
  struct Worker;
  static bool read_some(int file, std::string& into);

  const int64_t at_once_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

// As many as this process may use.
int64_t processors();

}  // namespace revenant::sim
