// The resolved scenario printed back: every setting with its value in normal form ("24h" as "1d"),
// in the order the settings are described. Parsed again, it is the same scenario.
//
// An optional that is absent prints as "off", or not at all inside the elements of a list, where
// most are; so does an empty set of nodes.
#pragma once

#include <string>

#include "sim/scenario/scenario.h"

namespace revenant::sim {

Json to_json(const Scenario& scenario);
// An entry of the fault plan alone.
Json to_json(const FaultOptions& fault);

class Errors;
// Whether the described settings have one at `path`; if not, says so at `error_path`, with the
// nearest name.
bool has_setting(const Scenario& scenario, std::string_view path, const std::string& error_path,
                 Errors& errors);
// `value` in the normal form of that setting: what to_json() would print if it had it. Objects stay
// as they are, once found right.
Json normalised(const Scenario& scenario, std::string_view path, const Json& value,
                const std::string& error_path, Errors& errors);

}  // namespace revenant::sim
