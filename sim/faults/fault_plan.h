// The fault plan of a run: explicit entries with virtual times, scheduled as events. A fault says
// what happens to which nodes; how a node is killed or a link cut is the world's business.
#pragma once

#include <string>
#include <vector>

#include "sim/faults/fault_targets.h"
#include "sim/kernel/kernel.h"
#include "sim/scenario/fault_options.h"

namespace revenant::sim {

// One entry as it happened, for faults.json and for shading plots. Times since the start of the
// run.
struct FaultWindow {
  std::string kind;
  std::vector<NodeId> nodes;  // whom it concerns
  Instant from, to;
  std::string detail;
};

// Schedules every entry; all have ended by `end`. `targets` outlives the events.
std::vector<FaultWindow> schedule_faults(Kernel& kernel, const std::vector<FaultOptions>& faults,
                                         Instant start, Instant end, FaultTargets& targets);

}  // namespace revenant::sim
