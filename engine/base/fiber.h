// Fibers: stacks to run plain blocking code on, and the switch between them. No notion of time or
// order: the simulator's kernel and env/posix each decide what runs next.
//
//   resumer's stack            fiber's stack
//   resume() ────────────────> body …
//            <──────────────── suspend()
//   resume() ────────────────> … goes on after suspend()
//            <──────────────── body returns: finished, the stack goes back to the pool
//
// Stacks are pooled and staggered (their tops differ by a few cache lines, so that a thousand
// fibers do not share one cache set); each ends in a guard page while the process has at most
// 10,000 of them, in a canary checked at every suspension beyond that (a process may hold 65,530
// mappings, and a guarded stack takes two). Each switch is announced to AddressSanitizer.
//
// A pool and its fibers belong to one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <new>

namespace revenant {

class FiberPool;

// One suspended or running computation. Owned by its scheduler.
class Fiber {
 public:
  ~Fiber();  // must be finished, or never have run
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs it until it suspends or ends; from outside any fiber, or from another fiber, to which it
  // then returns. True while it has not ended.
  bool resume();
  // As resume(), but the fiber's suspend() throws what `raise` throws. One that never ran just
  // ends.
  bool resume_with(void (*raise)());
  bool finished() const { return state_ == State::kFinished; }

  // A fiber lies at the top of its own stack: deleting it gives the stack back to the pool.
  static void operator delete(Fiber* fiber, std::destroying_delete_t);

 private:
  friend class FiberPool;
  struct Stack;
  struct Switch;
  enum class State { kNew, kSuspended, kRunning, kFinished };
  // What the C++ runtime keeps for each thread: the exceptions being handled, and how many are in
  // flight.
  struct ExceptionState {
    void* handled = nullptr;
    unsigned in_flight = 0;
    friend bool operator==(const ExceptionState&, const ExceptionState&) = default;
    static ExceptionState of_this_thread();
  };

  Fiber(FiberPool& pool, Stack& stack, std::move_only_function<void()> body);

  FiberPool& pool_;
  Stack& stack_;
  std::move_only_function<void()> body_;
  State state_ = State::kNew;
  void* context_ = nullptr;  // where to go on, while it is suspended
  void* resumer_ = nullptr;  // where resume() goes on, while it runs
  void (*raise_)() = nullptr;
  ExceptionState exceptions_at_resume_;
  // For AddressSanitizer only: its shadow of this stack, and the bounds of the resumer's.
  void* shadow_stack_ = nullptr;
  const void* resumer_stack_ = nullptr;
  size_t resumer_stack_bytes_ = 0;
};

class FiberPool {
 public:
  // Address space, not memory: a page is taken when it is first touched. Frames are larger under
  // the sanitizers.
#if defined(__SANITIZE_ADDRESS__)
  static constexpr size_t kStackBytes = 256 * 1024;
#else
  static constexpr size_t kStackBytes = 64 * 1024;
#endif

  explicit FiberPool(size_t stack_bytes = kStackBytes);
  ~FiberPool();  // every fiber must be gone
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  // An exception that leaves `body` ends the process (std::terminate).
  std::unique_ptr<Fiber> create(std::move_only_function<void()> body);

  // Suspends the running fiber: control returns from the resume() that ran it. CHECKs that no
  // exception is being handled or in flight on it: exception state belongs to the thread, so two
  // fibers suspended in `catch` would rethrow each other's exception.
  void suspend();
  bool in_fiber() const { return running_ != nullptr; }

 private:
  friend class Fiber;
  struct Impl;
  std::unique_ptr<Impl> impl_;
  Fiber* running_ = nullptr;
};

}  // namespace revenant
