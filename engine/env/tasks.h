// Tasks: plain blocking code on fibers. One task runs at a time and only a call that says so
// suspends it, so what lies between two suspensions is atomic. sync.h builds events, mutexes and
// queues on park and unpark.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "engine/base/time.h"

namespace revenant::env {

// Names a task for ever; a task that has ended is never named again.
struct TaskId {
  uint64_t value = 0;
  friend constexpr auto operator<=>(TaskId, TaskId) = default;
};

// Which of the waiting jobs runs first.
enum class JobUrgency : uint8_t {
  kUrgent,  // short, and somebody waits for it: a flush, a manifest's edit
  kLong,    // lets urgent ones through between its steps: a compaction
};

class Tasks {
 public:
  virtual ~Tasks() = default;

  // Starts a task; it first runs after the caller suspends. `name` must outlive it (a literal).
  // When the node dies, the task is unwound from its suspension point: destructors run, and must
  // not suspend.
  virtual void spawn(const char* name, std::move_only_function<void()> body) = 0;

  virtual void sleep(Duration duration) = 0;

  // Runs `body` as a job and suspends the caller until it has ended. A job shares nothing with its
  // owner: it may use FileSystem and its own objects, no other part of the environment. The
  // simulator runs it as the calling task (only its I/O suspends); env/posix runs it on a worker
  // thread.
  virtual void run_job(const char* name, JobUrgency urgency,
                       std::move_only_function<void()> body) = 0;
  // For a long job, between two steps: runs the urgent jobs that wait for its thread.
  virtual void run_urgent_jobs() {}
  // For a task that may go on for long without a reason to suspend: lets those run that are
  // runnable or whose jobs have ended. The simulator has none such: there every task suspends.
  virtual void let_others_run() {}

  virtual TaskId current() const = 0;

  // Suspends the caller until unpark(current()) or until the timeout ends; true if unparked. An
  // unpark that comes before the park is not remembered: with one thread per node none can be lost.
  // `why` shows in listings of waiting tasks.
  virtual bool park(const char* why, std::optional<Duration> timeout = std::nullopt) = 0;
  // Makes a parked task runnable at this instant, after those already runnable. No effect on one
  // that is not parked or has ended. Callable from destructors during unwinding.
  virtual void unpark(TaskId task) = 0;
};

}  // namespace revenant::env
