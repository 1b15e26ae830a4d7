// Swarm: from a scenario and a seed, a run's faults, operations and settings. First which classes
// are on at all, then how strongly, then entries with virtual times (Groce et al., "Swarm testing",
// ISSTA 2012: runs that lack some features reach what runs with all of them do not).
//
//   |-- round --------------|-- round --------------|  …  |-- core ----------|-- calm --|
//   | faults         | calm | faults         | calm |     | some stay broken | healed   | end
//                    ^ all nodes repair             ^     ^ progress_from               ^ repair
//
// Budgeted, no replica set has more nodes away than leave enough for its reads and writes (but for
// blackouts, which a synced log survives), and every delete is repaired everywhere before gc_grace
// ends; so whatever a check finds is a bug. In the core phase some nodes stay broken and clients
// must go on. Unbounded, all nodes may be struck
// at once and nobody repairs before the end: only safety is asked for, and gc_grace outlasts the
// run (see validate.cc).
//
// All is drawn before the run begins and comes out as explicit entries, so the result, run without
// a swarm, is the same run. Each class and each setting draws from a stream of its own.
#pragma once

#include "sim/scenario/scenario.h"

namespace revenant::sim {

// The scenario without its swarm block, and with what that drew; as it is if it has none.
Scenario draw_swarm(const Scenario& scenario, uint64_t seed);

}  // namespace revenant::sim
