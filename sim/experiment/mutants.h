// Whether a hunt finds what was planted: each defect is hunted by itself until it was caught a few
// times.
//
//   seeds       1  2  3  4  5  6  7  8  9 …
//   caught               x           x         seeds to catch: 4, 4, …; their median is told
#pragma once

#include <functional>
#include <iosfwd>
#include <vector>

#include "engine/base/defects.h"
#include "sim/experiment/hunt.h"

namespace revenant::sim {

struct MutantsOptions {
  std::vector<Defect> defects;
  int64_t seeds_max = 1000;  // of each
  int64_t catches = 5;       // enough
  int64_t workers = 0;
};

using RunMutant = std::function<HuntedRun(Defect defect, uint64_t seed)>;

// Prints a table. The exit code: 0 if at least 95 % of the defects were caught, else 1.
int mutants(const RunMutant& run, const MutantsOptions& options, std::ostream& out,
            std::ostream& err);

}  // namespace revenant::sim
