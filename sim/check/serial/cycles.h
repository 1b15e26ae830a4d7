// The shortest cycle of a kind, by breadth-first search from each transaction of a strongly connected component.
//
// Whether there is one is decided first, at a cost that does not grow with the length of cycles. Of any kind: by the
// components of the graph. With no two rw in a row: by those of a graph in which each node is there twice, reached by
// an rw or not. With exactly one rw: 64 transactions at a time set out over their rw, each a bit of a mask, and
// the masks go once through what remains, which has no cycles; whose bit comes back is on one, and of those the first 64
// are searched.
#pragma once

#include <optional>
#include <vector>

#include "sim/check/serial/dependencies.h"

namespace revenant::check::serial {

using Kinds = uint32_t;  // bits of DependencyKind

constexpr Kinds bit(DependencyKind kind) { return Kinds{1} << static_cast<unsigned>(kind); }

enum class Cycle {
  kAny,
  kSingle,       // exactly one rw
  kNonadjacent,  // no two rw in a row
};

struct CycleResult {
  std::vector<Edge> edges;  // of the graph; empty: there is none
  bool exhausted = false;   // a limit was hit before one was found
};

class Cycles {
 public:
  explicit Cycles(const Dependencies& graph);

  // Of these kinds of edges; for kSingle the others than rw form no cycle. Once one is found, only so much is
  // looked at for a shorter one, and `limit` edges in all.
  CycleResult shortest(Kinds kinds, Cycle cycle, uint64_t limit);

 private:
  // A node and a layer: whether an rw has been taken on the way (kSingle), or last (kNonadjacent).
  using State = uint32_t;
  std::optional<State> next(State state, const Edge& edge, Kinds kinds, Cycle cycle) const;
  std::vector<uint32_t> components(Kinds kinds, Cycle cycle) const;
  std::vector<uint32_t> on_single_cycles(std::vector<uint32_t> starts, Kinds kinds,
                                         const std::vector<uint32_t>& component,
                                         uint64_t& left) const;
  void search(uint32_t start, Kinds kinds, Cycle cycle, const std::vector<uint32_t>& component,
              CycleResult& best, uint32_t& best_length, uint64_t& left);

  const Dependencies& graph_;
  std::vector<uint32_t> begin_, edges_;  // by node
  struct Reached {
    uint32_t epoch = 0, length = 0, by = 0, from = 0;
  };
  std::vector<Reached> reached_;  // by node and layer
  uint32_t epoch_ = 0;
};

}  // namespace revenant::check::serial
