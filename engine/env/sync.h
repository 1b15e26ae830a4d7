// What tasks of one node wait on. All are fair (first come, first served) and none allocates per
// wait beyond a list node on the waiter's own stack, which the destructor of the waiting call
// unlinks when a node is killed.
//
// A task that was woken but is killed before it runs takes its wake-up, lock or item with it. That
// loses nothing: the tasks that wait at one place belong to one node and die together, and a new
// life of it builds new objects.
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "engine/base/check.h"
#include "engine/env/tasks.h"

namespace revenant::env {

// The tasks waiting at one place, first come first served.
class WaitList {
 public:
  explicit WaitList(Tasks& tasks) : tasks_(tasks) {}
  WaitList(const WaitList&) = delete;

  // Suspends the caller until wake; false at the timeout.
  bool wait(const char* why, std::optional<Duration> timeout = std::nullopt) {
    Waiter waiter(*this, tasks_.current());
    const bool woken = tasks_.park(why, timeout);
    return woken || waiter.woken;
  }
  // True if somebody was waiting.
  bool wake_one() {
    if (first_ == nullptr) return false;
    Waiter& waiter = *first_;
    waiter.woken = true;
    waiter.unlink();
    tasks_.unpark(waiter.task);
    return true;
  }
  void wake_all() {
    while (wake_one()) {
    }
  }
  bool empty() const { return first_ == nullptr; }

 private:
  struct Waiter {
    Waiter(WaitList& l, TaskId t) : list(&l), task(t), previous(l.last_) {
      (previous != nullptr ? previous->next : l.first_) = this;
      l.last_ = this;
    }
    ~Waiter() { unlink(); }
    void unlink() {
      if (list == nullptr) return;
      (previous != nullptr ? previous->next : list->first_) = next;
      (next != nullptr ? next->previous : list->last_) = previous;
      list = nullptr;
    }
    WaitList* list;
    TaskId task;
    Waiter* previous;
    Waiter* next = nullptr;
    bool woken = false;
  };

  Tasks& tasks_;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

// Something that happens once and stays so.
class Event {
 public:
  explicit Event(Tasks& tasks) : waiters_(tasks) {}
  void set() {
    set_ = true;
    waiters_.wake_all();
  }
  bool is_set() const { return set_; }
  void wait(const char* why) {
    while (!set_) waiters_.wait(why);
  }
  // True if set, false at the timeout.
  bool wait_for(const char* why, Duration timeout) {
    return set_ || waiters_.wait(why, timeout) || set_;
  }

 private:
  WaitList waiters_;
  bool set_ = false;
};

// Passed from hand to hand: who releases it gives it to the first that waits, so that nobody
// overtakes.
class Mutex {
 public:
  // `name` is what a waiting task is said to wait for; it outlives the mutex.
  Mutex(Tasks& tasks, const char* name) : waiters_(tasks), name_(name) {}

  class [[nodiscard]] Lock {
   public:
    explicit Lock(Mutex& mutex) : mutex_(mutex) { mutex_.acquire(); }
    ~Lock() { mutex_.release(); }
    Lock(const Lock&) = delete;

   private:
    Mutex& mutex_;
  };

 private:
  void acquire() {
    if (held_) {
      waiters_.wait(name_);
    } else {
      held_ = true;
    }
  }
  void release() { held_ = waiters_.wake_one(); }
  WaitList waiters_;
  const char* name_;
  bool held_ = false;
};

// Unbounded, first in first out.
template <typename T>
class Queue {
 public:
  explicit Queue(Tasks& tasks) : waiters_(tasks) {}
  void push(T item) {
    items_.push_back(std::move(item));
    if (waiters_.wake_one()) ++promised_;
  }
  T pop(const char* why) {
    if (items_.size() == promised_) {
      waiters_.wait(why);
      --promised_;
    }
    return take();
  }
  // Nothing if every item is promised to a task that waited for it.
  std::optional<T> try_pop() {
    if (items_.size() == promised_) return std::nullopt;
    return take();
  }
  size_t size() const { return items_.size(); }

 private:
  T take() {
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }

  WaitList waiters_;
  std::deque<T> items_;
  size_t promised_ = 0;  // items whose takers are woken but have not run yet
};

}  // namespace revenant::env
