// Which nodes something concerns.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace revenant::sim {

// "zone 1", "region 0 rack 2": every place that has the numbers given.
struct PlacePattern {
  std::optional<int64_t> region{}, zone{}, rack{};
  friend bool operator==(const PlacePattern&, const PlacePattern&) = default;
};

// Nodes named by a fault, an operation or a workload: 2, [0, 2], "zone 1" or "all". Validated
// against cluster.nodes.
struct NodeSet {
  bool all = false;
  // Ascending, without repeats; empty if all, or if left out. Of a place, those that stand there:
  // filled in when the scenario is resolved.
  std::vector<uint32_t> nodes;
  std::optional<PlacePattern> place{};

  friend bool operator==(const NodeSet&, const NodeSet&) = default;
};

}  // namespace revenant::sim
