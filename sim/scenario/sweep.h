// The "sweep" block: settings with the values each takes in turn, and the seeds.
//
//   "sweep": { "storage.gc_grace": ["1d", "10d"], "replication.read": ["ONE", "QUORUM"], "seed":
//   "1..20" }
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/scenario.h"

namespace revenant::sim {

// "1..20" or "7", both ends included; at most kSeedsMax of them.
inline constexpr size_t kSeedsMax = 10'000'000;
std::expected<std::vector<uint64_t>, std::string> parse_seeds(std::string_view text);

class Errors;
// Fills in sweep and sweep_seeds. Each value is checked as the setting's own; whether the values of
// a point fit together shows when the point is resolved.
void read_sweep(const Json& in, Scenario& scenario, Errors& errors);

}  // namespace revenant::sim
