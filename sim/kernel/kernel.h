// The discrete-event kernel: virtual time, events in (time, sequence) order, fibers, fingerprint.
//
//   at(t, …) ─┐                       ┌─ callback        (runs on the kernel's own stack, must not
//   suspend)
//             ├─> 4-ary heap ─> pop ──┤
//   wake(t) ──┘   (time, sequence)    └─ resume a fiber  (until it suspends again)
//
// Each event enters a rolling 128-bit fingerprint: time, sequence, node, kind, digest. Two runs of
// one seed have equal fingerprints on every build; a difference is a defect before anything else.
//
// Code takes no virtual time: only events at later instants move the clock. A kernel belongs to one
// thread; several may run on threads of their own. An exception that leaves a task is a CHECK; one
// that leaves a callback leaves run_until().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/random.h"
#include "engine/base/time.h"
#include "engine/env/tasks.h"
#include "sim/kernel/fingerprint.h"
#include "sim/kernel/trace.h"

namespace revenant::sim {

enum class EventKind : uint8_t {
  kStart,     // first run of a task
  kWake,      // a task goes on: unparked, or its sleep or time-out ended
  kTimer,     // a callback scheduled by the world
  kDisk,      // a device finished an operation
  kDeliver,   // a message arrives
  kFault,     // a fault begins or ends
  kWorkload,  // a client acts
};

// Tasks that live and die together: one per life of a node (a restarted node gets a new group).
struct GroupId {
  uint32_t value = 0;
  friend constexpr auto operator<=>(GroupId, GroupId) = default;
};

struct EventId {
  uint64_t value = 0;
};

struct KernelOptions {
  uint64_t events_max = 2'000'000'000;           // a run with more is a livelock: exit code 4
  uint64_t events_per_instant_max = 10'000'000;  // likewise
};

struct WaitingTask {
  NodeId node;
  std::string name;
  std::string why;  // what it named when it suspended: a lock, a condition, an answer, an operation
  Instant since;
  std::optional<Instant> until = {};  // its sleep or time-out ends; never without
  bool paused = false;                // its group is, and does not run whatever happens
};
// A line each, aligned: node, task, what it waits for, since when, until when.
std::string to_text(const std::vector<WaitingTask>& tasks);

// One event as it entered the fingerprint.
struct EventRecord {
  uint64_t number = 0;  // from 1
  Instant at;
  NodeId node;
  EventKind kind = EventKind::kTimer;
  uint64_t digest = 0;
  std::string task;         // its name, where a task starts or goes on
  Fingerprint fingerprint;  // with this event, without what it does
  friend bool operator==(const EventRecord&, const EventRecord&) = default;
};
std::string_view to_string(EventKind kind);
std::string to_string(const EventRecord& event);

// Thrown into a task at its suspension point when its group is killed. Never caught by the engine.
struct TaskKilled {};

class Kernel {
 public:
  explicit Kernel(uint64_t seed, KernelOptions options = {});
  ~Kernel();  // kills every group
  Kernel(const Kernel&) = delete;

  Instant now() const;
  uint64_t seed() const;
  // The random stream of this name; the same name gives the same stream again.
  Random stream(std::string_view name) const;

  // --- events ---
  // Calls `action` at `when` (not before now). `node` and `digest` only enter the fingerprint. The
  // callback runs outside tasks and must not suspend. It may do anything else, kill() included.
  EventId at(Instant when, NodeId node, EventKind kind, uint64_t digest,
             std::move_only_function<void()> action);
  EventId after(Duration delay, NodeId node, EventKind kind, uint64_t digest,
                std::move_only_function<void()> action);
  // No effect if it ran already, or runs now. A cancelled event leaves no mark in the fingerprint.
  void cancel(EventId event);

  // --- tasks ---
  GroupId new_group(NodeId node);
  // Starts a task at this instant, after what is already runnable. Into a dead group: `body` is
  // destroyed at once and the id names no task.
  env::TaskId spawn(GroupId group, const char* name, std::move_only_function<void()> body);
  env::TaskId current() const;  // CHECKs that a task runs
  bool in_task() const;
  void sleep(Duration duration);
  bool park(const char* why, std::optional<Duration> timeout = std::nullopt);
  void unpark(env::TaskId task);
  // Unwinds every task of the group, the last spawned first, before it returns; later spawns into
  // the group and unparks of its tasks do nothing. The caller makes the node's seam dead first.
  // From a callback, from outside the run, or from a task of another group. A task that never ran
  // is dropped. The second kill of a group does nothing.
  void kill(GroupId group);
  // A paused group's tasks do not run; their wake-ups wait for resume, in order. A time-out that
  // ends meanwhile has ended: an unpark after it comes too late, as for a stopped process. A task
  // that pauses its own group goes on until it suspends.
  void pause(GroupId group);
  void resume(GroupId group);
  // What every suspended task waits for, by group, then in order of spawning: the answer to
  // "nothing is left to run, but operations are pending".
  std::vector<WaitingTask> waiting() const;

  // --- running ---
  // Runs events up to and including `until`; then now() == until. Returns earlier if stop() was
  // called or nothing is left to run (now() is then still set to `until` unless stopped).
  void run_until(Instant until);
  void stop();

  uint64_t event_count() const;
  Fingerprint fingerprint() const;
  // Adds to the fingerprint what an event carries beyond its digest. Draws nothing, schedules
  // nothing.
  void mix(uint64_t digest);
  // The fingerprint after each `interval` events, for bringing two runs to their first difference.
  void keep_checkpoints(uint64_t interval);
  const std::vector<std::pair<uint64_t, Fingerprint>>& checkpoints() const;

  // Keeps the events from number `first` to `last`, to be looked at beside those of another run.
  void record_events(uint64_t first, uint64_t last);
  const std::vector<EventRecord>& recorded_events() const;

  // --- for people ---
  // `trace` outlives the kernel's tasks; null ends tracing.
  void set_trace(Trace* trace);
  Trace* trace() const { return trace_; }
  // What a failed CHECK prints as the command that shows it again.
  void set_command(std::string command);
  // Raises SIGTRAP, for a debugger, just before the first event at or after `when`, or before the
  // event of this number (counted from 1). Changes nothing else.
  void break_at(Instant when);
  void break_at_event(uint64_t number);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
  Trace* trace_ = nullptr;
};

// env::Tasks for one group.
class GroupTasks final : public env::Tasks {
 public:
  GroupTasks(Kernel& kernel, GroupId group) : kernel_(kernel), group_(group) {}
  void spawn(const char* name, std::move_only_function<void()> body) override {
    kernel_.spawn(group_, name, std::move(body));
  }
  void sleep(Duration duration) override { kernel_.sleep(duration); }
  void run_job(const char*, env::JobUrgency, std::move_only_function<void()> body) override {
    body();
  }
  env::TaskId current() const override { return kernel_.current(); }
  bool park(const char* why, std::optional<Duration> timeout) override {
    return kernel_.park(why, timeout);
  }
  void unpark(env::TaskId task) override { kernel_.unpark(task); }

 private:
  Kernel& kernel_;
  GroupId group_;
};

}  // namespace revenant::sim
