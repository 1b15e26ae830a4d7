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

#if REVENANT_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace revenant {
namespace {

using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

constexpr size_t kPage = 4096;
constexpr size_t kCacheLine = 64;
static_assert(alignof(Fiber) == kCacheLine);
constexpr size_t kStacksPerSlab = 64;
constexpr size_t kStaggers =
    32;  // half a page: the outer frames of a fiber stay on the page of its top
constexpr size_t kGuardedStacksMax = 10'000;
constexpr std::array<uint64_t, 8> kCanary = {
    0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0xd6e8feb86659fd93,
    0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0xd6e8feb86659fd93,
};

// Of all pools: mappings are counted for the process.
std::atomic<size_t> g_guarded_stacks = 0;

// The outermost frame ends by a switch, not by a return, and leaves its marks in AddressSanitizer's
// shadow; all other frames clear their own.
void forget_outermost_frame([[maybe_unused]] const char* top) {
#if REVENANT_ADDRESS_SANITIZER
  __asan_unpoison_memory_region(top - kPage, kPage);
#endif
}

}  // namespace

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
      const size_t stagger = (i * 5 % kStaggers) * kCacheLine;
      slab->stacks[i] = {begin + kPage, begin + stride() - stagger - sizeof(Fiber), slab->guarded};
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

FiberPool::FiberPool(size_t stack_bytes)
    : impl_(std::make_unique<Impl>()),
      exceptions_(*reinterpret_cast<const ExceptionState*>(abi::__cxa_get_globals())) {
  CHECK(stack_bytes >= 4 * kPage, "stack_bytes={}", stack_bytes);
  impl_->stack_bytes = (stack_bytes + kPage - 1) / kPage * kPage;
}

FiberPool::~FiberPool() {
  CHECK(impl_->live == 0, "{} fibers outlive their pool", impl_->live);
  for (const auto& slab : impl_->slabs) {
    munmap(slab->memory, impl_->slab_bytes());
    if (slab->guarded) g_guarded_stacks.fetch_sub(kStacksPerSlab);
  }
}

std::unique_ptr<Fiber> FiberPool::create(std::move_only_function<void()> body) {
  if (impl_->free.empty()) impl_->add_slab();
  Fiber::Stack& stack = *impl_->free.back();
  impl_->free.pop_back();
  ++impl_->live;
  return std::unique_ptr<Fiber>(::new (stack.top) Fiber(*this, stack, std::move(body)));
}

Fiber::Fiber(FiberPool& pool, Stack& stack, std::move_only_function<void()> body)
    : pool_(pool), guarded_(stack.guarded), stack_(stack), body_(std::move(body)) {
  context_ = make_fcontext(stack.top, stack.bytes(), &Fiber::enter);
}

Fiber::~Fiber() {
  CHECK(state_ == State::kFinished || state_ == State::kNew, "a fiber is destroyed halfway");
}

void Fiber::operator delete(Fiber* fiber, std::destroying_delete_t) {
  FiberPool::Impl& pool = *fiber->pool_.impl_;
  Stack& stack = fiber->stack_;
  fiber->check_stack();
  fiber->~Fiber();
  forget_outermost_frame(stack.top);
  pool.free.push_back(&stack);
  --pool.live;
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

void Fiber::check_stack() const {
  CHECK(stack_.whole(), "a fiber ran over the end of its stack of {} bytes", stack_.bytes());
}

#if !REVENANT_ADDRESS_SANITIZER

void Fiber::enter(transfer_t from) noexcept {
  Fiber& fiber = *static_cast<Fiber*>(from.data);
  fiber.resumer_ = from.fctx;
  fiber.body_();
  fiber.body_ = nullptr;
  fiber.state_ = State::kFinished;
  jump_fcontext(fiber.resumer_, nullptr);
  std::unreachable();
}

#else

// The same, with each switch announced before (where it leads, and where to keep the shadow of the
// stack being left; nowhere when it is left for good) and after (whose stack was left).

void Fiber::enter(transfer_t from) noexcept {
  Fiber& fiber = *static_cast<Fiber*>(from.data);
  __sanitizer_finish_switch_fiber(nullptr, &fiber.resumer_stack_, &fiber.resumer_stack_bytes_);
  fiber.resumer_ = from.fctx;
  fiber.body_();
  fiber.body_ = nullptr;
  fiber.state_ = State::kFinished;
  __sanitizer_start_switch_fiber(nullptr, fiber.resumer_stack_, fiber.resumer_stack_bytes_);
  jump_fcontext(fiber.resumer_, nullptr);
  std::unreachable();
}

bool Fiber::resume() {
  CHECK(state_ == State::kNew || state_ == State::kSuspended,
        "a fiber resumed while running or ended");
  Fiber* const outer = std::exchange(pool_.running_, this);
  exceptions_at_resume_ = pool_.exceptions_;
  state_ = State::kRunning;
  void* outer_shadow = nullptr;
  __sanitizer_start_switch_fiber(&outer_shadow, stack_.low, stack_.bytes());
  const transfer_t from = jump_fcontext(context_, this);
  __sanitizer_finish_switch_fiber(outer_shadow, nullptr, nullptr);
  context_ = from.fctx;
  pool_.running_ = outer;
  return state_ != State::kFinished;
}

void FiberPool::suspend() {
  check_suspension();
  Fiber& fiber = *running_;
  fiber.state_ = Fiber::State::kSuspended;
  __sanitizer_start_switch_fiber(&fiber.shadow_stack_, fiber.resumer_stack_,
                                 fiber.resumer_stack_bytes_);
  const transfer_t from = jump_fcontext(fiber.resumer_, nullptr);
  __sanitizer_finish_switch_fiber(fiber.shadow_stack_, &fiber.resumer_stack_,
                                  &fiber.resumer_stack_bytes_);
  fiber.resumer_ = from.fctx;
  if (fiber.raise_ != nullptr) std::exchange(fiber.raise_, nullptr)();
}

#endif

}  // namespace revenant
