// How the settings of a scenario must fit together: what no single one of them can tell.
#pragma once

#include "sim/scenario/scenario.h"

namespace revenant::sim {

class Errors;
// Each field already lies in its own range.
void validate(const Scenario& scenario, Errors& errors);

}  // namespace revenant::sim
