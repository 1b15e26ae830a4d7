#include "sim/check/serial/cycles.h"

#include <algorithm>
#include <deque>

namespace revenant::check::serial {

Cycles::Cycles(const Dependencies& graph) : graph_(graph) {
  begin_.assign(graph.nodes + 1, 0);
  for (const Edge& edge : graph.edges) ++begin_[edge.from + 1];
  for (uint32_t node = 0; node < graph.nodes; ++node) begin_[node + 1] += begin_[node];
  edges_.resize(graph.edges.size());
  std::vector<uint32_t> place(begin_.begin(), begin_.end() - 1);
  for (uint32_t i = 0; i < graph.edges.size(); ++i) edges_[place[graph.edges[i].from]++] = i;
  reached_.resize(size_t{2} * graph.nodes);
}

// Tarjan's, without recursion. Numbers of components by node.
std::vector<uint32_t> Cycles::components(Kinds kinds) const {
  constexpr uint32_t kNone = ~uint32_t{0};
  std::vector<uint32_t> index(graph_.nodes, kNone), low(graph_.nodes),
      component(graph_.nodes, kNone);
  std::vector<uint32_t> stack, at = begin_;
  std::vector<uint32_t> path;
  uint32_t indices = 0, count = 0;
  for (uint32_t root = 0; root < graph_.nodes; ++root) {
    if (index[root] != kNone) continue;
    path.push_back(root);
    while (!path.empty()) {
      const uint32_t node = path.back();
      if (index[node] == kNone) {
        index[node] = low[node] = indices++;
        stack.push_back(node);
      }
      bool descended = false;
      while (at[node] < begin_[node + 1] && !descended) {
        const Edge& edge = graph_.edges[edges_[at[node]++]];
        if ((kinds & bit(edge.kind)) == 0) continue;
        if (index[edge.to] == kNone) {
          path.push_back(edge.to);
          descended = true;
        } else if (component[edge.to] == kNone) {
          low[node] = std::min(low[node], index[edge.to]);
        }
      }
      if (descended) continue;
      path.pop_back();
      if (!path.empty()) low[path.back()] = std::min(low[path.back()], low[node]);
      if (low[node] != index[node]) continue;
      for (uint32_t member = kNone; member != node;) {
        member = stack.back();
        stack.pop_back();
        component[member] = count;
      }
      ++count;
    }
  }
  return component;
}

CycleResult Cycles::shortest(Kinds kinds, Cycle cycle, uint64_t limit) {
  const std::vector<uint32_t> component = components(kinds);
  std::vector<uint32_t> size(graph_.nodes, 0);
  for (const uint32_t c : component) ++size[c];
  CycleResult best;
  uint32_t best_length = ~uint32_t{0};
  uint64_t left = limit;
  for (uint32_t node = 0; node < graph_.transactions && best_length > 2; ++node) {
    if (size[component[node]] < 2) continue;
    search(node, kinds, cycle, component, best, best_length, left);
    if (left == 0) break;
  }
  best.exhausted = best.edges.empty() && left == 0;
  return best;
}

// From `start` back to it. The layer of a state says whether an rw has been taken (kSingle: on the way; kNonadjacent:
// last). Ways through nodes in between cost nothing.
void Cycles::search(uint32_t start, Kinds kinds, Cycle cycle,
                    const std::vector<uint32_t>& component, CycleResult& best,
                    uint32_t& best_length, uint64_t& left) {
  ++epoch_;
  std::deque<uint32_t> queue = {start * 2};
  reached_[start * 2] = {epoch_, 0, 0, ~uint32_t{0}};
  const uint32_t goal = start * 2 + (cycle == Cycle::kSingle ? 1 : 0);
  bool back = false;
  uint32_t back_from = 0, back_by = 0;
  while (!queue.empty() && !back) {
    const uint32_t state = queue.front(), node = state / 2;
    queue.pop_front();
    const uint32_t length = reached_[state].length;
    if (length + 1 > best_length) break;
    for (uint32_t a = begin_[node]; a < begin_[node + 1]; ++a) {
      if (left == 0) return;
      --left;
      const Edge& edge = graph_.edges[edges_[a]];
      if ((kinds & bit(edge.kind)) == 0 || component[edge.to] != component[start]) continue;
      uint32_t layer = state % 2;
      const bool enters = node < graph_.transactions;
      const bool is_read_write = edge.kind == DependencyKind::kReadWrite;
      if (enters && is_read_write && cycle != Cycle::kAny) {
        if (layer == 1) continue;
        layer = 1;
      } else if (enters && cycle == Cycle::kNonadjacent) {
        layer = 0;
      }
      const uint32_t to = edge.to * 2 + layer;
      const uint32_t cost = edge.to < graph_.transactions ? 1 : 0;
      if (to == goal) {
        if (length + cost < best_length) {
          back = true;
          back_from = state;
          back_by = edges_[a];
          best_length = length + cost;
        }
        break;
      }
      if (reached_[to].epoch == epoch_ && reached_[to].length <= length + cost) continue;
      reached_[to] = {epoch_, length + cost, edges_[a], state};
      if (cost == 0) {
        queue.push_front(to);
      } else {
        queue.push_back(to);
      }
    }
  }
  if (!back) return;
  best.edges = {graph_.edges[back_by]};
  for (uint32_t state = back_from; reached_[state].from != ~uint32_t{0};
       state = reached_[state].from)
    best.edges.push_back(graph_.edges[reached_[state].by]);
  std::ranges::reverse(best.edges);
}

}  // namespace revenant::check::serial
