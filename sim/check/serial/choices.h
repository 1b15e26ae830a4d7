// An order of nodes in which every arc leads forward, and of each choice one side's arcs do.
//
// A side of which an arc would close a cycle is not there to choose: that forces the other, which forces more. Only
// when nothing is forced is a side tried, and taken back if it leads nowhere.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace revenant::check::serial {

using Arc = std::pair<uint32_t, uint32_t>;
using Arcs = std::vector<Arc>;

// The first such by the numbers of the nodes that are free; nothing if there is a cycle.
std::optional<std::vector<uint32_t>> order_of(uint32_t nodes, const Arcs& arcs);

struct ChoiceResult {
  std::optional<std::vector<uint32_t>> order;
  bool exhausted = false;  // no order was found, but not all were tried
};

// Looks at `limit` arcs at the most.
ChoiceResult order_with_choices(uint32_t nodes, const Arcs& arcs,
                                const std::vector<std::pair<Arcs, Arcs>>& choices, uint64_t limit);

}  // namespace revenant::check::serial
