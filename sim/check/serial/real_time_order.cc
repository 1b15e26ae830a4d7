#include "sim/check/serial/real_time_order.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "sim/check/serial/versions.h"

namespace revenant::check::serial {

using history::Kind;
using history::Step;
using history::Value;

namespace {

class Search {
 public:
  Search(const history::History& history, uint64_t values_max)
      : history_(history), values_left_(values_max), all_(recover_versions(history)) {}

  RealTimeOrder find() {
    for (const history::Operation& op : history_.operations())
      if (op.kind == Kind::kCompareAndSet) return undecided("compare-and-set");
    for (const Step& step : all_.steps)
      if (step.kind == Kind::kAppend) return undecided("appends");
    nodes_.push_back({0, kNobody, state(Held(history_.key_count(), history_.initial())), 0});
    frontier_ = {0};
    for (const Event& event : events()) {
      if (!event.is_end) {
        const auto slot = static_cast<uint32_t>(std::ranges::find(open_, kNobody) - open_.begin());
        if (slot == kSlots) return undecided("64 open transactions");
        open_.resize(std::max<size_t>(open_.size(), slot + 1), kNobody);
        open_[slot] = event.transaction;
        continue;
      }
      const auto slot =
          static_cast<uint32_t>(std::ranges::find(open_, event.transaction) - open_.begin());
      take_effect(slot);
      if (exhausted_) return undecided("values");
      const uint32_t operation = all_.transactions[event.transaction].operation;
      if (frontier_.empty())
        return {.outcome = RealTimeOrder::Outcome::kNone, .unexplained = operation};
      open_[slot] = kNobody;
    }
    return {.outcome = RealTimeOrder::Outcome::kFound, .order = order_to(frontier_.front())};
  }

 private:
  static constexpr uint32_t kSlots = 64;
  using Held = std::vector<Value>;  // by key

  struct Event {
    int64_t when;
    bool is_end;
    uint32_t transaction;
    auto operator<=>(const Event&) const = default;
  };
  struct Node {
    uint32_t parent, transaction;  // which has had its effect last
    uint32_t state;
    uint64_t done;  // by slot: of those that are open, which have had theirs
  };

  static RealTimeOrder undecided(std::string limit) { return {.limit = std::move(limit)}; }

  // Of the same instant, those that begin come first: they are concurrent with those that end.
  std::vector<Event> events() const {
    std::vector<Event> events;
    for (uint32_t t = 0; t < all_.transactions.size(); ++t) {
      const history::Operation& op = history_.operations()[all_.transactions[t].operation];
      if (op.outcome == history::Outcome::kFail) continue;
      events.push_back({op.invoked, false, t});
      if (op.outcome == history::Outcome::kOk) events.push_back({op.completed, true, t});
    }
    std::ranges::sort(events);
    return events;
  }

  void take_effect(uint32_t slot) {
    std::set<std::pair<uint32_t, uint64_t>> seen;
    std::vector<uint32_t> after, stack;
    const auto visit = [&](uint32_t node) {
      if (!seen.emplace(nodes_[node].state, nodes_[node].done).second) return;
      ((nodes_[node].done >> slot & 1) != 0 ? after : stack).push_back(node);
    };
    for (const uint32_t node : frontier_) visit(node);
    while (!stack.empty() && !exhausted_) {
      const uint32_t at = stack.back();
      stack.pop_back();
      for (uint32_t other = 0; other < open_.size(); ++other) {
        if (open_[other] == kNobody || (nodes_[at].done >> other & 1) != 0) continue;
        const auto next = state_after(nodes_[at].state, open_[other]);
        if (!next) continue;
        nodes_.push_back({at, open_[other], *next, nodes_[at].done | uint64_t{1} << other});
        visit(static_cast<uint32_t>(nodes_.size() - 1));
      }
    }
    for (const uint32_t node : after) nodes_[node].done &= ~(uint64_t{1} << slot);
    frontier_ = std::move(after);
  }

  std::optional<uint32_t> state_after(uint32_t before, uint32_t transaction) {
    const Transaction& t = all_.transactions[transaction];
    Held held = *states_[before];
    for (uint32_t s = t.steps_begin; s < t.steps_end; ++s) {
      const Step& step = all_.steps[s];
      if (step.kind != Kind::kGet) {
        held[step.key] = step.value;
      } else if (t.succeeded && held[step.key] != step.value) {
        return std::nullopt;
      }
    }
    return state(std::move(held));
  }

  uint32_t state(Held held) {
    const uint64_t size = held.size() + 1;  // and a node
    exhausted_ |= values_left_ < size;
    values_left_ -= std::min(values_left_, size);
    const auto [known, is_new] =
        state_of_.try_emplace(std::move(held), static_cast<uint32_t>(states_.size()));
    if (is_new) states_.push_back(&known->first);
    return known->second;
  }

  std::vector<uint32_t> order_to(uint32_t node) const {
    std::vector<uint32_t> order;
    for (; nodes_[node].transaction != kNobody; node = nodes_[node].parent)
      order.push_back(all_.transactions[nodes_[node].transaction].operation);
    std::ranges::reverse(order);
    return order;
  }

  const history::History& history_;
  uint64_t values_left_;
  Versions all_;
  std::vector<Node> nodes_;
  std::vector<uint32_t> frontier_;  // nodes
  std::vector<uint32_t> open_;      // transactions, by slot
  std::map<Held, uint32_t> state_of_;
  std::vector<const Held*> states_;
  bool exhausted_ = false;
};

}  // namespace

RealTimeOrder find_real_time_order(const history::History& history, uint64_t values) {
  return Search(history, values).find();
}

}  // namespace revenant::check::serial
