// Which node holds which keys in a run: drawn from the seed, the same for whoever asks.
#pragma once

#include "engine/ring/ring.h"
#include "sim/scenario/scenario.h"

namespace revenant::sim {

ring::Ring drawn_ring(const Scenario& scenario, uint64_t seed);

}  // namespace revenant::sim
