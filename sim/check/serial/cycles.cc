#include "sim/check/serial/cycles.h"

#include <algorithm>
#include <deque>

#include "sim/check/serial/choices.h"

namespace revenant::check::serial {

namespace {

constexpr uint64_t kForShorter = 20'000'000;  // edges, once a cycle is known

}  // namespace

Cycles::Cycles(const Dependencies& graph) : graph_(graph) {
  begin_.assign(graph.nodes + 1, 0);
  for (const Edge& edge : graph.edges) ++begin_[edge.from + 1];
  for (uint32_t node = 0; node < graph.nodes; ++node) begin_[node + 1] += begin_[node];
  edges_.resize(graph.edges.size());
  std::vector<uint32_t> place(begin_.begin(), begin_.end() - 1);
  for (uint32_t i = 0; i < graph.edges.size(); ++i) edges_[place[graph.edges[i].from]++] = i;
  reached_.resize(size_t{2} * graph.nodes);
}

std::optional<Cycles::State> Cycles::next(State state, const Edge& edge, Kinds kinds,
                                          Cycle cycle) const {
  if ((kinds & bit(edge.kind)) == 0) return std::nullopt;
  uint32_t layer = state % 2;
  const bool sets_out = edge.from < graph_.transactions;
  if (sets_out && edge.kind == DependencyKind::kReadWrite && cycle != Cycle::kAny) {
    if (layer == 1) return std::nullopt;
    layer = 1;
  } else if (sets_out && cycle == Cycle::kNonadjacent) {
    layer = 0;
  }
  return edge.to * 2 + layer;
}

// Tarjan's, without recursion. Numbers of components by state.
std::vector<uint32_t> Cycles::components(Kinds kinds, Cycle cycle) const {
  constexpr uint32_t kNone = ~uint32_t{0};
  const uint32_t states = 2 * graph_.nodes;
  std::vector<uint32_t> index(states, kNone), low(states), component(states, kNone), at(states);
  for (State state = 0; state < states; ++state) at[state] = begin_[state / 2];
  std::vector<State> stack, path;
  uint32_t indices = 0, count = 0;
  for (State root = 0; root < states; ++root) {
    if (index[root] != kNone) continue;
    path.push_back(root);
    while (!path.empty()) {
      const State state = path.back();
      if (index[state] == kNone) {
        index[state] = low[state] = indices++;
        stack.push_back(state);
      }
      bool descended = false;
      while (at[state] < begin_[state / 2 + 1] && !descended) {
        const auto to = next(state, graph_.edges[edges_[at[state]++]], kinds, cycle);
        if (!to) continue;
        if (index[*to] == kNone) {
          path.push_back(*to);
          descended = true;
        } else if (component[*to] == kNone) {
          low[state] = std::min(low[state], index[*to]);
        }
      }
      if (descended) continue;
      path.pop_back();
      if (!path.empty()) low[path.back()] = std::min(low[path.back()], low[state]);
      if (low[state] != index[state]) continue;
      for (State member = kNone; member != state;) {
        member = stack.back();
        stack.pop_back();
        component[member] = count;
      }
      ++count;
    }
  }
  return component;
}

std::vector<uint32_t> Cycles::on_single_cycles(std::vector<uint32_t> starts, Kinds kinds,
                                               const std::vector<uint32_t>& component,
                                               uint64_t& left) const {
  const auto is_inside = [&](const Edge& edge) {
    return (kinds & bit(edge.kind)) != 0 && component[edge.from * 2] == component[edge.to * 2];
  };
  const auto sets_out = [&](const Edge& edge) {
    return edge.kind == DependencyKind::kReadWrite && edge.from < graph_.transactions;
  };
  Arcs arcs;
  for (const Edge& edge : graph_.edges)
    if (is_inside(edge) && !sets_out(edge)) arcs.emplace_back(edge.from, edge.to);
  const auto order = order_of(graph_.nodes, arcs);
  if (!order) return starts;
  std::vector<uint32_t> place(graph_.nodes);
  for (uint32_t i = 0; i < order->size(); ++i) place[(*order)[i]] = i;
  std::ranges::sort(arcs, {}, [&](const Arc& arc) { return place[arc.first]; });

  // Whose rw lead forward never come back.
  std::erase_if(starts, [&](uint32_t node) {
    return std::none_of(edges_.begin() + begin_[node], edges_.begin() + begin_[node + 1],
                        [&](uint32_t i) {
                          const Edge& edge = graph_.edges[i];
                          return is_inside(edge) && sets_out(edge) && place[edge.to] < place[node];
                        });
  });

  std::vector<uint32_t> found;
  std::vector<uint64_t> mask(graph_.nodes);
  for (size_t first = 0; first < starts.size() && found.size() < 64; first += 64) {
    const size_t count = std::min<size_t>(64, starts.size() - first);
    std::ranges::fill(mask, 0);
    for (size_t i = 0; i < count; ++i)
      for (uint32_t a = begin_[starts[first + i]]; a < begin_[starts[first + i] + 1]; ++a) {
        const Edge& edge = graph_.edges[edges_[a]];
        if (is_inside(edge) && sets_out(edge)) mask[edge.to] |= uint64_t{1} << i;
      }
    if (left < arcs.size()) {
      left = 0;
      break;
    }
    left -= arcs.size();
    for (const Arc& arc : arcs) mask[arc.second] |= mask[arc.first];
    for (size_t i = 0; i < count; ++i)
      if ((mask[starts[first + i]] >> i & 1) != 0) found.push_back(starts[first + i]);
  }
  return found;
}

CycleResult Cycles::shortest(Kinds kinds, Cycle cycle, uint64_t limit) {
  const std::vector<uint32_t> component =
      components(kinds, cycle == Cycle::kSingle ? Cycle::kAny : cycle);
  // Walks of any kind, and of one rw, stay in the layer where they began.
  const bool by_node = cycle != Cycle::kNonadjacent;
  std::vector<uint32_t> size(component.size(), 0);
  for (State state = 0; state < component.size(); state += by_node ? 2 : 1)
    ++size[component[state]];
  std::vector<uint32_t> starts;
  for (uint32_t node = 0; node < graph_.transactions; ++node)
    if (size[component[node * 2]] > 1) starts.push_back(node);
  uint64_t left = limit;
  if (cycle == Cycle::kSingle) starts = on_single_cycles(std::move(starts), kinds, component, left);
  CycleResult best;
  uint32_t best_length = ~uint32_t{0};
  for (const uint32_t start : starts) {
    if (best_length <= 2 || left == 0) break;
    search(start, kinds, cycle, component, best, best_length, left);
    if (!best.edges.empty()) left = std::min(left, kForShorter);
  }
  best.exhausted = best.edges.empty() && left == 0;
  return best;
}

// From `start` back to it. Ways through nodes in between cost nothing.
void Cycles::search(uint32_t start, Kinds kinds, Cycle cycle,
                    const std::vector<uint32_t>& component, CycleResult& best,
                    uint32_t& best_length, uint64_t& left) {
  ++epoch_;
  std::deque<State> queue = {start * 2};
  reached_[start * 2] = {epoch_, 0, 0, ~uint32_t{0}};
  const State goal = start * 2 + (cycle == Cycle::kSingle ? 1 : 0);
  const auto is_inside = [&](State state) {
    return component[cycle == Cycle::kNonadjacent ? state : state / 2 * 2] == component[start * 2];
  };
  bool back = false;
  State back_from = 0;
  uint32_t back_by = 0;
  while (!queue.empty() && !back) {
    const State state = queue.front();
    queue.pop_front();
    const uint32_t length = reached_[state].length;
    if (length + 1 > best_length) break;
    for (uint32_t a = begin_[state / 2]; a < begin_[state / 2 + 1]; ++a) {
      if (left == 0) return;
      --left;
      const Edge& edge = graph_.edges[edges_[a]];
      const auto to = next(state, edge, kinds, cycle);
      if (!to || !is_inside(*to)) continue;
      const uint32_t cost = edge.to < graph_.transactions ? 1 : 0;
      if (*to == goal) {
        if (length + cost < best_length) {
          back = true;
          back_from = state;
          back_by = edges_[a];
          best_length = length + cost;
        }
        break;
      }
      if (reached_[*to].epoch == epoch_ && reached_[*to].length <= length + cost) continue;
      reached_[*to] = {epoch_, length + cost, edges_[a], state};
      if (cost == 0) {
        queue.push_front(*to);
      } else {
        queue.push_back(*to);
      }
    }
  }
  if (!back) return;
  best.edges = {graph_.edges[back_by]};
  for (State state = back_from; reached_[state].from != ~uint32_t{0}; state = reached_[state].from)
    best.edges.push_back(graph_.edges[reached_[state].by]);
  std::ranges::reverse(best.edges);
}

}  // namespace revenant::check::serial
