// An order of nodes in which every arc leads forward, and of each choice one side's arcs do.
//
//   settle   A side of which an arc would close a cycle is not there to choose: that forces the other, which forces
//            more. Who leads to whom is a row of bits for each node, from the last of an order to the first.
//   guess    What is open when nothing more is forced is chosen by when things are thought to have happened, all at
//            once; if that closes a cycle, the surest part of it, down to a single one, of which then the other
//            side is taken. Most histories that are right end here.
//   search   If a guess led nowhere: one is tried, and taken back if it leads nowhere.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace revenant::check::serial {

using Arc = std::pair<uint32_t, uint32_t>;
using Arcs = std::vector<Arc>;

// The first such by the numbers of the nodes that are free; nothing if there is a cycle.
std::optional<std::vector<uint32_t>> order_of(uint32_t nodes, const Arcs& arcs);

enum class Side : uint8_t { kFirst, kSecond };

class Choices {
 public:
  virtual ~Choices() = default;
  virtual uint32_t size() const = 0;
  // Appends to `arcs` at least one. All lead to one node, or all from one.
  virtual void side(uint32_t choice, Side side, Arcs& arcs) const = 0;
};

struct ChoiceResult {
  std::optional<std::vector<uint32_t>> order;
  bool exhausted = false;  // no order was found, but not all were tried
};

// `moments`: by node, when it is thought to have happened; only how soon an order is found hangs on it. Looks at `limit`
// arcs at the most, eight words of a row as one.
ChoiceResult order_with_choices(uint32_t nodes, const Arcs& arcs, const Choices& choices,
                                std::span<const int64_t> moments, uint64_t limit);

}  // namespace revenant::check::serial
