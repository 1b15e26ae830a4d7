#include "engine/replication/repair.h"

#include <algorithm>

#include "engine/replication/answers.h"

namespace revenant::replication {

Repair::Repair(env::Environment environment, Messenger& messenger, Peers& peers,
               const ring::Topology& topology, const RepairOptions& options, Duration timeout,
               lsm::TombstoneGc tombstone_gc)
    : environment_(environment),
      messenger_(messenger),
      peers_(peers),
      topology_(topology),
      options_(options),
      timeout_(timeout),
      tombstone_gc_(tombstone_gc),
      session_(environment.tasks, "lock of the repair session") {}

void Repair::run() {
  env::Mutex::Lock lock(session_);
  const Instant moment = environment_.clock.now();
  environment_.events.reached({.kind = env::Milestone::Kind::kRepairBegins});
  options_.incremental ? run_incremental() : run_ranges(moment);
  ++metrics_.sessions;
  environment_.events.reached({.kind = env::Milestone::Kind::kRepairEnds});
}

bool Repair::tell_all(const std::vector<NodeId>& nodes, Verb verb, Bytes body) {
  Answers answers(environment_, timeout_);
  Messenger::Call call(messenger_, answers);
  for (NodeId node : nodes) messenger_.send(node, verb, call.id(), body);
  return answers.wait_for("repair session", nodes.size(), nodes.size(), is_ok);
}

namespace {

// The ring's ranges, cut where arcs of the circle of the same width meet, by arc.
std::vector<std::vector<ring::Ring::OwnedRange>> arcs_of(const ring::Ring& ring, int64_t count) {
  std::vector<ring::Token> ends;
  const auto arcs = static_cast<uint64_t>(count);
  for (uint64_t i = 1; i < arcs; ++i) ends.push_back({UINT64_MAX / arcs * i});
  ends.push_back({UINT64_MAX});
  std::vector<std::vector<ring::Ring::OwnedRange>> result(arcs);
  // The arc that a token lies in: the first that does not end before it.
  const auto arc_of = [&](ring::Token token) {
    return static_cast<size_t>(std::ranges::lower_bound(ends, token) - ends.begin());
  };
  for (const ring::Ring::OwnedRange& owned : ring.ranges()) {
    ring::TokenRange rest = owned.range;
    for (;;) {
      // Where the arc of the first token ends, if the range goes on after that.
      const size_t arc = arc_of({rest.after.value + 1});
      const bool ends_within = rest.contains(ends[arc]) && ends[arc] != rest.upto;
      const ring::Token upto = ends_within ? ends[arc] : rest.upto;
      result[arc].push_back({{rest.after, upto}, owned.replicas});
      if (!ends_within) break;
      rest.after = upto;
    }
  }
  return result;
}

}  // namespace

void Repair::run_incremental() {
  const uint64_t version = topology_.version();
  const ring::Ring& ring = topology_.ring();
  if (options_.subranges == 1) {
    const bool marked = run_session(ring.ranges(), true);
    (marked ? metrics_.ranges_repaired : metrics_.ranges_failed) += ring.ranges().size();
    return;
  }
  for (const auto& ranges : arcs_of(ring, options_.subranges)) {
    const bool marked = topology_.version() == version && run_session(ranges, false);
    (marked ? metrics_.ranges_repaired : metrics_.ranges_failed) += ranges.size();
  }
}

bool Repair::run_session(const std::vector<ring::Ring::OwnedRange>& ranges, bool all) {
  const Instant moment = environment_.clock.now();
  const uint64_t version = topology_.version();
  std::vector<NodeId> nodes = topology_.ring().nodes();
  BeginSession session{moment, {}};
  if (!all) {
    nodes.clear();
    for (const ring::Ring::OwnedRange& owned : ranges) {
      session.ranges.push_back(owned.range);
      nodes.insert(nodes.end(), owned.replicas.begin(), owned.replicas.end());
    }
    std::ranges::sort(nodes);
    const auto twice = std::ranges::unique(nodes);
    nodes.erase(twice.begin(), twice.end());
  }
  Buffer begin;
  encode(begin, session);
  const auto repaired = [&](const auto& owned) {
    return repair_parts({owned}, moment) && topology_.version() == version;
  };
  const auto end = [&](bool marks) {
    Buffer body;
    encode(body, EndSession{marks, moment});
    if (marks) return tell_all(nodes, Verb::kEndSession, body);
    // Nobody waits for what a session that has failed comes to.
    for (NodeId node : nodes) messenger_.send(node, Verb::kEndSession, 0, body);
    return false;
  };
  if (!std::ranges::all_of(nodes, [this](NodeId node) { return peers_.up(node); })) return false;
  // Of several coordinators at a time, the first to come to the first node goes on.
  const bool begun = tell_all({nodes.front()}, Verb::kBeginSession, begin) &&
                     tell_all({nodes.begin() + 1, nodes.end()}, Verb::kBeginSession, begin);
  return end(begun && std::ranges::all_of(ranges, repaired));
}

void Repair::run_ranges(Instant moment) {
  const bool by_repair = tombstone_gc_ == lsm::TombstoneGc::kRepair;
  std::optional<std::vector<NodeId>> hinted;
  if (by_repair) hinted = flush_hints();
  const auto may_be_hinted = [&](NodeId node) {
    return !hinted.has_value() || std::ranges::find(*hinted, node) != hinted->end();
  };
  const uint64_t version = topology_.version();
  const auto moving = [&](const ring::Ring::OwnedRange& owned) {
    return topology_.version() != version || !topology_.pending(owned.range.upto).empty();
  };
  const ring::Ring& ring = topology_.ring();
  for (const ring::Ring::OwnedRange& owned : ring.ranges()) {
    if (owned.replicas.front() != messenger_.self()) continue;
    bool repaired = !moving(owned) && repair_range(owned, moment) && !moving(owned);
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
}

std::optional<std::vector<NodeId>> Repair::flush_hints() {
  Answers answers(environment_, timeout_);
  Messenger::Call call(messenger_, answers);
  std::vector<NodeId> nodes;
  for (NodeId node : topology_.nodes()) {
    const bool up = peers_.up(node);
    // A node that is down may keep hints; one that is no member any more does not come back.
    if (!up && topology_.is_member(node)) return std::nullopt;
    if (!up) continue;
    nodes.push_back(node);
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
  // Where ranges have moved, a hint may be for other nodes than its target by now.
  if (topology_.version() > 0 && !hinted.empty()) return std::nullopt;
  return hinted;
}

// A replica that is not told, or cannot keep it, purges later: nobody waits for it.
void Repair::tell(const ring::Ring::OwnedRange& owned, Instant moment) {
  Buffer body;
  encode(body, Repaired{owned.range, moment});
  for (NodeId node : owned.replicas) messenger_.send(node, Verb::kRepaired, 0, body);
}

namespace {

// The range in so many parts of the same width; fewer if it is too narrow.
std::vector<ring::Ring::OwnedRange> parts_of(const ring::Ring::OwnedRange& owned, int64_t count) {
  const auto [after, upto] = owned.range;
  // The whole circle is one token wider than this can say.
  const uint64_t width = after == upto ? UINT64_MAX : upto.value - after.value;
  const uint64_t step = width / static_cast<uint64_t>(count);
  std::vector<ring::Ring::OwnedRange> parts;
  ring::Token from = after;
  for (int64_t i = 1; i < count && step > 0; ++i) {
    const ring::Token to{from.value + step};
    parts.push_back({{from, to}, owned.replicas});
    from = to;
  }
  parts.push_back({{from, upto}, owned.replicas});
  return parts;
}

}  // namespace

void Repair::preview() {
  env::Mutex::Lock lock(session_);
  const Instant moment = environment_.clock.now();
  const ring::Ring& ring = topology_.ring();
  for (const ring::Ring::OwnedRange& owned : ring.ranges()) {
    if (owned.replicas.front() != messenger_.self()) continue;
    bool differs = false;
    for (const ring::Ring::OwnedRange& part : parts_of(owned, options_.subranges)) {
      const auto compared = trees(part, moment, Verb::kTree);
      differs |=
          compared && std::ranges::any_of(*compared, [&](const auto& tree) {
            return !ring::MerkleTree::differences(compared->front().second, tree.second).empty();
          });
    }
    metrics_.previewed_differing += differs ? 1 : 0;
  }
  ++metrics_.previews;
}

bool Repair::repair_range(const ring::Ring::OwnedRange& owned, Instant moment) {
  return repair_parts(parts_of(owned, options_.subranges), moment);
}

bool Repair::repair_parts(const std::vector<ring::Ring::OwnedRange>& parts, Instant moment) {
  bool differed = false;
  for (const ring::Ring::OwnedRange& part : parts) {
    const auto repaired = repair_part(part, moment);
    if (!repaired) return false;
    differed |= *repaired;
  }
  metrics_.ranges_differing += differed ? 1 : 0;
  return true;
}

std::vector<std::vector<NodeId>> Repair::in_turn(const std::vector<NodeId>& replicas) const {
  std::vector<std::vector<NodeId>> turns;
  for (NodeId node : replicas) {
    const auto free = std::ranges::find_if(turns, [&](const std::vector<NodeId>& turn) {
      switch (options_.parallelism) {
        case RepairParallelism::kSequential:
          return false;
        case RepairParallelism::kParallel:
          return true;
        case RepairParallelism::kDcParallel:
          return std::ranges::none_of(turn, [&](NodeId other) {
            return topology_.ring().data_center_of(other) == topology_.ring().data_center_of(node);
          });
      }
      return false;
    });
    (free == turns.end() ? turns.emplace_back() : *free).push_back(node);
  }
  return turns;
}

auto Repair::trees(const ring::Ring::OwnedRange& owned, Instant moment, Verb verb)
    -> std::optional<Trees> {
  if (!std::ranges::all_of(owned.replicas, [this](NodeId node) { return peers_.up(node); }))
    return std::nullopt;
  Trees trees;
  const auto depth = static_cast<int>(options_.tree_depth);
  for (const std::vector<NodeId>& turn : in_turn(owned.replicas)) {
    Answers answers(environment_, timeout_);
    Messenger::Call call(messenger_, answers);
    Buffer request;
    encode(request, TreeRequest{owned.range, static_cast<uint64_t>(depth), moment});
    for (NodeId node : turn) messenger_.send(node, verb, call.id(), request);
    const auto any = [](Bytes) { return true; };
    if (!answers.wait_for("trees", turn.size(), turn.size(), any)) return std::nullopt;
    for (const auto& [node, body] : answers.all()) {
      trees.emplace_back(node, ring::MerkleTree(owned.range, depth));
      if (!ring::MerkleTree::decode(body, trees.back().second)) return std::nullopt;
    }
  }
  // Answers come in any order; pairs are worked through in the order of nodes.
  std::ranges::sort(trees, {}, &std::pair<NodeId, ring::MerkleTree>::first);
  return trees;
}

std::optional<bool> Repair::repair_part(const ring::Ring::OwnedRange& part, Instant moment) {
  const auto built =
      trees(part, moment, options_.incremental ? Verb::kTreeUnrepaired : Verb::kTree);
  if (!built) return std::nullopt;
  bool differed = false;
  for (size_t a = 0; a < built->size(); ++a) {
    for (size_t b = a + 1; b < built->size(); ++b) {
      const auto& [node_a, tree_a] = (*built)[a];
      const auto& [node_b, tree_b] = (*built)[b];
      const auto ranges = ring::MerkleTree::differences(tree_a, tree_b);
      if (ranges.empty()) continue;
      differed = true;
      if (!stream(node_a, node_b, moment, ranges)) return std::nullopt;
      if (!stream(node_b, node_a, moment, ranges)) return std::nullopt;
    }
  }
  return differed;
}

bool Repair::stream(NodeId from, NodeId to, Instant moment,
                    const std::vector<ring::TokenRange>& ranges) {
  Answers answers(environment_, timeout_);
  Messenger::Call call(messenger_, answers);
  Buffer request;
  encode(request, StreamRequest{to, moment, ranges});
  messenger_.send(from, options_.incremental ? Verb::kStreamUnrepaired : Verb::kStream, call.id(),
                  request);
  const auto any = [](Bytes) { return true; };
  if (!answers.wait_for("stream", 1, 1, any)) return false;
  Decoder in(answers.all().front().second);
  metrics_.cells_streamed += in.varint();
  return true;
}

}  // namespace revenant::replication
