// From the changes that a search found to the order of all operations.
//
//   changes    |--- state 0 ---| put 1 |--- state 1 ---| append 2 |--- state 2 …
//   observed   in a stretch between two changes in which it fits, while it was under way
//   hidden     a write that had to happen and is not among the changes: just before a write that undid it
#pragma once

#include <vector>

#include "sim/check/linear/search.h"

namespace revenant::check {

// Places in what the problem was made of (Move::operation), of all that took effect. certificate/linear.h verifies it.
std::vector<uint32_t> order_of(const Problem& problem, const std::vector<Effect>& effects);

}  // namespace revenant::check
