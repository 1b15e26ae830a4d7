// The tasks of a kernel and the groups they belong to. Records never move, and are used again under
// a new id.
//
//   new ──start──> running ──park──> parked ──unpark or time-out──> ready ──> running …
//                     └────sleep───> asleep ──its time──────────────^
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/fiber.h"
#include "engine/base/ids.h"
#include "engine/base/time.h"
#include "engine/env/tasks.h"

namespace revenant::sim {

struct Group;

// What an event touches lies on one cache line: with thousands of tasks, lines are what an event
// costs.
struct alignas(64) Task {
  enum class State : uint8_t { kNew, kRunning, kParked, kAsleep, kReady };

  State state = State::kNew;
  bool woken = false;       // the wake-up under way is an unpark, not a time-out
  bool wake_later = false;  // the event that wakes it lies in the heap
  uint32_t index = 0;
  uint32_t generation = 0;
  uint64_t wake_sequence = 0;  // of the event that wakes it; 0: nothing will yet
  Group* group = nullptr;
  std::unique_ptr<Fiber> fiber;  // from its first run on
  const char* why = "";
  Instant since;  // suspended since then

  const char* name = "";
  Task* previous = nullptr;  // in its group, in order of spawning
  Task* next = nullptr;
  std::move_only_function<void()> body;  // until its first run

  env::TaskId id() const { return {uint64_t{generation} << 32 | index}; }
};

struct Group {
  NodeId node;
  bool dead = false;
  bool paused = false;
  Task* first = nullptr;
  Task* last = nullptr;
  struct Deferred {
    Task* task;
    uint64_t sequence;
  };
  std::vector<Deferred> deferred;  // wake-ups that came while it was paused
};

class TaskTable {
 public:
  Task& add(Group& group) {
    if (free_.empty()) {
      Task& task = tasks_.emplace_back();
      task.index = static_cast<uint32_t>(tasks_.size() - 1);
      by_index_.push_back(&task);
      free_.push_back(&task);
    }
    Task& task = *free_.back();
    free_.pop_back();
    ++task.generation;
    task.state = Task::State::kNew;
    task.group = &group;
    task.previous = group.last;
    task.next = nullptr;
    (group.last != nullptr ? group.last->next : group.first) = &task;
    group.last = &task;
    return task;
  }

  void remove(Task& task) {
    (task.previous != nullptr ? task.previous->next : task.group->first) = task.next;
    (task.next != nullptr ? task.next->previous : task.group->last) = task.previous;
    task.group = nullptr;
    task.wake_sequence = 0;
    task.fiber.reset();
    free_.push_back(&task);
  }

  // nullptr if it has ended.
  Task* find(env::TaskId id) {
    const auto index = static_cast<uint32_t>(id.value);
    if (index >= by_index_.size()) return nullptr;
    Task& task = *by_index_[index];
    return task.id() == id && task.group != nullptr ? &task : nullptr;
  }

 private:
  std::deque<Task> tasks_;
  std::vector<Task*> by_index_;
  std::vector<Task*> free_;
};

}  // namespace revenant::sim
