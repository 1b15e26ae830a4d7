#include "engine/replication/quorum.h"

#include <algorithm>
#include <map>

namespace revenant::replication {
namespace {

size_t majority_of(const std::vector<NodeId>& replicas) {
  return static_cast<size_t>(majority(static_cast<int64_t>(replicas.size())));
}

}  // namespace

bool Quorum::has(NodeId node) const { return std::ranges::find(replicas, node) != replicas.end(); }

size_t Quorum::count(const std::vector<NodeId>& nodes) const {
  return static_cast<size_t>(
      std::ranges::count_if(nodes, [this](NodeId node) { return has(node); }));
}

std::vector<Quorum> quorums_of(const ConsistencyLevel& level, const std::vector<NodeId>& replicas,
                               const ring::Ring& ring, NodeId coordinator) {
  const auto by_data_center = [&] {
    std::map<int64_t, std::vector<NodeId>> groups;
    for (NodeId node : replicas) groups[ring.data_center_of(node)].push_back(node);
    return groups;
  };
  switch (level.kind) {
    case ConsistencyLevel::Kind::kLocalOne:
    case ConsistencyLevel::Kind::kLocalQuorum: {
      std::vector<NodeId> local = by_data_center()[ring.data_center_of(coordinator)];
      const size_t required =
          level.kind == ConsistencyLevel::Kind::kLocalOne ? 1 : majority_of(local);
      return {{std::move(local), required}};
    }
    case ConsistencyLevel::Kind::kEachQuorum: {
      std::vector<Quorum> quorums;
      for (auto& [data_center, group] : by_data_center()) {
        const size_t required = majority_of(group);
        quorums.push_back({std::move(group), required});
      }
      return quorums;
    }
    case ConsistencyLevel::Kind::kAny:
      return {{replicas, 1}};
    default:
      return {
          {replicas, static_cast<size_t>(*level.required(static_cast<int64_t>(replicas.size())))}};
  }
}

void add_pending(std::vector<Quorum>& quorums, const ConsistencyLevel& level,
                 const std::vector<NodeId>& pending, const ring::Ring& ring, NodeId coordinator) {
  using enum ConsistencyLevel::Kind;
  const bool local = level.kind == kLocalOne || level.kind == kLocalQuorum;
  for (NodeId node : pending) {
    const int64_t data_center = ring.data_center_of(node);
    if (local && data_center != ring.data_center_of(coordinator)) continue;
    for (Quorum& quorum : quorums) {
      const bool elsewhere = level.kind == kEachQuorum && !quorum.replicas.empty() &&
                             ring.data_center_of(quorum.replicas.front()) != data_center;
      if (elsewhere) continue;
      quorum.replicas.push_back(node);
      quorum.required += level.kind == kAny ? 0 : 1;
    }
  }
}

}  // namespace revenant::replication
