// Why a key is as it is: the run once to learn which key a checker complained of, and once more with
// that key's lineage.
#pragma once

#include <optional>
#include <string>

#include "sim/experiment/run.h"

namespace revenant::sim {

struct Explanation {
  std::string text;  // for people
  RunReport report;  // of the run
};

// Without `key`, of the first key that came back, else of the first violation's. Nothing if there
// is no such key.
std::optional<Explanation> explain(const Scenario& scenario, uint64_t seed,
                                   std::optional<uint64_t> key, const std::string& command);

}  // namespace revenant::sim
