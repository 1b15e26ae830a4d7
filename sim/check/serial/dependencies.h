// The graph of what depends on what: a node for each transaction, and nodes in between, through which many
// lead to many at the cost of their sum.
//
//   writes that nobody read   reader --rw--> o --> o --> o          of three versions after the one it read: an edge
//                                            |     |     |          to the first node leads to all of them
//                                            w1    w2    w3
//   real time                 T1 --> o --> o --> T2                 the ends in their order; T2 hangs on the last
//                                                                   before its beginning
#pragma once

#include <vector>

#include "sim/check/serial/versions.h"

namespace revenant::check::serial {

struct Edge {
  uint32_t from, to;  // nodes: transactions first, then those in between
  DependencyKind kind;
  uint32_t key;
  uint32_t
      what;  // ww, wr: the write of `from`; rw: the read. From a node in between: of the one before
  uint32_t then;  // ww, rw: the write of `to`; wr: the read. To a node in between: unset
};

// No more are kept than this.
inline constexpr size_t kChoicesMax = 2'000'000;

// Two writes of a key of which either may be the earlier.
struct Choice {
  uint32_t key, first, second;
};

struct Dependencies {
  uint32_t transactions = 0, nodes = 0;
  std::vector<Edge> edges;
  std::vector<Choice> choices;
  std::string unclear;  // why not all that was read is in the graph; empty if it is
  std::vector<uint32_t> readers_begin, readers;  // of each write: in Versions::reads
};

// What it leads to that `first` is the earlier version: visit(an edge), the one between the writes first.
template <typename Visit>
void each_edge_in_order(const Dependencies& graph, const Versions& versions, uint32_t key,
                        uint32_t first, uint32_t second, Visit visit) {
  const uint32_t to = versions.writes[second].transaction;
  visit(Edge{versions.writes[first].transaction, to, DependencyKind::kWriteWrite, key, first,
             second});
  for (uint32_t i = graph.readers_begin[first]; i < graph.readers_begin[first + 1]; ++i) {
    const uint32_t r = graph.readers[i];
    if (versions.reads[r].transaction != to)
      visit(Edge{versions.reads[r].transaction, to, DependencyKind::kReadWrite, key, r, second});
  }
}

Dependencies make_dependencies(const history::History& history, const Versions& versions);

}  // namespace revenant::check::serial
