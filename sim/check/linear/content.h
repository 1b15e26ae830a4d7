// A hash of a text or list that can be appended to: content::append(hash(a), hash(b)) is hash(a b).
//
// The polynomial of the items at a fixed point modulo 2^61 - 1. That two contents of n items collide has a
// probability of about n / 2^61; certificates are verified on the values themselves.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/check/linear/move.h"
#include "sim/history/history.h"

namespace revenant::check::content {

struct Content {
  State state;      // of the value by itself
  uint64_t factor;  // what a state is multiplied by when this is appended to it
};

// Absent is empty.
Content of(const history::History& history, history::Value value);
State append(State state, State appended, uint64_t factor);
// The states of all that begins the value, the empty one and itself included.
std::vector<State> prefixes(const history::History& history, history::Value value);

}  // namespace revenant::check::content
