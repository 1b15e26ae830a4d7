#include "engine/ring/topology.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/base/check.h"
#include "engine/ring/token_allocation.h"

namespace revenant::ring {
namespace {

bool holds(const std::vector<NodeId>& nodes, NodeId node) {
  return std::ranges::find(nodes, node) != nodes.end();
}

// Of those in `a` that are not in `b`.
std::vector<NodeId> without(const std::vector<NodeId>& a, const std::vector<NodeId>& b) {
  std::vector<NodeId> left;
  std::ranges::copy_if(a, std::back_inserter(left), [&](NodeId node) { return !holds(b, node); });
  return left;
}

}  // namespace

std::vector<Transfer> transfers(const Ring& before, const Ring& after, std::optional<NodeId> dead) {
  std::set<Token> cuts;
  for (const Ring* ring : {&before, &after}) {
    for (TokenOwner owner : ring->tokens()) cuts.insert(owner.token);
  }
  std::vector<Transfer> result;
  Token from = *cuts.rbegin();
  for (Token upto : cuts) {
    const TokenRange range{std::exchange(from, upto), upto};
    const std::vector<NodeId>& old = before.replicas(upto);
    std::vector<NodeId> gave = without(old, after.replicas(upto));
    for (NodeId to : without(after.replicas(upto), old)) {
      Transfer transfer{range, to, {}};
      // Of its own data center, if one there gives way.
      auto source = std::ranges::find_if(gave, [&](NodeId node) {
        return before.data_center_of(node) == after.data_center_of(to);
      });
      if (source == gave.end()) source = gave.begin();
      if (source != gave.end()) {
        if (*source != dead) transfer.from = {*source};
        gave.erase(source);
      }
      if (transfer.from.empty()) {
        transfer.from = old;
        if (dead) std::erase(transfer.from, *dead);
      }
      result.push_back(std::move(transfer));
    }
  }
  return result;
}

Topology::Topology(std::vector<Member> machines, size_t spares, const RingOptions& options,
                   Random random)
    : machines_(std::move(machines)), options_(options), random_(std::move(random)) {
  CHECK(spares < machines_.size(), "spares={}", spares);
  for (const Member& machine : machines_) nodes_.push_back(machine.node);
  const std::vector<Member> members(machines_.begin(),
                                    machines_.end() - static_cast<std::ptrdiff_t>(spares));
  std::vector<TokenOwner> tokens;
  if (options_.allocation == TokenAllocation::kEven) {
    std::vector<NodeId> joined;
    for (const Member& member : members) joined.push_back(member.node);
    tokens = evened_tokens(machines_, {}, joined, options_.vnodes, options_.replication_factor,
                           random_.fork("even"));
  } else {
    tokens = Ring(members, options_.vnodes, options_.replication_factor, random_).tokens();
  }
  rings_.push_back(
      std::make_shared<Ring>(machines_, std::move(tokens), options_.replication_factor));
}

bool Topology::is_member(NodeId node) const { return holds(ring().nodes(), node); }

std::vector<NodeId> Topology::pending(Token token) const {
  std::vector<NodeId> pending;
  if (change_) pending = without(next_->replicas(token), ring().replicas(token));
  std::ranges::sort(pending);
  return pending;
}

std::vector<TokenRange> Topology::pending_of(NodeId node) const {
  std::vector<TokenRange> ranges;
  if (!change_) return ranges;
  for (const Transfer& transfer : change_->transfers) {
    if (transfer.to == node) ranges.push_back(transfer.range);
  }
  return ranges;
}

std::vector<NodeId> Topology::writers(Token token) const {
  std::vector<NodeId> writers = ring().replicas(token);
  const std::vector<NodeId> more = pending(token);
  writers.insert(writers.end(), more.begin(), more.end());
  return writers;
}

std::vector<TokenRange> Topology::owned_by(NodeId node) const {
  std::vector<TokenRange> ranges = pending_of(node);
  for (const Ring::OwnedRange& owned : ring().ranges()) {
    if (holds(owned.replicas, node)) ranges.push_back(owned.range);
  }
  return ranges;
}

std::vector<TokenOwner> Topology::tokens_for(NodeId node, std::vector<TokenOwner> others) {
  if (options_.allocation == TokenAllocation::kEven)
    return evened_tokens(machines_, std::move(others), {node}, options_.vnodes,
                         options_.replication_factor, random_.fork("even"));
  // The first newcomer has the tokens that it would have had from the start.
  Random own = random_.fork(fmt::format("{}", node));
  if (is_member(node) || finished_ > 0) own = own.fork(fmt::format("change {}", changes_));
  for (int64_t i = 0; i < options_.vnodes; ++i) others.push_back({{own.next()}, node});
  return others;
}

Result<void> Topology::bootstrap(NodeId node) {
  if (is_member(node)) return error(ErrorCode::kInvalid, "{} has joined already", node);
  return begin(ChangeKind::kBootstrap, node, tokens_for(node, ring().tokens()));
}

Result<void> Topology::decommission(NodeId node) {
  if (!is_member(node)) return error(ErrorCode::kInvalid, "{} is no member", node);
  if (std::cmp_less_equal(ring().nodes().size(), factor().total()))
    return error(ErrorCode::kInvalid, "without {} there are fewer nodes than replicas", node);
  std::vector<TokenOwner> tokens = ring().tokens();
  std::erase_if(tokens, [&](TokenOwner owner) { return owner.node == node; });
  return begin(ChangeKind::kDecommission, node, std::move(tokens));
}

Result<void> Topology::replace(NodeId dead, NodeId node) {
  if (!is_member(dead)) return error(ErrorCode::kInvalid, "{} is no member", dead);
  if (is_member(node)) return error(ErrorCode::kInvalid, "{} has joined already", node);
  std::vector<TokenOwner> tokens = ring().tokens();
  for (TokenOwner& owner : tokens) {
    if (owner.node == dead) owner.node = node;
  }
  return begin(ChangeKind::kReplace, node, std::move(tokens), dead);
}

Result<void> Topology::move(NodeId node) {
  if (!is_member(node)) return error(ErrorCode::kInvalid, "{} is no member", node);
  std::vector<TokenOwner> others = ring().tokens();
  std::erase_if(others, [&](TokenOwner owner) { return owner.node == node; });
  if (others.empty()) return error(ErrorCode::kInvalid, "{} is alone", node);
  return begin(ChangeKind::kMove, node, tokens_for(node, std::move(others)));
}

Result<void> Topology::begin(ChangeKind kind, NodeId node, std::vector<TokenOwner> tokens,
                             std::optional<NodeId> replaced) {
  if (change_) return error(ErrorCode::kInvalid, "a change of membership is under way");
  next_ = std::make_shared<Ring>(machines_, std::move(tokens), factor());
  change_ = Change{kind, node, replaced, ++changes_, transfers(ring(), *next_, replaced)};
  tell();
  return {};
}

void Topology::finish() {
  CHECK(change_.has_value());
  rings_.push_back(std::move(next_));
  change_.reset();
  ++finished_;
  tell();
}

void Topology::abort() {
  CHECK(change_.has_value());
  next_.reset();
  change_.reset();
  tell();
}

void Topology::tell() {
  ++version_;
  for (const auto& [node, follow] : followers_) follow();
}

}  // namespace revenant::ring
