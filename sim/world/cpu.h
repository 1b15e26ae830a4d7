// A node's processor: the time that its work takes, and the queue when it is not enough.
//
//   message ──> queue ──> one of `cores`, for per_message + bytes / bandwidth ──────> the process
//   file I/O ─> queue ──> one of `cores`, for per_io, of a job + bytes / job_bandwidth ──> its task
//
// Every message that a process receives is paid for before the process sees it, its own included;
// in it is paid for what the process does because of it. So requests, their forwarding and their
// answers all take their share, and a node asked for more than its cores can do grows a queue
// without bound: overload. Reads and writes of files are paid for where they are made
// (paid_file_system.h), and with them the merging and compressing that a job does between them: so
// flushes and compactions take cores away from messages. The disk is apart (sim/disk).
//
// Simplifications. A fixed cost, whatever the message asks for; no switching, no priorities: the
// first in the queue takes the first free core, so a message waits behind one block of a job, not
// behind all of it. What is in the queue when the processor changes its speed keeps its cost, and
// what is being handled when the process pauses is ready when it goes on.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "sim/kernel/kernel.h"
#include "sim/scenario/scenario.h"

namespace revenant::sim {

struct CpuTotals {
  uint64_t handled = 0, slowed = 0;  // messages; slowed: at less than full speed
  Duration busy;                     // of all cores, with messages and file I/O
  Duration waited;                   // of messages, for a core

  CpuTotals& operator+=(const CpuTotals& other) {
    handled += other.handled;
    slowed += other.slowed;
    busy += other.busy;
    waited += other.waited;
    return *this;
  }
};

class Cpu {
 public:
  // `kernel` outlives the processor and its events.
  Cpu(Kernel& kernel, NodeId node, const CpuOptions& options);

  // Calls `handle`, outside tasks, once a core has spent what a message of this size costs.
  void submit(size_t bytes, std::move_only_function<void()> handle);
  // Suspends the calling task, which is the process's, until a core has spent so much on it. Nothing
  // costs nothing, and does not suspend.
  void spend(Duration cost);
  // The process has ended: whatever waits is dropped. Ends a pause.
  void clear();
  // What is ready meanwhile is handled within resume(), in order; not from within a task.
  void pause() { paused_ = true; }
  void resume();

  // Work takes `factor` times as long from now on, until recover() of the same factor. Of several
  // the greatest counts.
  void slow(double factor);
  void recover(double factor);

  const CpuTotals& totals() const { return totals_; }

 private:
  // The first core to be free takes it on; until when.
  Instant occupy(Duration cost);
  void finish(uint64_t life, std::move_only_function<void()> handle);

  Kernel& kernel_;
  const NodeId node_;
  const CpuOptions options_;
  std::vector<Instant> free_at_;  // by core
  std::vector<double> factors_;
  uint64_t life_ = 0;  // of the process
  bool paused_ = false;
  std::deque<std::move_only_function<void()>> ready_;  // while paused
  CpuTotals totals_;
};

}  // namespace revenant::sim
