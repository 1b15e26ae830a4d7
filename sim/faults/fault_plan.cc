#include "sim/faults/fault_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/base/check.h"

namespace revenant::sim {
namespace {

// Visits an entry's fields for the one kind it is of.
class KindFinder {
 public:
  explicit KindFinder(FaultTargets* targets) : targets_(targets) {}

  template <typename T, typename... More>
  void field(std::string_view name, std::optional<T>& kind, More...) {
    if constexpr (requires { action_of(*kind, *targets_); }) {
      if (!kind) return;
      CHECK(kind_.empty(), "a fault of two kinds: {} and {}", kind_, name);
      kind_ = name;
      if (targets_ != nullptr) action_ = action_of(*kind, *targets_);
    }
  }
  template <typename T, typename... More>
  void field(std::string_view, T&, More...) {}

  std::string kind() const {
    CHECK(!kind_.empty(), "a fault of no kind");
    return kind_;
  }
  Action action() { return std::move(action_); }

 private:
  FaultTargets* targets_;
  std::string kind_;
  Action action_;
};

std::string kind_of(FaultOptions fault) {
  KindFinder finder(nullptr);
  fault.describe(finder);
  return finder.kind();
}

Action action_of_entry(FaultOptions fault, FaultTargets& targets) {
  KindFinder finder(&targets);
  fault.describe(finder);
  (void)finder.kind();
  return finder.action();
}

// Calls `visit` with every set of nodes that has a selector.
template <typename Visit>
class Selectors {
 public:
  explicit Selectors(Visit visit) : visit_(visit) {}

  template <typename T, typename... More>
  void field(std::string_view, T& value, More...) {
    find(value);
  }

