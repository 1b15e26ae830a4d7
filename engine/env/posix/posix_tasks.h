// The same tasks as in the simulator, on a real machine: fibers on the thread that calls run(),
// timers by the monotonic clock, jobs on one worker thread.
//
//   owner's thread   | task a | task b | task a |  idle  | task a goes on |
//                        run_job ─┐                      ^
//   worker's thread               └─> | job of a ……… | ──┘ taken by the owner when it next looks
//
// The owner looks at timers and ended jobs when every runnable task had its turn, and sleeps when
// there is none. The order of tasks depends on real time: nothing here is reproducible. Jobs run one
// at a time, urgent ones first, each kind in the order they were started; a long one runs the urgent
// ones that came meanwhile between its own steps, on its own stack (as LevelDB flushes a memtable
// within a compaction).
//
// Not done: I/O of a task (not of a job) blocks all tasks.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "engine/env/tasks.h"

namespace revenant::env {

class PosixTasks final : public Tasks {
 public:
  PosixTasks();
  ~PosixTasks() override;  // as kill()

  // Runs `main` as a task, beside those there are, until it ends. The others stay suspended until
  // the next run(); jobs under way go on. A CHECK if every task waits and nothing can wake one.
  void run(std::move_only_function<void()> main);
  // Waits for the jobs under way, then unwinds every task that is left, the last spawned first. Not
  // within run().
  void kill();

  // All to be called by tasks of run(); unpark() also by destructors while they are unwound.
  // spawn() while tasks are being unwound destroys its body.
  void spawn(const char* name, std::move_only_function<void()> body) override;
  void sleep(Duration duration) override;
  void run_job(const char* name, JobUrgency urgency, std::move_only_function<void()> body) override;
  void run_urgent_jobs() override;  // by a job only
  void let_others_run() override;
  TaskId current() const override;
  bool park(const char* why, std::optional<Duration> timeout = std::nullopt) override;
  void unpark(TaskId task) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace revenant::env
