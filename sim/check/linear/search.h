// Decides whether one key's history is linearizable: whether there is an order of its operations, each between
// its beginning and its end, in which every observation is right.
//
// The search goes through the events in the order of time and keeps a frontier of configurations: every way in
// which what happened so far can be explained.
//
//   configuration   state | must: operations under way that have yet to take effect
//                         | may:  changes under way, or of unknown outcome, that can yet take effect
//
// Only when an operation ends is anything made to take effect: what it needs, and no more (just in time). So
// the frontier is as wide as the operations under way allow, however long the history is. Each of these leaves
// out only what could not make a difference:
//
//   observations are made as soon as the state fits: that changes nothing
//   when a write takes effect, all others under way may have done so just before it: none of them must any
//     more, and until it ends each still may
//   of changes that do the same, the one that ends first takes effect first
//   a change that no operation under way can notice waits
//   a configuration with the same state, that must less and may more, stands for the other
//   states that nothing observes any more are one
//
// The frontier is cut to a beam, and widened, from the last moment at which nothing had been cut, only if the
// beam finds no explanation. "Holds" of a narrow beam is as good as any; "violated" is said only when nothing
// was cut. Limits count configurations and bytes, never time: the same history ends the same way everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/check/linear/problem.h"

namespace revenant::check {

struct SearchLimits {
  uint64_t configurations = 20'000'000;  // looked at, in all
  uint64_t bytes = uint64_t{1} << 30;    // of the frontier and the orders that lead to it
  size_t beam = 32;                      // the first
};

// A change that took effect, when the operation of this event ended.
struct Effect {
  uint32_t move;
  uint32_t event;
};

struct SearchResult {
  enum class Verdict { kHolds, kViolated, kUndecided };
  Verdict verdict = Verdict::kHolds;
  std::vector<Effect> effects;  // holds: in their order. witness.h puts the rest between them
  uint32_t event = 0;           // where it ended; violated: at the first end that nothing explains
  const char* limit = "";       // undecided: what was exhausted
  uint64_t configurations = 0;  // looked at
};

SearchResult search(const Problem& problem, const SearchLimits& limits = {});

}  // namespace revenant::check
