// Searches seeds for failures, in worker processes, and keeps the fastest of each kind.
//
//   seeds not done yet ──> worker processes ── passed, or a Failure ──> groups by signature
//                                                                       │ the one with fewest events
//                                                                       └──> DIR/<signature>.json
//
// DIR/hunt.json says what is done, so that a hunt can be interrupted and go on: it is written with
// every failure, every second and at the end. After a kill, seeds of the last second run again. A
// worker that dies is a failure like others, with the CHECK or the signal as its cause, and the
// operations it had begun.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "sim/experiment/failure.h"
#include "sim/experiment/sweep.h"

namespace revenant::sim {

struct HuntPlan {
  std::string name;              // of the scenario
  std::string scenario;          // its whole text
  std::string settings;          // what was set over it, as typed
  uint64_t first = 1, last = 1;  // seeds
};

struct HuntOptions {
  std::string directory;
  Resume resume = Resume::kNo;
  int64_t workers = 0;       // processes at once; 0 for as many as there are processors
  int64_t failures_max = 0;  // ends after so many failing seeds; 0 for no limit
};

// One seed's run, in a process of its own.
struct HuntedRun {
  int exit_code = 0;
  uint64_t events = 0;
  std::optional<Failure> failure;
};
using HuntOne = std::function<HuntedRun(uint64_t seed, BlackBox& box)>;
// The scenario that a seed resolves to, for seeds whose worker died.
using ResolveOne = std::function<Scenario(uint64_t seed)>;

// Runs the scenario as `hunt` does: with a log of its operations, and a Failure where a promise is
// broken. Where faults were aimed, a second run with what became of them must fail alike; then that
// run is the failure, and its plan has no selectors.
// The box, if there is one, is given the operations as they begin.
HuntedRun run_for_failure(const Scenario& scenario, uint64_t seed, const std::string& command,
                          BlackBox* box = nullptr);

// Prints a table of what was found to `out` and how to see it again; progress and errors to `err`.
// Returns the exit code: 4 if a worker died, else 1 if a promise was broken, else 3 if no run was
// more than vacuous, else 0; 2 for a directory that cannot be used; 128 + the signal after Ctrl-C.
int hunt(const HuntPlan& plan, const HuntOne& run, const ResolveOne& resolve,
         const HuntOptions& options, std::ostream& out, std::ostream& err);

}  // namespace revenant::sim
