#include "engine/ring/token_allocation.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "engine/base/check.h"
#include "engine/ring/replica_picker.h"

namespace revenant::ring {
namespace {

// Places that are looked at for a token: in so many ranges, these eighths, the middle first.
constexpr size_t kRanges = 32;
constexpr uint64_t kEighths[] = {4, 3, 5, 2, 6, 1, 7};
// What rounding may make of equal costs.
constexpr double kRounding = 1e-9;

double width(Token after, Token upto) {
  const uint64_t tokens = upto.value - after.value;
  return tokens == 0 ? 1.0 : static_cast<double>(tokens) * 0x1p-64;
}

// The circle while one node gets its tokens: who holds each range, and how much that comes to.
class Circle {
 public:
  Circle(const std::vector<Member>& machines, std::vector<TokenOwner> tokens, NodeId newcomer,
         const ReplicationFactor& factor)
      : tokens_(std::move(tokens)), newcomer_(newcomer), fresh_({}, {}) {
    std::vector<Member> members;
    for (const Member& machine : machines) {
      const bool owns = machine.node == newcomer ||
                        std::ranges::any_of(
                            tokens_, [&](TokenOwner owner) { return owner.node == machine.node; });
      if (!owns) continue;
      members.push_back(machine);
      members_[machine.node] = machine;
    }
    by_data_center_ = !factor.of_data_centers.empty();
    std::map<int64_t, int64_t> nodes;
    for (const Member& member : members) ++nodes[group_of(member.node)];
    for (const auto& [group, count] : nodes) {
      int64_t copies = factor.of_all;
      if (by_data_center_) {
        const auto of_group = factor.of_data_centers.find(group);
        copies = of_group == factor.of_data_centers.end() ? 0 : of_group->second;
      }
      fair_[group] = static_cast<double>(std::min(copies, count)) / static_cast<double>(count);
    }
    fresh_ = ReplicaPicker(members, factor);
    hold_all();
  }

  // `part`: how much of its tokens the newcomer has then.
  void add_best(double part, Random& random) {
    // Ranges of one width in any order, lest all tokens go to one side of the circle.
    std::vector<std::tuple<double, uint64_t, size_t>> widest;
    for (size_t i = 0; i < tokens_.size(); ++i)
      widest.emplace_back(-width(before(i), tokens_[i].token), random.next(), i);
    const size_t count = std::min(kRanges, widest.size());
    std::ranges::partial_sort(widest, widest.begin() + static_cast<std::ptrdiff_t>(count));
    std::optional<double> least;
    Token best;
    for (size_t i = 0; i < count; ++i) {
      const size_t range = std::get<2>(widest[i]);
      const Token after = before(range);
      const uint64_t tokens = tokens_[range].token.value - after.value;
      const uint64_t step = (tokens == 0 ? UINT64_MAX : tokens) / 8;  // 0: the whole circle
      if (step == 0) continue;
      for (const uint64_t eighths : kEighths) {
        const Token token{after.value + step * eighths};
        const double cost = cost_of(range, token, part);
        if (least && cost > *least - kRounding) continue;
        least = cost;
        best = token;
      }
    }
    CHECK(least.has_value(), "the circle is full");
    add(best);
  }
  std::vector<TokenOwner> take() { return std::move(tokens_); }

 private:
  struct Held {
    std::vector<NodeId> replicas;
    size_t tokens = 0;  // walked over until all were found, the range's own included
  };

  Token before(size_t i) const { return tokens_[i == 0 ? tokens_.size() - 1 : i - 1].token; }
  int64_t group_of(NodeId node) const {
    return by_data_center_ ? members_.at(node).data_center : 0;
  }

  // The replicas of a range that ends at token `i`; as if the newcomer had one more, right before
  // token `*another`.
  Held replicas_from(size_t i, std::optional<size_t> another) const {
    Held held;
    ReplicaPicker picker = fresh_;
    const auto pass = [&](NodeId node) {
      ++held.tokens;
      if (std::ranges::find(held.replicas, node) != held.replicas.end()) return;
      if (picker.take(members_.at(node))) held.replicas.push_back(node);
    };
    for (size_t step = 0; step < tokens_.size() && !picker.done(); ++step) {
      const size_t at = (i + step) % tokens_.size();
      if (another == at) pass(newcomer_);
      if (!picker.done()) pass(tokens_[at].node);
    }
    return held;
  }

