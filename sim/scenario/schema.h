// What a scenario may contain, for programs and for people.
#pragma once

#include <string>

#include "sim/scenario/load.h"
#include "sim/scenario/scenario.h"

namespace revenant::sim {

// JSON Schema, draft 2020-12, for editors: completion, descriptions, spelling of values. It cannot
// say how settings must fit together, nor bound a duration; the parser does. Known names that are
// empty allow every name.
Json scenario_schema(const KnownNames& known);

// A Markdown table: path, type, default, range, meaning.
std::string scenario_reference();

}  // namespace revenant::sim
