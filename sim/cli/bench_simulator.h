// How fast the simulator is, beside what is asked of it: events, virtual time, memory, seeds.
#pragma once

#include <ostream>

#include "sim/scenario/scenario.h"

namespace revenant::sim {

// Prints a line per figure with its goal; `swarm` is the scenario of the small hunts. Each run is in
// a process of its own, whose processor time counts (so that other programs on the machine disturb
// little) and whose memory is its own. Best of several rounds. Returns the exit code.
int bench_simulator(std::ostream& out, const Scenario& swarm);

}  // namespace revenant::sim
