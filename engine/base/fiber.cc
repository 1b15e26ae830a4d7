#include "engine/base/fiber.h"

#include <cxxabi.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/context/detail/fcontext.hpp>
#include <cstdint>
#include <cstring>
#include <exception>
#include <utility>
#include <vector>

#include "engine/base/check.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace revenant {
namespace {

using boost::context::detail::fcontext_t;
using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

constexpr size_t kPage = 4096;
constexpr size_t kCacheLine = 64;
constexpr size_t kStacksPerSlab = 64;
constexpr size_t kGuardedStacksMax = 10'000;
constexpr std::array<uint64_t, 8> kCanary = {
    0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0xd6e8feb86659fd93,
    0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0xd6e8feb86659fd93,
};

// Of all pools: mappings are counted for the process.
std::atomic<size_t> g_guarded_stacks = 0;

}  // namespace

// AddressSanitizer keeps bounds and a shadow for the stack it believes it is on; it is told before
// and after each switch.
struct Fiber::Switch {
#if defined(__SANITIZE_ADDRESS__)
  // `shadow` receives that of the stack being left; nullptr when it is left for good.
  static void start(void** shadow, const void* to, size_t to_bytes) {
    __sanitizer_start_switch_fiber(shadow, to, to_bytes);
  }
  static void finish(void* shadow, const void** from, size_t* from_bytes) {
    __sanitizer_finish_switch_fiber(shadow, from, from_bytes);
  }
  static void forget(const void* low, size_t bytes) { __asan_unpoison_memory_region(low, bytes); }
#else
  static void start(void**, const void*, size_t) {}
  static void finish(void*, const void**, size_t*) {}
  static void forget(const void*, size_t) {}
#endif

  // The outermost frame of a fiber.
  static void enter(transfer_t from) noexcept {
    Fiber& fiber = *static_cast<Fiber*>(from.data);
    finish(nullptr, &fiber.resumer_stack_, &fiber.resumer_stack_bytes_);
    fiber.resumer_ = from.fctx;
    fiber.body_();
    fiber.body_ = nullptr;
    fiber.state_ = State::kFinished;
    start(nullptr, fiber.resumer_stack_, fiber.resumer_stack_bytes_);
    jump_fcontext(fiber.resumer_, nullptr);
    std::unreachable();
  }
};

//   low                                                   top
//   | guard page or canary | frames, growing down <- | Fiber | stagger |
struct Fiber::Stack {
  char* low;  // the first usable byte
  char* top;  // where the Fiber lies
  bool guarded;

  size_t bytes() const { return static_cast<size_t>(top - low); }
  bool whole() const { return guarded || std::memcmp(low, kCanary.data(), sizeof kCanary) == 0; }
};

struct FiberPool::Impl {
  struct Slab {
    char* memory;
    bool guarded;
    std::array<Fiber::Stack, kStacksPerSlab> stacks;
  };

  size_t stack_bytes;
  std::vector<std::unique_ptr<Slab>> slabs;
  std::vector<Fiber::Stack*> free;  // the last one freed is the warmest
  size_t live = 0;

  // A stack and its guard page: tops lie 17 (not 16) pages apart, which spreads them over the sets
  // of a cache.
  size_t stride() const { return stack_bytes + kPage; }
  size_t slab_bytes() const { return stride() * kStacksPerSlab; }

  void add_slab() {
    void* memory = mmap(nullptr, slab_bytes(), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED, "no address space for {} more stacks of {} bytes", kStacksPerSlab,
          stack_bytes);
    auto slab = std::make_unique<Slab>();
    slab->memory = static_cast<char*>(memory);
    slab->guarded =
        g_guarded_stacks.fetch_add(kStacksPerSlab) + kStacksPerSlab <= kGuardedStacksMax;
    if (!slab->guarded) g_guarded_stacks.fetch_sub(kStacksPerSlab);
    for (size_t i = 0; i < kStacksPerSlab; ++i) {
      char* const begin = slab->memory + i * stride();
      const size_t stagger = (i * 5 % kStacksPerSlab) * kCacheLine;
      const size_t fiber_bytes = (sizeof(Fiber) + kCacheLine - 1) / kCacheLine * kCacheLine;
      slab->stacks[i] = {begin + kPage, begin + stride() - stagger - fiber_bytes, slab->guarded};
      if (slab->guarded) {
        CHECK(mprotect(begin, kPage, PROT_NONE) == 0);
      } else {
        std::memcpy(slab->stacks[i].low, kCanary.data(), sizeof kCanary);
      }
    }
    for (size_t i = kStacksPerSlab; i > 0; --i) free.push_back(&slab->stacks[i - 1]);
    slabs.push_back(std::move(slab));
  }
};

