// A scenario told to a person in a screenful: what it asks, of which cluster, what happens when,
// and what must come out.
#pragma once

#include <string>

#include "sim/scenario/scenario.h"

namespace revenant::sim {

std::string summary(const Scenario& scenario);

}  // namespace revenant::sim
