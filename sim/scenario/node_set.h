// Which nodes something concerns.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/settings.h"

namespace revenant::sim {

// "zone 1", "region 0 rack 2": every place that has the numbers given.
struct PlacePattern {
  std::optional<int64_t> region{}, zone{}, rack{};
  friend bool operator==(const PlacePattern&, const PlacePattern&) = default;
};

// One node, chosen by the state of the system when the fault begins. Of several alike, the lowest
// number; none if the greatest figure is 0.
enum class NodeSelector : uint8_t {
  kEventNode,
  kEventPeer,
  kMostMissingTombstones,
  kMostPendingHints,
  kMostSstables,
};
constexpr auto enum_names(NodeSelector) {
  using enum NodeSelector;
  return std::array{
      EnumName<NodeSelector>{kEventNode, "event_node", "where the event of `when` happened"},
      EnumName<NodeSelector>{kEventPeer, "event_peer", "whom it concerns: a hint's target"},
      EnumName<NodeSelector>{kMostMissingTombstones, "most_missing_tombstones",
                             "the replica that was never given the most tombstones that another "
                             "replica of the key still holds"},
      EnumName<NodeSelector>{kMostPendingHints, "most_pending_hints",
                             "the coordinator that keeps most bytes of hints, of those that serve"},
      EnumName<NodeSelector>{kMostSstables, "most_sstables",
                             "the node with most SSTables, of those that serve"},
  };
}

// Nodes named by a fault, an operation or a workload: 2, [0, 2], "zone 1" or "all"; by a fault also
// a selector. Validated against cluster.nodes.
struct NodeSet {
  bool all = false;
  // Ascending, without repeats; empty if all, or if left out. Of a place, those that stand there:
  // filled in when the scenario is resolved.
  std::vector<uint32_t> nodes;
  std::optional<PlacePattern> place{};
  std::optional<NodeSelector> selector{};

  friend bool operator==(const NodeSet&, const NodeSet&) = default;
};

}  // namespace revenant::sim
