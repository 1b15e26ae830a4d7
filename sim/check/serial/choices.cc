#include "sim/check/serial/choices.h"

#include <algorithm>

namespace revenant::check::serial {

namespace {

class Chooser {
 public:
  Chooser(uint32_t nodes, const Arcs& arcs, const std::vector<std::pair<Arcs, Arcs>>& choices,
          uint64_t limit)
      : choices_(choices), left_(limit), next_(nodes), seen_(nodes) {
    for (const Arc& arc : arcs) next_[arc.first].push_back(arc.second);
  }

  bool choose(std::vector<uint32_t> open) {
    std::vector<Arc> added;
    const auto fail = [&] {
      for (size_t i = added.size(); i-- > 0;) next_[added[i].first].pop_back();
      return false;
    };
    const auto take = [&](const Arcs& arcs) {
      for (const Arc& arc : arcs) next_[arc.first].push_back(arc.second);
      added.insert(added.end(), arcs.begin(), arcs.end());
    };
    for (bool forced = true; forced;) {
      forced = false;
      std::vector<uint32_t> still;
      for (const uint32_t i : open) {
        const bool first = possible(choices_[i].first), second = possible(choices_[i].second);
        if (exhausted_ || (!first && !second)) return fail();
        if (first && second) {
          still.push_back(i);
          continue;
        }
        take(first ? choices_[i].first : choices_[i].second);
        forced = true;
      }
      open = std::move(still);
    }
    if (open.empty()) return true;
    const uint32_t tried = open.front();
    open.erase(open.begin());
    for (const Arcs* side : {&choices_[tried].first, &choices_[tried].second}) {
      const size_t before = added.size();
      take(*side);
      if (choose(open)) return true;
      while (added.size() > before) {
        next_[added.back().first].pop_back();
        added.pop_back();
      }
      if (exhausted_) break;
    }
    return fail();
  }

  Arcs arcs() const {
    Arcs arcs;
    for (uint32_t node = 0; node < next_.size(); ++node)
      for (const uint32_t to : next_[node]) arcs.emplace_back(node, to);
    return arcs;
  }
  bool exhausted() const { return exhausted_; }

 private:
  // Together they might close a cycle that none closes alone: all lead to one node, or from one, so they do not.
  bool possible(const Arcs& arcs) {
    return std::ranges::none_of(arcs, [&](const Arc& arc) {
      return arc.first == arc.second || leads(arc.second, arc.first);
    });
  }

  bool leads(uint32_t from, uint32_t to) {
    ++epoch_;
    std::vector<uint32_t> stack = {from};
    seen_[from] = epoch_;
    while (!stack.empty()) {
      const uint32_t node = stack.back();
      stack.pop_back();
      for (const uint32_t next : next_[node]) {
        if (left_ == 0) {
          exhausted_ = true;
          return false;
        }
        --left_;
        if (next == to) return true;
        if (seen_[next] == epoch_) continue;
        seen_[next] = epoch_;
        stack.push_back(next);
      }
    }
    return false;
  }

  const std::vector<std::pair<Arcs, Arcs>>& choices_;
  uint64_t left_;
  std::vector<std::vector<uint32_t>> next_;
  std::vector<uint32_t> seen_;
  uint32_t epoch_ = 0;
  bool exhausted_ = false;
};

}  // namespace

std::optional<std::vector<uint32_t>> order_of(uint32_t nodes, const Arcs& arcs) {
  std::vector<uint32_t> begin(nodes + 1, 0), waits(nodes, 0), to(arcs.size());
  for (const auto& [from, target] : arcs) {
    ++begin[from + 1];
    ++waits[target];
  }
  for (uint32_t node = 0; node < nodes; ++node) begin[node + 1] += begin[node];
  std::vector<uint32_t> place(begin.begin(), begin.end() - 1);
  for (const auto& [from, target] : arcs) to[place[from]++] = target;
  std::vector<uint32_t> order;
  order.reserve(nodes);
  for (uint32_t node = 0; node < nodes; ++node)
    if (waits[node] == 0) order.push_back(node);
  for (size_t i = 0; i < order.size(); ++i)
    for (uint32_t a = begin[order[i]]; a < begin[order[i] + 1]; ++a)
      if (--waits[to[a]] == 0) order.push_back(to[a]);
  if (order.size() < nodes) return std::nullopt;
  return order;
}

ChoiceResult order_with_choices(uint32_t nodes, const Arcs& arcs,
                                const std::vector<std::pair<Arcs, Arcs>>& choices, uint64_t limit) {
  auto order = order_of(nodes, arcs);
  if (!order || choices.empty()) return {std::move(order)};
  Chooser chooser(nodes, arcs, choices, limit);
  std::vector<uint32_t> open(choices.size());
  for (uint32_t i = 0; i < open.size(); ++i) open[i] = i;
  if (!chooser.choose(std::move(open))) return {std::nullopt, chooser.exhausted()};
  return {order_of(nodes, chooser.arcs())};
}

}  // namespace revenant::check::serial
