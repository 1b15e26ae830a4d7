// Whether a run is the same twice, and if it is not, where the two part.
//
//   run, run again ──> fingerprints equal? ──no──> the first checkpoint that differs
//                                                       │ run both again, keep its events
//                                                       └──> the first event that differs
//
// A run that is not reproducible may part elsewhere the second time; what is told is what was seen
// then.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "sim/experiment/run.h"

namespace revenant::sim {

struct Divergence {
  std::string text;  // both sides of the first difference, for people
  uint64_t event = 0;
};

// `run` runs anew with the probe given. Nothing if all runs agree.
std::optional<Divergence> verify(const std::function<void(KernelProbe&)>& run);

}  // namespace revenant::sim