 private:
  template <typename T>
  void find(T& value) {
    if constexpr (requires { value.describe(*this); }) value.describe(*this);
  }
  template <typename T>
  void find(std::optional<T>& value) {
    if (value) find(*value);
  }
  void find(NodeSet& set) {
    if (set.selector) visit_(set);
  }
  Visit visit_;
};

template <typename Visit>
void for_each_selector(FaultOptions& fault, Visit visit) {
  Selectors<Visit> selectors(visit);
  fault.describe(selectors);
}

bool overlap(const NodeSet& a, const NodeSet& b) {
  return std::ranges::any_of(
      a.nodes, [&b](uint32_t node) { return std::ranges::binary_search(b.nodes, node); });
}
bool sides_overlap(const FaultOptions& f) {
  return (f.partition && overlap(f.partition->from, f.partition->to)) ||
         (f.clog && overlap(f.clog->from, f.clog->to)) ||
         (f.bridge && overlap(f.bridge->node, f.bridge->from));
}

NodeId first_of(const Action& action) {
  return action.nodes.empty() ? NodeId{} : action.nodes.front();
}

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
    const NodeId node = first_of(self->action);
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

bool is_aimed(const FaultOptions& fault) {
  FaultOptions copy = fault;
  bool selects = false;
  for_each_selector(copy, [&selects](NodeSet&) { selects = true; });
  return fault.when || fault.until || selects;
}

bool uses(const std::vector<FaultOptions>& faults, NodeSelector selector) {
  bool found = false;
  for (FaultOptions fault : faults)
    for_each_selector(fault, [&](NodeSet& set) { found |= set.selector == selector; });
  return found;
}

FaultPlan::FaultPlan(Kernel& kernel, const std::vector<FaultOptions>& faults, const Run& run,
                     FaultTargets& targets, Teller tell)
    : kernel_(kernel),
      run_(run),
      targets_(targets),
      tell_(std::move(tell)),
      watch_(kernel, run.start, run.gc_grace) {
  for (const FaultOptions& fault : faults) entries_.push_back({.fault = fault});
  for (size_t i = 0; i < entries_.size(); ++i) {
    const FaultOptions& fault = entries_[i].fault;
    const Instant from = run.start + fault.at;
    if (!is_aimed(fault)) {
      plan_explicit(i);
      continue;
    }
    if (fault.restore) {  // its nodes are known, for a snapshot is taken beforehand
      const Action& action = entries_[i].action.emplace(action_of_entry(fault, targets_));
      kernel_.at(run.start + action.prepare->first, first_of(action), EventKind::kFault, 2 * i,
                 action.prepare->second);
    }
    if (fault.when) {
      arm(i, from, fault.when->nth);
    } else {
      kernel_.at(from, NodeId{}, EventKind::kFault, 2 * i, [this, i] { begin(i, {}); });
    }
  }
}

void FaultPlan::plan_explicit(size_t index) {
  const FaultOptions& fault = entries_[index].fault;
  const Instant from = run_.start + fault.at;
  const Instant to = fault.duration ? std::min(run_.end, from + *fault.duration) : run_.end;
  Action& action = open(index, fault, from, to);
  if (action.prepare) {
    kernel_.at(run_.start + action.prepare->first, first_of(action), EventKind::kFault, 2 * index,
               action.prepare->second);
  }
  if (fault.period) return flap(index, from, to);
  const NodeId node = first_of(action);
  kernel_.at(from, node, EventKind::kFault, 2 * index, std::move(action.begin));
  kernel_.at(std::max(from, to), node, EventKind::kFault, 2 * index + 1, std::move(action.end));
}

Action& FaultPlan::open(size_t index, const FaultOptions& entry, Instant from, Instant to) {
  Entry& e = entries_[index];
  if (!e.action) e.action = action_of_entry(entry, targets_);
  e.window = windows_.size();
  windows_.push_back({kind_of(entry), e.action->nodes, Instant{} + (from - run_.start),
                      Instant{} + (to - run_.start), e.action->detail, entry});
  return *e.action;
}

void FaultPlan::flap(size_t index, Instant from, Instant to) {
  Entry& entry = entries_[index];
  const FaultOptions& fault = entry.fault;
  const Duration hold{
      static_cast<int64_t>(static_cast<double>(fault.period->ns) * fault.duty.value_or(0.5))};
  windows_[*entry.window].detail += fmt::format(", {} of every {}", hold, *fault.period);
  Flapping::schedule(std::make_shared<Flapping>(Flapping{kernel_, index, std::move(*entry.action),
                                                         *fault.period, hold, to}),
                     from);
}

// --- aimed entries ---

bool FaultPlan::too_late(const AimOptions& aim, Instant when) const {
  return when >= run_.end || (aim.before && when >= run_.start + *aim.before);
}

void FaultPlan::arm(size_t index, Instant from, int64_t count) {
  const auto come = [this, index](Instant when, const Happening& cause) {
    if (too_late(*entries_[index].fault.when, when)) return;
    kernel_.at(when, cause.node, EventKind::kFault, 2 * index,
               [this, index, cause] { begin(index, cause); });
  };
  watch_.await(*entries_[index].fault.when, from, count, come);
}

void FaultPlan::begin(size_t index, const std::optional<Happening>& cause) {
  Entry& entry = entries_[index];
  const Instant now = kernel_.now();
  std::optional<FaultOptions> now_explicit = chosen(entry.fault, cause);
  if (!now_explicit) {
    entry.found_nobody = true;
    if (entry.fault.when) arm(index, now, 1);
    return;
  }
  now_explicit->at = now - run_.start;
  now_explicit->when.reset();
  now_explicit->until.reset();
  const Instant to =
      entry.fault.duration ? std::min(run_.end, now + *entry.fault.duration) : run_.end;
  Action& action = open(index, *now_explicit, now, to);
  tell_(windows_[*entry.window], "begins");
  if (entry.fault.period) return flap(index, now, to);
  action.begin();
  end_at(index, to);
  if (!entry.fault.until) return;
  watch_.await(*entry.fault.until, now, entry.fault.until->nth,
               [this, index](Instant when, const Happening&) {
                 if (!too_late(*entries_[index].fault.until, when)) end_at(index, when);
               });
}

void FaultPlan::end_at(size_t index, Instant when) {
  Entry& entry = entries_[index];
  kernel_.cancel(entry.end);
  entry.end = kernel_.at(std::max(when, kernel_.now()), first_of(*entry.action), EventKind::kFault,
                         2 * index + 1, [this, index] { end(index); });
}

void FaultPlan::end(size_t index) {
  Entry& entry = entries_[index];
  entry.action->end();
  FaultWindow& window = windows_[*entry.window];
  window.to = Instant{} + (kernel_.now() - run_.start);
  if (entry.fault.until) window.entry.duration = window.to - window.from;
  tell_(window, "ends");
}

std::optional<FaultOptions> FaultPlan::chosen(const FaultOptions& fault,
                                              const std::optional<Happening>& cause) const {
  FaultOptions result = fault;
  bool found = true;
  for_each_selector(result, [&](NodeSet& set) {
    std::optional<NodeId> node;
    if (set.selector == NodeSelector::kEventNode) {
      node = cause->node;
    } else if (set.selector == NodeSelector::kEventPeer) {
      node = cause->peer;
    } else {
      node = targets_.chosen_by(*set.selector);
    }
    found &= node.has_value();
    if (node) set = {.all = false, .nodes = {node->value}};
  });
  return found && !sides_overlap(result) ? std::optional(std::move(result)) : std::nullopt;
}

uint64_t FaultPlan::aimed() const {
  return static_cast<uint64_t>(
      std::ranges::count_if(entries_, [](const Entry& e) { return is_aimed(e.fault); }));
}

uint64_t FaultPlan::aimed_begun() const {
  return static_cast<uint64_t>(std::ranges::count_if(
      entries_, [](const Entry& e) { return is_aimed(e.fault) && e.window; }));
}

std::vector<std::string> FaultPlan::missed() const {
  std::vector<std::string> lines;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.window) continue;
    const std::string path = entry.fault.name ? *entry.fault.name : fmt::format("faults[{}]", i);
    const std::string why = entry.found_nobody ? "nobody was there to choose"
                                               : fmt::format("{} did not come, or too few or late",
                                                             enum_name(*entry.fault.when->event));
    lines.push_back(fmt::format("{} ({}): {}", path, kind_of(entry.fault), why));
  }
  return lines;
}

std::vector<FaultOptions> FaultPlan::as_explicit() const {
  std::vector<FaultOptions> plan;
  for (const Entry& entry : entries_) {
    if (entry.window) plan.push_back(windows_[*entry.window].entry);
  }
  return plan;
}

}  // namespace revenant::sim
