// The discrete-event kernel: virtual time, events in (time, sequence) order, fibers, fingerprint.
//
//   at(t, …) ─┐                       ┌─ callback        (runs on the kernel's own stack, must not suspend)
//             ├─> 4-ary heap ─> pop ──┤
//   wake(t) ──┘   (time, sequence)    └─ resume a fiber  (until it suspends again)
//
// Each event enters a rolling 128-bit fingerprint: time, sequence, node, kind, digest. Two runs of one seed have
// equal fingerprints on every build; a difference is a defect before anything else.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/random.h"
#include "engine/base/time.h"
#include "engine/env/tasks.h"

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

struct Fingerprint {
  std::array<uint64_t, 2> words{};
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
  std::string hex() const;  // 32 digits
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
  uint64_t events_max = 2'000'000'000;          // a run with more is a livelock: exit code 4
  uint64_t events_per_instant_max = 10'000'000; // likewise
};

struct WaitingTask {
  NodeId node;
  std::string name;
  std::string why;
  Instant since;
};

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
  // Calls `action` at `when` (not before now). `node` and `digest` only enter the fingerprint. The callback runs
  // outside tasks and must not suspend.
  EventId at(Instant when, NodeId node, EventKind kind, uint64_t digest, std::move_only_function<void()> action);
  EventId after(Duration delay, NodeId node, EventKind kind, uint64_t digest,
                std::move_only_function<void()> action);
  // No effect if it ran already. A cancelled event leaves no mark in the fingerprint.
  void cancel(EventId event);

  // --- tasks ---
  GroupId new_group(NodeId node);
  env::TaskId spawn(GroupId group, const char* name, std::move_only_function<void()> body);
  env::TaskId current() const;  // CHECKs that a task runs
  bool in_task() const;
  void sleep(Duration duration);
  bool park(const char* why, std::optional<Duration> timeout = std::nullopt);
  void unpark(env::TaskId task);
  // Unwinds every task of the group, the last spawned first, before it returns; later spawns into the group and
  // unparks of its tasks do nothing. The caller makes the node's seam dead first. Not from within the group.
  void kill(GroupId group);
  // A paused group's tasks do not run; their wake-ups wait for resume, in order.
  void pause(GroupId group);
  void resume(GroupId group);
  std::vector<WaitingTask> waiting() const;

  // --- running ---
  // Runs events up to and including `until`; then now() == until. Returns earlier if stop() was called or
  // nothing is left to run (now() is then still set to `until` unless stopped).
  void run_until(Instant until);
  void stop();

  uint64_t event_count() const;
  Fingerprint fingerprint() const;
  // Adds to the fingerprint what an event carries beyond its digest. Draws nothing, schedules nothing.
  void mix(uint64_t digest);
  // The fingerprint after each `interval` events, for bringing two runs to their first difference.
  void keep_checkpoints(uint64_t interval);
  const std::vector<std::pair<uint64_t, Fingerprint>>& checkpoints() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// env::Tasks for one group.
class GroupTasks final : public env::Tasks {
 public:
  GroupTasks(Kernel& kernel, GroupId group) : kernel_(kernel), group_(group) {}
  void spawn(const char* name, std::move_only_function<void()> body) override { kernel_.spawn(group_, name, std::move(body)); }
  void sleep(Duration duration) override { kernel_.sleep(duration); }
  void run_job(const char*, std::move_only_function<void()> body) override { body(); }
  env::TaskId current() const override { return kernel_.current(); }
  bool park(const char* why, std::optional<Duration> timeout) override { return kernel_.park(why, timeout); }
  void unpark(env::TaskId task) override { kernel_.unpark(task); }

 private:
  Kernel& kernel_;
  GroupId group_;
};

}  // namespace revenant::sim
