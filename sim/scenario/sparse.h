// The resolved scenario without what goes without saying: settings that have their defaults are
// left out. Parsed, it is the same scenario.
#pragma once

#include "sim/scenario/load.h"

namespace revenant::sim {

Json sparse_json(const Scenario& scenario, const KnownNames& known);

}  // namespace revenant::sim
