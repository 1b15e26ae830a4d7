// A short account of what happens in a run: faults and operations in the order of virtual time, who
// acknowledged what, which copies moved, which tombstones were purged.
//
//    1.200000s  fault     crash {node:1} until 3.4s
//    1.250000s  c0        delete k17 at n2: ok after 0.840 ms; taken by n0, n2
//    3.900105s  n1        takes k17, value, from a hint
//   12.800000s  n0        purges the tombstone of k17
#pragma once

#include <string>

#include "sim/experiment/signature.h"
#include "sim/scenario/scenario.h"

namespace revenant::sim {

// Runs it. Long accounts leave out their middle.
std::string account_of(const Scenario& scenario, uint64_t seed, const Signature& signature);

}  // namespace revenant::sim
