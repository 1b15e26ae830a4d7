#include "sim/check/serial/choices.h"

#include <algorithm>
#include <cstdlib>
#include <functional>

namespace revenant::check::serial {

namespace {

constexpr uint64_t kRowsBytesMax = uint64_t{64} << 20;

class Chooser {
 public:
  Chooser(uint32_t nodes, const Arcs& arcs, const Choices& choices,
          std::span<const int64_t> moments, uint64_t limit)
      : choices_(choices),
        moments_(moments.begin(), moments.end()),
        left_(limit),
        arc_count_(arcs.size()),
        next_(nodes),
        column_(nodes) {
    for (const Arc& arc : arcs) next_[arc.first].push_back(arc.second);
  }

  bool choose() {
    std::vector<uint32_t> open(choices_.size());
    for (uint32_t i = 0; i < open.size(); ++i) open[i] = i;
    if (!settle(open)) return false;
    const size_t settled = added_.size();
    if (guess(open)) return true;
    take_back(settled);
    return search(std::move(open));
  }

  Arcs arcs() const {
    Arcs arcs;
    arcs.reserve(arc_count_);
    for (uint32_t node = 0; node < next_.size(); ++node)
      for (const uint32_t to : next_[node]) arcs.emplace_back(node, to);
    return arcs;
  }
  bool exhausted() const { return exhausted_; }

 private:
  void take(uint32_t choice, Side side) {
    arcs_.clear();
    choices_.side(choice, side, arcs_);
    for (const Arc& arc : arcs_) next_[arc.first].push_back(arc.second);
    for (const Arc& arc : arcs_) added_.push_back(arc.first);
    arc_count_ += arcs_.size();
  }
  void take_back(size_t added) {
    arc_count_ -= added_.size() - added;
    for (; added_.size() > added; added_.pop_back()) next_[added_.back()].pop_back();
  }

  bool spend(uint64_t arcs) {
    exhausted_ |= arcs > left_;
    left_ -= std::min(left_, arcs);
    return !exhausted_;
  }

  // Takes what is forced, and leaves in `open` what is not. False: nothing is left to choose somewhere, or all that may
  // be looked at was.
  bool settle(std::vector<uint32_t>& open) {
    while (true) {
      if (!sort()) return false;
      if (open.empty()) return true;
      find_impossible(open);
      if (exhausted_) return false;
      size_t still = 0;
      for (size_t i = 0; i < open.size(); ++i) {
        if (impossible_[2 * i] && impossible_[2 * i + 1]) return false;
        if (!impossible_[2 * i] && !impossible_[2 * i + 1]) {
          open[still++] = open[i];
        } else {
          take(open[i], impossible_[2 * i] ? Side::kSecond : Side::kFirst);
        }
      }
      const bool forced = still < open.size();
      open.resize(still);
      if (!forced) return true;
    }
  }

  // The nodes in an order; false if there is a cycle.
  bool sort() {
    if (!spend(arc_count_ + next_.size())) return false;
    waits_.assign(next_.size(), 0);
    for (const auto& targets : next_)
      for (const uint32_t to : targets) ++waits_[to];
    order_.clear();
    for (uint32_t node = 0; node < next_.size(); ++node)
      if (waits_[node] == 0) order_.push_back(node);
    for (size_t i = 0; i < order_.size(); ++i)
      for (const uint32_t to : next_[order_[i]])
        if (--waits_[to] == 0) order_.push_back(to);
    return order_.size() == next_.size();
  }

  // Of each open choice, whether an arc of its first side would close a cycle, and of its second. Together they might
  // close one that none closes alone: all lead to one node, or from one, so they do not.
  void find_impossible(const std::vector<uint32_t>& open) {
    sides_.clear();
    side_end_.clear();
    for (const uint32_t choice : open)
      for (const Side side : {Side::kFirst, Side::kSecond}) {
        choices_.side(choice, side, sides_);
        side_end_.push_back(sides_.size());
      }
    impossible_.assign(2 * open.size(), false);
    std::ranges::fill(column_, kNoColumn);
    uint32_t columns = 0;
    for (const Arc& arc : sides_)
      if (column_[arc.first] == kNoColumn) column_[arc.first] = columns++;
    const uint64_t words_max = std::max<uint64_t>(1, kRowsBytesMax / 8 / next_.size());
    for (uint32_t begin = 0; begin < columns; begin += static_cast<uint32_t>(64 * words_max)) {
      const auto words =
          static_cast<uint32_t>(std::min<uint64_t>(words_max, (columns - begin + 63) / 64));
      if (!spend((arc_count_ + next_.size()) * ((words + 7) / 8))) return;
      fill_rows(begin, words);
      for (size_t side = 0, at = 0; side < side_end_.size(); ++side)
        for (; at < side_end_[side]; ++at) {
          const uint32_t column = column_[sides_[at].first] - begin;
          if (column < 64 * words &&
              rows_[uint64_t{sides_[at].second} * words + column / 64] >> (column % 64) & 1)
            impossible_[side] = true;
        }
    }
  }

