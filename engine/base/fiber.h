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
// fibers do not share one cache set). Each ends in a guard page while the process has at most
// 10,000 of them, in a canary beyond that (a process may hold 65,530 mappings, and a guarded stack
// takes two); a canary is checked when its fiber ends and at every 64th suspension, since looking
// costs a page of its own. Each switch is announced to AddressSanitizer.
//
// A pool and its fibers belong to the thread that made the pool.
#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <utility>

#include "engine/base/check.h"

// GCC says so by the first, Clang by the second.
#if defined(__SANITIZE_ADDRESS__)
#define REVENANT_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#define REVENANT_ADDRESS_SANITIZER __has_feature(address_sanitizer)
#else
#define REVENANT_ADDRESS_SANITIZER 0
#endif

namespace revenant {

class FiberPool;

// What the C++ runtime keeps for each thread: the exceptions being handled, and how many are in
// flight. The layout is that of __cxa_eh_globals in the Itanium C++ ABI (2.2.2), which <cxxabi.h>
// hides.
struct ExceptionState {
  void* handled = nullptr;
  unsigned in_flight = 0;
  friend bool operator==(const ExceptionState&, const ExceptionState&) = default;
};

// One suspended or running computation. Owned by its scheduler.
class alignas(64) Fiber {
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

  // Hints to the processor that the fiber will soon be resumed: first for what a switch touches,
  // and, when that has arrived, for the innermost frames of its stack.
  void prefetch() const { __builtin_prefetch(this); }
  void prefetch_stack() const {
    const char* frames = static_cast<const char*>(context_);
    for (int line = 0; line < 6; ++line) __builtin_prefetch(frames + line * 64, 1);
  }

  // A fiber lies at the top of its own stack: deleting it gives the stack back to the pool.
  static void operator delete(Fiber* fiber, std::destroying_delete_t);

 private:
  friend class FiberPool;
  struct Stack;
  enum class State : uint8_t { kNew, kSuspended, kRunning, kFinished };
  using Context = boost::context::detail::fcontext_t;

  Fiber(FiberPool& pool, Stack& stack, std::move_only_function<void()> body);
  static void enter(boost::context::detail::transfer_t from) noexcept;  // the outermost frame
  void check_stack() const;

  // What a switch touches, on one cache line.
  FiberPool& pool_;
  Context context_ = nullptr;  // where to go on, while it is suspended
  Context resumer_ = nullptr;  // where resume() goes on, while it runs
  void (*raise_)() = nullptr;
  ExceptionState exceptions_at_resume_;
  State state_ = State::kNew;
  bool guarded_;

  Stack& stack_;
  std::move_only_function<void()> body_;
#if REVENANT_ADDRESS_SANITIZER
  void* shadow_stack_ = nullptr;  // AddressSanitizer's for this stack
  const void* resumer_stack_ = nullptr;
  size_t resumer_stack_bytes_ = 0;
#endif
};

class FiberPool {
 public:
  // Address space, not memory: a page is taken when it is first touched. Frames are larger under
  // the sanitizers.
#if REVENANT_ADDRESS_SANITIZER
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
  void check_suspension();

  std::unique_ptr<Impl> impl_;
  Fiber* running_ = nullptr;
  uint64_t unguarded_suspensions_ = 0;
  const ExceptionState& exceptions_;  // of the pool's thread
};

// The switch is inline: each return between a switch and the code that goes on is one the processor
// mispredicts.

#if !REVENANT_ADDRESS_SANITIZER

inline bool Fiber::resume() {
  CHECK(state_ == State::kNew || state_ == State::kSuspended,
        "a fiber resumed while running or ended");
  Fiber* const outer = std::exchange(pool_.running_, this);
  exceptions_at_resume_ = pool_.exceptions_;
  state_ = State::kRunning;
  context_ = boost::context::detail::jump_fcontext(context_, this).fctx;
  pool_.running_ = outer;
  return state_ != State::kFinished;
}

inline void FiberPool::suspend() {
  check_suspension();
  Fiber& fiber = *running_;
  fiber.state_ = Fiber::State::kSuspended;
  fiber.resumer_ = boost::context::detail::jump_fcontext(fiber.resumer_, nullptr).fctx;
  if (fiber.raise_ != nullptr) [[unlikely]]
    std::exchange(fiber.raise_, nullptr)();
}

#endif

inline void FiberPool::check_suspension() {
  CHECK(running_ != nullptr, "suspend() outside any fiber");
  CHECK(exceptions_ == running_->exceptions_at_resume_,
        "a fiber suspends inside `catch` or while an exception unwinds it");
  if (!running_->guarded_ && ++unguarded_suspensions_ % 64 == 0) running_->check_stack();
}

}  // namespace revenant
