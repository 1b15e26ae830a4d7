#include "engine/replication/repair.h"

#include <algorithm>

#include "engine/replication/answers.h"

namespace revenant::replication {

Repair::Repair(env::Environment environment, Messenger& messenger, Peers& peers,
               const ring::Ring& ring, int tree_depth, Duration timeout,
               lsm::TombstoneGc tombstone_gc)
    : environment_(environment),
      messenger_(messenger),
      peers_(peers),
      ring_(ring),
      tree_depth_(tree_depth),
      timeout_(timeout),
      tombstone_gc_(tombstone_gc),
      session_(environment.tasks, "lock of the repair session") {}

void Repair::run() {
  env::Mutex::Lock lock(session_);
  const Instant moment = environment_.clock.now();
  environment_.events.reached({.kind = env::Milestone::Kind::kRepairBegins});
  const bool by_repair = tombstone_gc_ == lsm::TombstoneGc::kRepair;
  std::optional<std::vector<NodeId>> hinted;
  if (by_repair) hinted = flush_hints();
  const auto may_be_hinted = [&](NodeId node) {
    return !hinted.has_value() || std::ranges::find(*hinted, node) != hinted->end();
  };
  for (const ring::Ring::OwnedRange& owned : ring_.ranges()) {
    if (owned.replicas.front() != messenger_.self()) continue;
    bool repaired = repair_range(owned, moment);
    if (repaired && by_repair) {
      if (std::ranges::any_of(owned.replicas, may_be_hinted)) {
        repaired = false;
        ++metrics_.ranges_hinted;
      } else {
        tell(owned, moment);
      }
    }
    ++(repaired ? metrics_.ranges_repaired : metrics_.ranges_failed);
  }
  ++metrics_.sessions;
  environment_.events.reached({.kind = env::Milestone::Kind::kRepairEnds});
}

std::optional<std::vector<NodeId>> Repair::flush_hints() {
  Answers answers(environment_, timeout_);
  Messenger::Call call(messenger_, answers);
  const std::vector<NodeId>& nodes = ring_.nodes();
  for (NodeId node : nodes) {
    // A node that is down may keep hints.
    if (!peers_.up(node)) return std::nullopt;
    messenger_.send(node, Verb::kFlushHints, call.id(), {});
  }
  const auto any = [](Bytes) { return true; };
  if (!answers.wait_for("flush of hints", nodes.size(), nodes.size(), any)) return std::nullopt;
  std::vector<NodeId> hinted;
  for (const auto& [node, body] : answers.all()) {
    Decoder in(body);
    for (uint64_t count = in.varint(); count > 0 && !in.failed(); --count)
      hinted.push_back(NodeId{static_cast<uint32_t>(in.varint())});
    if (in.failed()) return std::nullopt;
  }
  return hinted;
}

// A replica that is not told, or cannot keep it, purges later: nobody waits for it.
void Repair::tell(const ring::Ring::OwnedRange& owned, Instant moment) {
  Buffer body;
  encode(body, Repaired{owned.range, moment});
  for (NodeId node : owned.replicas) messenger_.send(node, Verb::kRepaired, 0, body);
}

bool Repair::repair_range(const ring::Ring::OwnedRange& owned, Instant moment) {
  if (!std::ranges::all_of(owned.replicas, [this](NodeId node) { return peers_.up(node); }))
    return false;

  std::vector<std::pair<NodeId, ring::MerkleTree>> trees;
  {
    Answers answers(environment_, timeout_);
    Messenger::Call call(messenger_, answers);
    Buffer request;
    encode(request, TreeRequest{owned.range, static_cast<uint64_t>(tree_depth_), moment});
    for (NodeId node : owned.replicas) messenger_.send(node, Verb::kTree, call.id(), request);
    const auto any = [](Bytes) { return true; };
    if (!answers.wait_for("trees", owned.replicas.size(), owned.replicas.size(), any)) return false;
    for (const auto& [node, body] : answers.all()) {
      trees.emplace_back(node, ring::MerkleTree(owned.range, tree_depth_));
      if (!ring::MerkleTree::decode(body, trees.back().second)) return false;
    }
  }
  // Answers come in any order; pairs are worked through in the order of nodes.
  std::ranges::sort(trees, {}, &std::pair<NodeId, ring::MerkleTree>::first);

  bool differed = false;
  for (size_t a = 0; a < trees.size(); ++a) {
    for (size_t b = a + 1; b < trees.size(); ++b) {
      const auto ranges = ring::MerkleTree::differences(trees[a].second, trees[b].second);
      if (ranges.empty()) continue;
      differed = true;
      if (!stream(trees[a].first, trees[b].first, moment, ranges)) return false;
      if (!stream(trees[b].first, trees[a].first, moment, ranges)) return false;
    }
  }
  metrics_.ranges_differing += differed ? 1 : 0;
  return true;
}

bool Repair::stream(NodeId from, NodeId to, Instant moment,
                    const std::vector<ring::TokenRange>& ranges) {
  Answers answers(environment_, timeout_);
  Messenger::Call call(messenger_, answers);
  Buffer request;
  encode(request, StreamRequest{to, moment, ranges});
  messenger_.send(from, Verb::kStream, call.id(), request);
  const auto any = [](Bytes) { return true; };
  if (!answers.wait_for("stream", 1, 1, any)) return false;
  Decoder in(answers.all().front().second);
  metrics_.cells_streamed += in.varint();
  return true;
}

}  // namespace revenant::replication
