// Runs a plan: every grid point with every seed, in worker processes, into one results file; then a
// table.
//
//   plan ──> jobs not done yet ──> worker processes ── RunOutcome ──> ResultsStore ──> table, exit
//   code
//
// The file is the same whatever the number of workers, and whether the sweep ran through or was
// interrupted and resumed (results_store.h). A worker that dies is a finding: it is stored with its
// seed and the end of its stderr, the sweep goes on, and the exit code is 4. Resuming runs it
// again, with the same end unless the host was the cause.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "sim/experiment/run_outcome.h"
#include "sim/experiment/sweep_plan.h"

namespace revenant::sim {

enum class Resume { kNo, kYes };

struct SweepOptions {
  std::string file;             // the results
  Resume resume = Resume::kNo;  // kYes: go on with the file if there is one
  int64_t workers = 0;          // processes at once; 0 for as many as there are processors
  // To show in the table; those that no run measured are left out.
  std::vector<std::string> metrics = {};
};

// One run, in a process of its own. What it prints goes nowhere, but for stderr if the process
// dies.
using RunOne = std::function<RunOutcome(const GridPoint& point, uint64_t seed)>;

// Writes the table to `out`; progress (only where stderr is a terminal), findings and errors to
// `err`. Returns the process's exit code: the first of 4, 2, 1, 3, 0 that a run had; 2 for a file
// or plan that cannot be used; 128 + the signal after Ctrl-C (130) or SIGTERM, when runs that had
// ended are stored and those under way are dropped.
int sweep(const SweepPlan& plan, const RunOne& run, const SweepOptions& options, std::ostream& out,
          std::ostream& err);

// The first of 4, 2, 1, 3, 0 among them; any other code counts as 4.
int worst_exit_code(const std::vector<int>& codes);

}  // namespace revenant::sim
