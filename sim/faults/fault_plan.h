// The fault plan of a run: entries scheduled as events, explicit ones from the start, aimed ones
// once the system has done what they wait for. A fault says what happens to which nodes; how a node
// is killed or a link cut is the world's business.
//
//   explicit   at ───────────────────────────────> begin ──for──> end
//   aimed      armed ──nth event, delay──> choose ─> begin ──for, or nth event of until──> end
//                ^                           │
//                └──────nobody there─────────┘
//
// Watching draws nothing and schedules nothing but the fault, so a run without aimed entries is what
// it always was. An aimed entry begins at most once, and leaves an explicit one, with its time and
// its nodes, that does the same without looking.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/faults/action.h"
#include "sim/faults/aim_watch.h"
#include "sim/faults/fault_targets.h"
#include "sim/kernel/kernel.h"
#include "sim/scenario/fault_options.h"

namespace revenant::sim {

// One entry as it happened, for faults.json and for shading plots. Times since the start of the
// run.
struct FaultWindow {
  std::string kind;
  std::vector<NodeId> nodes;  // whom it concerns
  Instant from, to;
  std::string detail;
  FaultOptions entry;  // explicit
};

class FaultPlan {
 public:
  struct Run {
    Instant start, end;  // of the kernel's time; every fault has ended by `end`
    Duration gc_grace;
  };
  // Hears of aimed faults: "begins" and "ends".
  using Teller = std::function<void(const FaultWindow& window, std::string_view what)>;

  // Schedules the explicit entries and arms the aimed ones. `kernel` and `targets` outlive the
  // plan, and it outlives the events.
  FaultPlan(Kernel& kernel, const std::vector<FaultOptions>& faults, const Run& run,
            FaultTargets& targets, Teller tell);
  FaultPlan(const FaultPlan&) = delete;

  // Must hear of the run if any entry is aimed.
  AimWatch& watch() { return watch_; }
  uint64_t aimed() const;
  uint64_t aimed_begun() const;
  // Of each aimed entry that never began, which one and why.
  std::vector<std::string> missed() const;

  // Explicit entries, then aimed ones in the order in which they began.
  const std::vector<FaultWindow>& windows() const { return windows_; }
  // The entries that took place, as explicit ones, in the plan's order.
  std::vector<FaultOptions> as_explicit() const;

 private:
  struct Entry {
    FaultOptions fault;
    std::optional<Action> action = {};  // once its nodes are known
    std::optional<size_t> window = {};  // once it begins, or from the start
    EventId end = {};
    bool found_nobody = false;
  };

  void plan_explicit(size_t index);
  bool too_late(const AimOptions& aim, Instant when) const;
  void arm(size_t index, Instant from, int64_t count);
  void begin(size_t index, const std::optional<Happening>& cause);
  void end(size_t index);
  void end_at(size_t index, Instant when);
  // Opens the entry's window and returns its action.
  Action& open(size_t index, const FaultOptions& entry, Instant from, Instant to);
  void flap(size_t index, Instant from, Instant to);
  // With numbers in the place of selectors; nothing if there is nobody, or if two sides overlap.
  std::optional<FaultOptions> chosen(const FaultOptions& fault,
                                     const std::optional<Happening>& cause) const;

  Kernel& kernel_;
  const Run run_;
  FaultTargets& targets_;
  const Teller tell_;
  AimWatch watch_;
  std::vector<Entry> entries_;
  std::vector<FaultWindow> windows_;
};

// Whether the entry's time or nodes depend on the run.
bool is_aimed(const FaultOptions& fault);
// Whether any entry chooses by this.
bool uses(const std::vector<FaultOptions>& faults, NodeSelector selector);

}  // namespace revenant::sim
