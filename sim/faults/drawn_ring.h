// Which node holds which keys in a run: drawn from the seed, the same for whoever asks.
#pragma once

#include <memory>

#include "engine/ring/topology.h"
#include "sim/scenario/scenario.h"

namespace revenant::sim {

std::unique_ptr<ring::Topology> drawn_topology(const Scenario& scenario, uint64_t seed);
// At the start.
ring::Ring drawn_ring(const Scenario& scenario, uint64_t seed);

}  // namespace revenant::sim
