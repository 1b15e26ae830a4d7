// How fast histories are decided, beside the goals, in processor time.
#pragma once

#include <ostream>

namespace revenant::sim {

// Each round checks a history of the same kind; a line per kind, the best of the rounds. Linearizability of
// registers, and serializability of transactions.
void bench_check(std::ostream& out, int rounds = 3);

}  // namespace revenant::sim
