// Fibers: stacks to run plain blocking code on, and the switch between them. No notion of time or order: the
// simulator's kernel and env/posix each decide what runs next.
//
// Stacks are pooled and staggered (their tops differ by a few cache lines, so that a thousand fibers do not share
// one cache set); each ends in a guard page while there are at most 10,000, a checked canary beyond that (a process
// may hold 65,530 mappings). Each switch is announced to AddressSanitizer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace revenant {

class FiberPool;

// One suspended or running computation. Owned by its scheduler.
class Fiber {
 public:
  ~Fiber();  // must be finished
  Fiber(const Fiber&) = delete;

  // Runs it until it suspends or ends; from outside any fiber. True while it has not ended.
  bool resume();
  // As resume(), but the fiber's suspend() throws what `raise` throws. One that never ran just ends.
  bool resume_with(void (*raise)());
  bool finished() const;

 private:
  friend class FiberPool;
  struct Impl;
  explicit Fiber(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class FiberPool {
 public:
  explicit FiberPool(size_t stack_bytes = 64 * 1024);
  ~FiberPool();  // every fiber must be gone
  FiberPool(const FiberPool&) = delete;

  std::unique_ptr<Fiber> create(std::move_only_function<void()> body);

  // Suspends the running fiber: control returns from the resume() that ran it. CHECKs that no exception is being
  // handled or in flight: exception state belongs to the thread, so two fibers suspended in `catch` would rethrow
  // each other's exception.
  void suspend();
  bool in_fiber() const;

 private:
  friend class Fiber;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace revenant
