// The shortest cycle of a kind, by breadth-first search from each transaction of a strongly connected component.
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

  // Of these kinds of edges. Looks at `limit` edges at the most, once one has been found.
  CycleResult shortest(Kinds kinds, Cycle cycle, uint64_t limit);

 private:
  std::vector<uint32_t> components(Kinds kinds) const;
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
