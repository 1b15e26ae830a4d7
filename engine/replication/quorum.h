// Who must answer for an operation on a key to be done: of each of some groups of its replicas, so
// many. What a consistency level means once the replicas are known.
//
//   replicas 0 1 2 | 3 4 5 (two data centers), the coordinator is in the first
//   QUORUM         4 of {0 1 2 3 4 5}
//   LOCAL_QUORUM   2 of {0 1 2}
//   EACH_QUORUM    2 of {0 1 2} and 2 of {3 4 5}
#pragma once

#include <vector>

#include "engine/replication/consistency_level.h"
#include "engine/ring/ring.h"

namespace revenant::replication {

struct Quorum {
  std::vector<NodeId> replicas;
  size_t required = 0;  // more than there are replicas: it cannot be met

  bool has(NodeId node) const;
  size_t count(const std::vector<NodeId>& nodes) const;  // of them that are among the replicas

  friend bool operator==(const Quorum&, const Quorum&) = default;
};

// `replicas` are a key's, `coordinator` a node of the ring. At ANY it is one replica: that a hint
// does as well is for the coordinator to know. A data center without replicas has no quorum: at
// LOCAL_ONE and LOCAL_QUORUM its coordinators refuse everything, EACH_QUORUM leaves it out.
std::vector<Quorum> quorums_of(const ConsistencyLevel& level, const std::vector<NodeId>& replicas,
                               const ring::Ring& ring, NodeId coordinator);

// The same quorums for a write of which nodes are about to become replicas: these must acknowledge
// it beside those that the level asks, so that it has its quorum before and after (Cassandra:
// blockForWrite). LOCAL levels ask those of the coordinator's data center alone, ANY none.
void add_pending(std::vector<Quorum>& quorums, const ConsistencyLevel& level,
                 const std::vector<NodeId>& pending, const ring::Ring& ring, NodeId coordinator);

}  // namespace revenant::replication
