// The events to come, in (time, sequence) order.
//
//   push, time > now ──> heap    4-ary: children of i are 4i+1 … 4i+4, half as deep as a binary one
//   push, time = now ──> ready   first in, first out: sequences rise, so it is in order already
//   front = the lesser of heap's top and ready's front
//
// Most wake-ups are for this very instant, and never touch the heap. Cancelled events are not
// searched for: the owner recognizes them as stale when they come up, and removes them in one sweep
// when they fill half of the heap.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/time.h"

namespace revenant::sim {

struct Event {
  Instant time;
  uint64_t sequence;  // unique
  uint64_t target;    // the owner's

  // (time, sequence) as one number, compared without a branch. Times are never negative.
  unsigned __int128 order() const {
    return static_cast<unsigned __int128>(time.ns) << 64 | sequence;
  }
};

class EventHeap {
 public:
  bool empty() const { return events_.empty(); }
  size_t size() const { return events_.size(); }
  const Event& top() const { return events_.front(); }

  void push(const Event& event) {
    events_.push_back(event);
    sift_up(events_.size() - 1, event);
  }

  // `ahead` is told of the events that come nearer to the top by this: ahead(level, event), for the
  // levels that it asks about. Of a small heap, whose events all lie in the caches, it is told
  // nothing.
  template <typename Ahead>
  void pop(Ahead ahead) {
    const Event last = events_.back();
    events_.pop_back();
    if (events_.empty()) return;
    events_.size() < kAheadFrom ? fill(0, last, [](size_t, const Event&) {}) : fill(0, last, ahead);
  }

  template <typename Visit>
  void each(Visit visit) const {
    for (const Event& event : events_) visit(event);
  }

  template <typename Predicate>
  void remove_if(Predicate stale) {
    std::erase_if(events_, stale);
    for (size_t i = events_.size() / kArity + 1; i-- > 0;) {
      if (i < events_.size()) fill(i, Event(events_[i]), [](size_t, const Event&) {});
    }
  }

 private:
  static constexpr size_t kArity = 4;
  static constexpr size_t kAheadFrom = 8192;

  void sift_up(size_t at, const Event& event) {
    const auto order = event.order();
    while (at > 0) {
      const size_t parent = (at - 1) / kArity;
      if (events_[parent].order() <= order) break;
      events_[at] = events_[parent];
      at = parent;
    }
    events_[at] = event;
  }

  // Puts `event` into the subtree whose root `at` is vacant.
  template <typename Ahead>
  void fill(size_t at, const Event& event, Ahead ahead) {
    const size_t size = events_.size();
    const auto order = event.order();
    for (size_t level = 0;; ++level) {
      const size_t first = at * kArity + 1;
      if (first >= size) break;
      size_t least = first;
      auto least_order = events_[first].order();
      for (size_t child = first + 1, end = std::min(first + kArity, size); child < end; ++child) {
        const auto child_order = events_[child].order();
        least = child_order < least_order ? child : least;
        least_order = std::min(least_order, child_order);
      }
      if (order <= least_order) break;
      events_[at] = events_[least];
      ahead(level, events_[at]);
      at = least;
    }
    events_[at] = event;
  }

  std::vector<Event> events_;
};

// First in, first out, in a ring that doubles when full.
class ReadyRing {
 public:
  bool empty() const { return first_ == end_; }
  const Event& front() const { return events_[first_ & mask_]; }
  void push(const Event& event) {
    if (end_ - first_ > mask_) [[unlikely]]
      grow();
    events_[end_++ & mask_] = event;
  }
  void pop() { ++first_; }

 private:
  [[gnu::noinline]] void grow() {
    std::vector<Event> larger(events_.size() * 2);
    for (size_t i = first_; i != end_; ++i) larger[i - first_] = events_[i & mask_];
    end_ -= first_;
    first_ = 0;
    events_ = std::move(larger);
    mask_ = events_.size() - 1;
  }

  std::vector<Event> events_ = std::vector<Event>(64);
  size_t mask_ = events_.size() - 1;
  size_t first_ = 0, end_ = 0;  // ever rising; taken modulo the size
};

class EventQueue {
 public:
  void push_ready(const Event& event) { ready_.push(event); }
  void push_later(const Event& event) { later_.push(event); }

  // The next event if it is due by `until`. It stays the next until popped.
  const Event* front(Instant until) {
    const bool have_later = !later_.empty();
    if (!ready_.empty()) {
      front_is_ready_ = !have_later || ready_.front().order() < later_.top().order();
      return front_is_ready_ ? &ready_.front() : &later_.top();
    }
    front_is_ready_ = false;
    return have_later && later_.top().time <= until ? &later_.top() : nullptr;
  }
  template <typename Ahead>
  void pop(Ahead ahead) {
    front_is_ready_ ? ready_.pop() : later_.pop(ahead);
  }
  bool front_is_ready() const { return front_is_ready_; }

  size_t later_size() const { return later_.size(); }
  // Stale ones too, in no order.
  template <typename Visit>
  void each_later(Visit visit) const {
    later_.each(visit);
  }
  template <typename Predicate>
  void remove_later_if(Predicate stale) {
    later_.remove_if(stale);
  }

 private:
  EventHeap later_;
  ReadyRing ready_;
  bool front_is_ready_ = false;
};

}  // namespace revenant::sim
