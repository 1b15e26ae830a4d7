#include "sim/check/linear/witness.h"

#include <algorithm>

#include "sim/check/linear/content.h"

namespace revenant::check {

namespace {

// From one change to the next: which events it touches, and what happens in it, in this order.
struct Stretch {
  State state;
  uint32_t first, last;
  std::vector<uint32_t> observations = {};  // by their beginnings
  std::vector<uint32_t> unobserved = {};    // once nothing observes the state any more; likewise
  std::vector<uint32_t> hidden = {};
};

State after(const Move& move, State state) {
  return move.kind == MoveKind::kAppend ? content::append(state, move.argument, move.expected)
                                        : move.argument;
}

// From which event on nothing observes the state.
uint32_t unobserved_from(const Problem& problem, State state) {
  if (problem.observed_until.empty()) return kNoEvent;
  const auto observed = problem.observed_until.find(state);
  if (observed == problem.observed_until.end()) return 0;
  return observed->second == kNoEvent ? kNoEvent : observed->second + 1;
}

// Whether it happens in this stretch; then it is put there.
bool put_into(const Problem& problem, uint32_t index, Stretch& stretch) {
  const Move& move = problem.moves[index];
  const uint32_t unobserved = unobserved_from(problem, stretch.state);
  if (move.kind == MoveKind::kAppend) {
    if (unobserved > std::min(stretch.last, move.end)) return false;
    stretch.unobserved.push_back(index);
    return true;
  }
  if (!observes(move.kind)) return false;
  if ((move.kind == MoveKind::kRead) != (move.argument == stretch.state)) return false;
  (move.begin < unobserved ? stretch.observations : stretch.unobserved).push_back(index);
  return true;
}

}  // namespace

std::vector<uint32_t> order_of(const Problem& problem, const std::vector<Effect>& effects) {
  std::vector<Stretch> stretches = {{problem.initial, 0, 0}};
  std::vector<bool> took_effect(problem.moves.size());
  for (const Effect& effect : effects) {
    took_effect[effect.move] = true;
    stretches.back().last = effect.event;
    const State state = after(problem.moves[effect.move], stretches.back().state);
    stretches.push_back({state, effect.event, 0});
  }
  stretches.back().last = static_cast<uint32_t>(problem.events.size());

  // Stretches end in order: the first that does not end before the move begins.
  for (const Event& event : problem.events) {
    const Move& move = problem.moves[event.move];
    if (event.ends || !move.required || took_effect[event.move]) continue;
    auto at = static_cast<size_t>(
        std::ranges::partition_point(
            stretches, [&](const Stretch& stretch) { return stretch.last < move.begin; }) -
        stretches.begin());
    for (; at < stretches.size() && stretches[at].first <= move.end; ++at) {
      if (put_into(problem, event.move, stretches[at])) break;
      const bool undone = at < effects.size() && effects[at].event <= move.end &&
                          problem.moves[effects[at].move].kind == MoveKind::kWrite;
      if (!observes(move.kind) && undone) {
        stretches[at].hidden.push_back(event.move);
        break;
      }
    }
  }

  std::vector<uint32_t> order;
  for (size_t at = 0; at < stretches.size(); ++at) {
    const Stretch& stretch = stretches[at];
    for (const auto* part : {&stretch.observations, &stretch.unobserved, &stretch.hidden})
      for (const uint32_t move : *part) order.push_back(problem.moves[move].operation);
    if (at < effects.size()) order.push_back(problem.moves[effects[at].move].operation);
  }
  return order;
}

}  // namespace revenant::check
