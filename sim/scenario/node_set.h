// Which nodes something concerns.
#pragma once

#include <cstdint>
#include <vector>

namespace revenant::sim {

// Nodes named by a fault, an operation or a workload: 2, [0, 2] or "all". Validated against
// cluster.nodes.
struct NodeSet {
  bool all = false;
  std::vector<uint32_t> nodes;  // ascending, without repeats; empty if all, or if left out

  friend bool operator==(const NodeSet&, const NodeSet&) = default;
};

}  // namespace revenant::sim
