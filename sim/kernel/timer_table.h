// Callbacks waiting for their time. A slot is used again under a new id; which event of the queue
// is the slot's present one is told by its sequence.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace revenant::sim {

struct Timer {
  std::move_only_function<void()> action;
  uint64_t what = 0;  // node and kind, for the fingerprint
  uint64_t digest = 0;
  uint64_t sequence = 0;  // of its event; 0: the slot is free
  uint32_t generation = 0;
  bool later = false;  // its event lies in the heap
};

class TimerTable {
 public:
  uint32_t add() {
    if (free_.empty()) {
      timers_.emplace_back();
      free_.push_back(static_cast<uint32_t>(timers_.size() - 1));
    }
    const uint32_t index = free_.back();
    free_.pop_back();
    ++timers_[index].generation;
    return index;
  }
  Timer& operator[](uint32_t index) { return timers_[index]; }
  // Frees the slot and hands out what it held, so that an action may add and cancel timers while it
  // runs.
  Timer take(uint32_t index) {
    Timer& timer = timers_[index];
    Timer taken = std::move(timer);
    timer.action = nullptr;
    timer.sequence = 0;
    free_.push_back(index);
    return taken;
  }
  uint64_t id(uint32_t index) const { return uint64_t{timers_[index].generation} << 32 | index; }
  // True if this id's timer is still waiting.
  bool waiting(uint64_t id) const {
    const auto index = static_cast<uint32_t>(id);
    return index < timers_.size() && timers_[index].sequence != 0 &&
           timers_[index].generation == id >> 32;
  }

 private:
  std::vector<Timer> timers_;
  std::vector<uint32_t> free_;
};

}  // namespace revenant::sim
