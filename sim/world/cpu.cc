#include "sim/world/cpu.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "sim/net/link_model.h"

namespace revenant::sim {

Cpu::Cpu(Kernel& kernel, NodeId node, const CpuOptions& options)
    : kernel_(kernel),
      node_(node),
      options_(options),
      free_at_(static_cast<size_t>(options.cores)) {}

Instant Cpu::occupy(Duration cost) {
  if (!factors_.empty()) {
    const double factor = std::ranges::max(factors_);
    cost = {static_cast<int64_t>(static_cast<double>(cost.ns) * factor)};
  }
  Instant& core = *std::ranges::min_element(free_at_);
  core = std::max(kernel_.now(), core) + cost;
  totals_.busy += cost;
  return core;
}

void Cpu::submit(size_t bytes, std::move_only_function<void()> handle) {
  const Instant begin = std::max(kernel_.now(), *std::ranges::min_element(free_at_));
  const Instant done = occupy(options_.per_message + passing_time(bytes, options_.bandwidth));
  ++totals_.handled;
  totals_.slowed += factors_.empty() ? 0 : 1;
  totals_.waited += begin - kernel_.now();
  if (Trace* const trace = kernel_.trace(); trace != nullptr) {
    trace->message_handled(node_, bytes, kernel_.now(), begin, done);
  }
  kernel_.at(done, node_, EventKind::kTimer, totals_.handled,
             [this, life = life_, handle = std::move(handle)]() mutable {
               finish(life, std::move(handle));
             });
}

void Cpu::spend(Duration cost) {
  if (cost == Duration{}) return;
  const Instant done = occupy(cost);
  kernel_.sleep(done - kernel_.now());
}

void Cpu::finish(uint64_t life, std::move_only_function<void()> handle) {
  if (life != life_) return;
  if (paused_) {
    ready_.push_back(std::move(handle));
  } else {
    handle();
  }
}

void Cpu::clear() {
  ++life_;
  paused_ = false;
  ready_.clear();
  std::ranges::fill(free_at_, Instant{});
}

void Cpu::resume() {
  CHECK(!kernel_.in_task());
  paused_ = false;
  // What is handled may pause the process again, or end it.
  while (!paused_ && !ready_.empty()) {
    auto handle = std::move(ready_.front());
    ready_.pop_front();
    handle();
  }
}

void Cpu::slow(double factor) { factors_.push_back(factor); }

void Cpu::recover(double factor) {
  const auto it = std::ranges::find(factors_, factor);
  CHECK(it != factors_.end(), "factor={}", factor);
  factors_.erase(it);
}

}  // namespace revenant::sim
