#include "sim/faults/fault_plan.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/base/check.h"
#include "sim/faults/action.h"

namespace revenant::sim {
namespace {

// Visits an entry's fields for the one kind it is of.
class KindFinder {
 public:
  explicit KindFinder(FaultTargets& targets) : targets_(targets) {}

  template <typename T, typename... More>
  void field(std::string_view name, std::optional<T>& kind, More...) {
    if constexpr (requires { action_of(*kind, targets_); }) {
      if (!kind) return;
      CHECK(kind_.empty(), "a fault of two kinds: {} and {}", kind_, name);
      kind_ = name;
      action_ = action_of(*kind, targets_);
    }
  }
  template <typename T, typename... More>
  void field(std::string_view, T&, More...) {}

  std::pair<std::string, Action> take() {
    CHECK(!kind_.empty(), "a fault of no kind");
    return {std::move(kind_), std::move(action_)};
  }

 private:
  FaultTargets& targets_;
  std::string kind_;
  Action action_;
};

// An entry that begins anew with each period. Only the next change is ever scheduled, so that a
// long run's plan stays small.
struct Flapping {
  Kernel& kernel;
  size_t entry;
  Action action;
  Duration period, hold;
  Instant end;

  static void schedule(const std::shared_ptr<Flapping>& self, Instant begin) {
    if (begin >= self->end) return;
    const NodeId node = self->action.nodes.empty() ? NodeId{} : self->action.nodes.front();
    self->kernel.at(begin, node, EventKind::kFault, 2 * self->entry, [self, node, begin] {
      self->action.begin();
      const Instant over = std::min(begin + self->hold, self->end);
      self->kernel.at(over, node, EventKind::kFault, 2 * self->entry + 1, [self, begin] {
        self->action.end();
        schedule(self, begin + self->period);
      });
    });
  }
};

}  // namespace

std::vector<FaultWindow> schedule_faults(Kernel& kernel, const std::vector<FaultOptions>& faults,
                                         Instant start, Instant end, FaultTargets& targets) {
  std::vector<FaultWindow> windows;
  for (size_t i = 0; i < faults.size(); ++i) {
    FaultOptions fault = faults[i];  // describe() takes its fields by reference
    KindFinder finder(targets);
    fault.describe(finder);
    auto [kind, action] = finder.take();
    const Instant from = start + fault.at;
    const Instant to = fault.duration ? std::min(end, from + *fault.duration) : end;
    windows.push_back(
        {kind, action.nodes, Instant{} + (from - start), Instant{} + (to - start), action.detail});
    if (action.prepare) {
      kernel.at(start + action.prepare->first, action.nodes.front(), EventKind::kFault, 2 * i,
                action.prepare->second);
    }
    if (fault.period) {
      const Duration hold{
          static_cast<int64_t>(static_cast<double>(fault.period->ns) * fault.duty.value_or(0.5))};
      windows.back().detail += fmt::format(", {} of every {}", hold, *fault.period);
      Flapping::schedule(std::make_shared<Flapping>(
                             Flapping{kernel, i, std::move(action), *fault.period, hold, to}),
                         from);
      continue;
    }
    const NodeId node = action.nodes.empty() ? NodeId{} : action.nodes.front();
    kernel.at(from, node, EventKind::kFault, 2 * i, std::move(action.begin));
    kernel.at(std::max(from, to), node, EventKind::kFault, 2 * i + 1, std::move(action.end));
  }
  return windows;
}

}  // namespace revenant::sim
