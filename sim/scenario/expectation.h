// "must_happen" and "expect": bounds on the figures of a run.
//
//   "resurrected_keys": [ { "min": 1, "when": { "storage.gc_grace": ["1d", "10d"] } },
//                         { "max": 0, "when": { "storage.gc_grace": "20d" } } ]
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sim/scenario/scenario.h"

namespace revenant::sim {

// Whether the expectation concerns a run of this scenario, given as to_json() prints it. Values are
// compared in their normal form, so "1d" equals "24h".
bool applies(const Expectation& expectation, const Json& resolved);

class Errors;
// The expectations of one block. The values of `when` come out in their normal form.
std::vector<Expectation> read_expectations(const Json& in, const std::string& path,
                                           std::span<const std::string> metrics,
                                           const Scenario& scenario, Errors& errors);

}  // namespace revenant::sim