  // Of each node, which of the columns from `begin` on it leads to, itself among them.
  void fill_rows(uint32_t begin, uint32_t words) {
    rows_.assign(next_.size() * words, 0);
    for (size_t i = order_.size(); i-- > 0;) {
      const uint32_t node = order_[i];
      uint64_t* const row = rows_.data() + uint64_t{node} * words;
      for (const uint32_t to : next_[node]) {
        const uint64_t* const other = rows_.data() + uint64_t{to} * words;
        for (uint32_t w = 0; w < words; ++w) row[w] |= other[w];
      }
      const uint32_t column = column_[node] - begin;  // wraps where there is none
      if (column_[node] != kNoColumn && column < 64 * words)
        row[column / 64] |= uint64_t{1} << (column % 64);
    }
  }

  // How much more is to be said for the first side than for the second.
  int64_t preference(uint32_t choice) {
    int64_t preference = 0;
    for (const Side side : {Side::kFirst, Side::kSecond}) {
      arcs_.clear();
      choices_.side(choice, side, arcs_);
      const int64_t apart = moments_[arcs_[0].second] - moments_[arcs_[0].first];
      preference += side == Side::kFirst ? apart : -apart;
    }
    return preference;
  }

  // Leaves behind what it took.
  bool guess(std::vector<uint32_t> open) {
    for (const uint32_t node : order_)
      for (const uint32_t to : next_[node]) moments_[to] = std::max(moments_[to], moments_[node]);
    std::vector<std::pair<int64_t, uint32_t>> by_sureness;
    for (const uint32_t choice : open) by_sureness.emplace_back(preference(choice), choice);
    std::ranges::stable_sort(by_sureness, std::greater(),
                             [](const auto& each) { return std::abs(each.first); });
    std::vector<Side> side(choices_.size());
    for (size_t i = 0; i < open.size(); ++i) {
      open[i] = by_sureness[i].second;
      side[open[i]] = by_sureness[i].first >= 0 ? Side::kFirst : Side::kSecond;
    }
    for (size_t batch = open.size(); !open.empty();) {
      batch = std::min(batch, open.size());
      const size_t before = added_.size();
      std::vector<uint32_t> rest(open.begin() + static_cast<ptrdiff_t>(batch), open.end());
      for (size_t i = 0; i < batch; ++i) take(open[i], side[open[i]]);
      if (settle(rest)) {
        open = std::move(rest);
        batch *= 2;
        continue;
      }
      if (exhausted_) return false;
      take_back(before);
      if (batch > 1) {
        batch /= 4;
        batch = std::max<size_t>(batch, 1);
        continue;
      }
      take(open[0], side[open[0]] == Side::kFirst ? Side::kSecond : Side::kFirst);
      rest.assign(open.begin() + 1, open.end());
      if (!settle(rest)) return false;
      open = std::move(rest);
    }
    return true;
  }

  bool search(std::vector<uint32_t> open) {
    if (!settle(open)) return false;
    if (open.empty()) return true;
    const uint32_t tried = open.front();
    open.erase(open.begin());
    for (const Side side : {Side::kFirst, Side::kSecond}) {
      const size_t before = added_.size();
      take(tried, side);
      if (search(open)) return true;
      if (exhausted_) return false;
      take_back(before);
    }
    return false;
  }

  static constexpr uint32_t kNoColumn = ~uint32_t{0};

  const Choices& choices_;
  std::vector<int64_t> moments_;
  uint64_t left_, arc_count_;
  std::vector<std::vector<uint32_t>> next_;
  std::vector<uint32_t> added_;  // what the arcs taken lead from
  std::vector<uint32_t> order_, waits_, column_;
  std::vector<uint64_t> rows_;
  Arcs arcs_, sides_;
  std::vector<size_t> side_end_;
  std::vector<bool> impossible_;
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

ChoiceResult order_with_choices(uint32_t nodes, const Arcs& arcs, const Choices& choices,
                                std::span<const int64_t> moments, uint64_t limit) {
  auto order = order_of(nodes, arcs);
  if (!order || choices.size() == 0) return {std::move(order)};
  Chooser chooser(nodes, arcs, choices, moments, limit);
  if (!chooser.choose()) return {std::nullopt, chooser.exhausted()};
  return {order_of(nodes, chooser.arcs())};
}

}  // namespace revenant::check::serial