  // If the newcomer had a token in the range that ends at token `index`: calls `visit(range, held)`
  // with each of the ranges before it that would meet it, nearest first.
  template <typename Visit>
  void visit_meeting(size_t index, Visit visit) const {
    const size_t count = tokens_.size();
    for (size_t back = 1; back < count; ++back) {
      const size_t i = (index + count - back) % count;
      // Those farther back find theirs no farther on.
      if (held_[i].tokens <= back && held_[i].tokens < count) break;
      visit(i, replicas_from(i, index));
    }
  }

  double cost_of(size_t index, Token token, double part) {
    std::map<NodeId, double> change;
    const auto move = [&](const std::vector<NodeId>& from, const std::vector<NodeId>& to,
                          double amount) {
      for (NodeId node : from) change[node] -= amount;
      for (NodeId node : to) change[node] += amount;
    };
    move(held_[index].replicas, replicas_from(index, index).replicas, width(before(index), token));
    visit_meeting(index, [&](size_t i, const Held& held) {
      move(held_[i].replicas, held.replicas, width(before(i), tokens_[i].token));
    });
    double cost = 0;
    for (const auto& [node, amount] : change) {
      const double fair = fair_.at(group_of(node)) * (node == newcomer_ ? part : 1);
      const double beyond = share_[node] - fair;
      cost += (beyond + amount) * (beyond + amount) - beyond * beyond;
    }
    return cost;
  }

  void add(Token token) {
    const auto at = std::ranges::lower_bound(tokens_, token, {}, &TokenOwner::token);
    const auto place = static_cast<size_t>(at - tokens_.begin());
    const size_t index = place % tokens_.size();  // of the range that it cuts
    std::vector<std::pair<size_t, Held>> meeting;
    visit_meeting(index, [&](size_t i, Held held) { meeting.emplace_back(i, std::move(held)); });
    Held own = replicas_from(index, index);
    give(held_[index].replicas, -width(before(index), token));
    give(own.replicas, width(before(index), token));
    for (const auto& [i, held] : meeting) {
      give(held_[i].replicas, -width(before(i), tokens_[i].token));
      give(held.replicas, width(before(i), tokens_[i].token));
    }
    for (auto& [i, held] : meeting) held_[i] = std::move(held);
    tokens_.insert(at, {token, newcomer_});
    // Before its first token some ranges may have had too few replicas, wherever they looked.
    if (!std::exchange(joined_, true)) return hold_all();
    held_.insert(held_.begin() + static_cast<std::ptrdiff_t>(place), std::move(own));
  }

  void hold_all() {
    held_.clear();
    share_.clear();
    for (size_t i = 0; i < tokens_.size(); ++i) {
      held_.push_back(replicas_from(i, std::nullopt));
      give(held_[i].replicas, width(before(i), tokens_[i].token));
    }
  }

  void give(const std::vector<NodeId>& replicas, double amount) {
    for (NodeId node : replicas) share_[node] += amount;
  }

  std::vector<TokenOwner> tokens_;  // ascending
  NodeId newcomer_;
  bool by_data_center_ = false;
  std::map<NodeId, Member> members_;
  std::map<int64_t, double> fair_;  // of each node of a data center; of all, if they do not matter
  ReplicaPicker fresh_;
  std::vector<Held> held_;  // of the range that ends at each token
  std::map<NodeId, double> share_;
  bool joined_ = false;  // the newcomer has a token
};

}  // namespace

std::vector<TokenOwner> evened_tokens(const std::vector<Member>& machines,
                                      std::vector<TokenOwner> tokens,
                                      const std::vector<NodeId>& newcomers, int64_t vnodes,
                                      const ReplicationFactor& factor, Random random) {
  const auto count = static_cast<uint64_t>(vnodes);
  for (NodeId node : newcomers) {
    if (tokens.empty()) {
      const uint64_t first = random.next();
      for (uint64_t i = 0; i < count; ++i)
        tokens.push_back({{first + i * (UINT64_MAX / count)}, node});
      std::ranges::sort(tokens, {}, &TokenOwner::token);
      continue;
    }
    Circle circle(machines, std::move(tokens), node, factor);
    for (uint64_t i = 1; i <= count; ++i)
      circle.add_best(static_cast<double>(i) / static_cast<double>(count), random);
    tokens = circle.take();
  }
  return tokens;
}

}  // namespace revenant::ring