FiberPool::FiberPool(size_t stack_bytes) : impl_(std::make_unique<Impl>()) {
  CHECK(stack_bytes >= 4 * kPage, "stack_bytes={}", stack_bytes);
  impl_->stack_bytes = (stack_bytes + kPage - 1) / kPage * kPage;
}

FiberPool::~FiberPool() {
  CHECK(impl_->live == 0, "{} fibers outlive their pool", impl_->live);
  for (const auto& slab : impl_->slabs) {
    Fiber::Switch::forget(slab->memory, impl_->slab_bytes());
    munmap(slab->memory, impl_->slab_bytes());
    if (slab->guarded) g_guarded_stacks.fetch_sub(kStacksPerSlab);
  }
}

std::unique_ptr<Fiber> FiberPool::create(std::move_only_function<void()> body) {
  if (impl_->free.empty()) impl_->add_slab();
  Fiber::Stack& stack = *impl_->free.back();
  impl_->free.pop_back();
  ++impl_->live;
  Fiber::Switch::forget(stack.low, stack.bytes());  // the last fiber's frames may have left marks
  return std::unique_ptr<Fiber>(::new (stack.top) Fiber(*this, stack, std::move(body)));
}

void FiberPool::suspend() {
  CHECK(running_ != nullptr, "suspend() outside any fiber");
  Fiber& fiber = *running_;
  CHECK(Fiber::ExceptionState::of_this_thread() == fiber.exceptions_at_resume_,
        "a fiber suspends inside `catch` or while an exception unwinds it");
  CHECK(fiber.stack_.whole(), "a fiber ran over the end of its stack of {} bytes",
        fiber.stack_.bytes());
  fiber.state_ = Fiber::State::kSuspended;
  Fiber::Switch::start(&fiber.shadow_stack_, fiber.resumer_stack_, fiber.resumer_stack_bytes_);
  const transfer_t from = jump_fcontext(fiber.resumer_, nullptr);
  Fiber::Switch::finish(fiber.shadow_stack_, &fiber.resumer_stack_, &fiber.resumer_stack_bytes_);
  fiber.resumer_ = from.fctx;
  if (fiber.raise_ != nullptr) std::exchange(fiber.raise_, nullptr)();
}

// The layout of __cxa_eh_globals is fixed by the Itanium C++ ABI (2.2.2), although <cxxabi.h> hides
// it.
Fiber::ExceptionState Fiber::ExceptionState::of_this_thread() {
  const void* globals = abi::__cxa_get_globals();
  ExceptionState state;
  std::memcpy(&state.handled, globals, sizeof state.handled);
  std::memcpy(&state.in_flight, static_cast<const char*>(globals) + sizeof state.handled,
              sizeof state.in_flight);
  return state;
}

Fiber::Fiber(FiberPool& pool, Stack& stack, std::move_only_function<void()> body)
    : pool_(pool), stack_(stack), body_(std::move(body)) {
  context_ = make_fcontext(stack.top, stack.bytes(), &Switch::enter);
}

Fiber::~Fiber() {
  CHECK(state_ == State::kFinished || state_ == State::kNew, "a fiber is destroyed halfway");
}

void Fiber::operator delete(Fiber* fiber, std::destroying_delete_t) {
  FiberPool::Impl& pool = *fiber->pool_.impl_;
  Stack& stack = fiber->stack_;
  fiber->~Fiber();
  CHECK(stack.whole(), "a fiber ran over the end of its stack of {} bytes", stack.bytes());
  pool.free.push_back(&stack);
  --pool.live;
}

bool Fiber::resume() {
  CHECK(state_ == State::kNew || state_ == State::kSuspended,
        "a fiber resumed while running or ended");
  Fiber* const outer = std::exchange(pool_.running_, this);
  exceptions_at_resume_ = ExceptionState::of_this_thread();
  state_ = State::kRunning;
  [[maybe_unused]] void* outer_shadow = nullptr;
  Switch::start(&outer_shadow, stack_.low, stack_.bytes());
  const transfer_t from = jump_fcontext(context_, this);
  Switch::finish(outer_shadow, nullptr, nullptr);
  context_ = from.fctx;
  pool_.running_ = outer;
  return state_ != State::kFinished;
}

bool Fiber::resume_with(void (*raise)()) {
  if (state_ == State::kNew) {
    state_ = State::kFinished;
    body_ = nullptr;
    return false;
  }
  raise_ = raise;
  return resume();
}

}  // namespace revenant
