#include "engine/ring/ring.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/checksum.h"
#include "engine/base/coding.h"
#include "engine/ring/replica_picker.h"

namespace revenant::ring {
namespace {

constexpr uint64_t kTokenMax = std::numeric_limits<uint64_t>::max();
constexpr size_t kTokenBytes = sizeof(uint64_t);

// The least storage key of a token: storage keys of smaller tokens lie before it, all others at or
// after it.
Buffer token_prefix(uint64_t token) {
  Buffer prefix;
  put_big_endian64(prefix, token);
  return prefix;
}

// Storage keys of tokens least…greatest, both included.
KeyInterval interval(uint64_t least, uint64_t greatest) {
  return {token_prefix(least), greatest == kTokenMax ? Buffer() : token_prefix(greatest + 1)};
}

// A node draws from a stream of its own, so that adding a node leaves the tokens of the others
// where they are.
std::vector<TokenOwner> drawn_tokens(const std::vector<Member>& members, int64_t vnodes,
                                     const Random& random) {
  CHECK(vnodes >= 1, "vnodes={}", vnodes);
  std::vector<TokenOwner> tokens;
  tokens.reserve(members.size() * static_cast<size_t>(vnodes));
  for (const Member& member : members) {
    Random own = random.fork(fmt::format("{}", member.node));
    for (int64_t i = 0; i < vnodes; ++i) tokens.push_back({{own.next()}, member.node});
  }
  return tokens;
}

std::vector<TokenOwner> sorted_apart(std::vector<TokenOwner> tokens) {
  std::ranges::sort(tokens, {}, [](TokenOwner t) { return std::pair(t.token, t.node); });
  // Two equal draws of 64 bits are a freak (1 chance in 2^41 with 4,096 tokens); a step clockwise
  // parts them without another draw. From the greatest token there is no step.
  for (size_t i = 1; i < tokens.size(); ++i) {
    if (tokens[i].token > tokens[i - 1].token) continue;
    CHECK(tokens[i - 1].token.value < kTokenMax);
    tokens[i].token.value = tokens[i - 1].token.value + 1;
  }
  return tokens;
}

std::vector<Member> in_one_rack(const std::vector<NodeId>& nodes) {
  std::vector<Member> members;
  for (NodeId node : nodes) members.push_back({.node = node});
  return members;
}

}  // namespace

Token token_of(Bytes key) { return {hash64(key)}; }

Buffer storage_key(Bytes key) {
  Buffer result;
  result.reserve(kTokenBytes + key.size());
  put_big_endian64(result, token_of(key).value);
  result.append(key);
  return result;
}

Bytes key_of_storage_key(Bytes storage_key) {
  CHECK(storage_key.size() >= kTokenBytes, "size={}", storage_key.size());
  return storage_key.substr(kTokenBytes);
}

Token token_of_storage_key(Bytes storage_key) {
  CHECK(storage_key.size() >= kTokenBytes, "size={}", storage_key.size());
  return {get_big_endian64(storage_key.data())};
}

// Distances clockwise from `after`, less one, so that the whole circle (distance 0) becomes the
// greatest number.
bool TokenRange::contains(Token t) const {
  return t.value - after.value - 1 <= upto.value - after.value - 1;
}

std::vector<KeyInterval> storage_intervals(TokenRange range) {
  const auto [after, upto] = range;
  if (after == upto) return {interval(0, kTokenMax)};
  if (after < upto) return {interval(after.value + 1, upto.value)};
  if (after.value == kTokenMax) return {interval(0, upto.value)};
  return {interval(0, upto.value), interval(after.value + 1, kTokenMax)};
}

Ring::Ring(const std::vector<NodeId>& nodes, int64_t vnodes, int64_t replication_factor,
           Random random)
    : Ring(in_one_rack(nodes), vnodes, ReplicationFactor{replication_factor, {}},
           std::move(random)) {}

Ring::Ring(const std::vector<Member>& members, int64_t vnodes, const ReplicationFactor& factor,
           Random random)
    : Ring(members, drawn_tokens(members, vnodes, random), factor) {}

Ring::Ring(const std::vector<Member>& all, std::vector<TokenOwner> given,
           const ReplicationFactor& factor)
    : tokens_(sorted_apart(std::move(given))) {
  CHECK(!tokens_.empty());
  CHECK(factor.total() >= 1, "replication_factor={}", factor.total());
  const std::vector<TokenOwner>& tokens = tokens_;
  std::set<NodeId> owners;
  for (TokenOwner owner : tokens) owners.insert(owner.node);
  std::vector<Member> members;
  std::map<NodeId, const Member*> by_node;
  for (const Member& member : all) {
    data_centers_[member.node] = member.data_center;
    racks_[member.node] = member.rack;
    CHECK(by_node.emplace(member.node, &member).second, "{} stands twice in the ring", member.node);
    if (!owners.contains(member.node)) continue;
    nodes_.push_back(member.node);
    members.push_back(member);
  }

  const ReplicaPicker fresh(members, factor);
  uptos_.reserve(tokens.size());
  ranges_.reserve(tokens.size());
  for (size_t i = 0; i < tokens.size(); ++i) {
    const TokenOwner& previous = tokens[i == 0 ? tokens.size() - 1 : i - 1];
    OwnedRange owned{.range = {previous.token, tokens[i].token}, .replicas = {}};
    owned.replicas.reserve(std::min(members.size(), static_cast<size_t>(factor.total())));
    ReplicaPicker picker = fresh;
    for (size_t step = 0; !picker.done(); ++step) {
      const size_t at = i + step;
      const NodeId node = tokens[at < tokens.size() ? at : at - tokens.size()].node;
      if (std::ranges::find(owned.replicas, node) != owned.replicas.end()) continue;
      if (picker.take(*by_node.at(node))) owned.replicas.push_back(node);
    }
    CHECK(!owned.replicas.empty(), "no node stands in a data center that holds keys");
    uptos_.push_back(tokens[i].token.value);
    ranges_.push_back(std::move(owned));
  }
}

const std::vector<NodeId>& Ring::replicas(Token token) const {
  const auto at = std::ranges::lower_bound(uptos_, token.value);
  // Past the last token the circle begins again.
  return ranges_[at == uptos_.end() ? 0 : static_cast<size_t>(at - uptos_.begin())].replicas;
}

std::vector<NodeId> Ring::walk(Token token) const {
  std::vector<NodeId> met;
  const auto first =
      static_cast<size_t>(std::ranges::lower_bound(uptos_, token.value) - uptos_.begin());
  for (size_t step = 0; step < tokens_.size() && met.size() < nodes_.size(); ++step) {
    const NodeId node = tokens_[(first + step) % tokens_.size()].node;
    if (std::ranges::find(met, node) == met.end()) met.push_back(node);
  }
  return met;
}

std::vector<double> Ring::ownership() const {
  constexpr double kCircle = 0x1p64;
  std::map<NodeId, double> owned;
  for (const OwnedRange& r : ranges_) {
    const uint64_t width = r.range.upto.value - r.range.after.value;
    owned[r.replicas.front()] += width == 0 ? kCircle : static_cast<double>(width);
  }
  std::vector<double> shares;
  shares.reserve(nodes_.size());
  for (NodeId node : nodes_) shares.push_back(owned[node] / kCircle);
  return shares;
}

}  // namespace revenant::ring
