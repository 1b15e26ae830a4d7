// The atlas of ways in which deleted data comes back: pairs of runs with the same seed and faults,
// one without a guard, in which deleted data must be seen, by the mechanism that the entry names,
// and one with it, in which none may be.
//
//   entry ──┬─ without its guard, seed 1…N ──> seen deleted? ── run again, traced ──> by what cause?
//           └─ with it,           seed 1…N ──> nothing seen, every check holds
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "sim/scenario/scenario.h"

namespace revenant::sim {

struct AtlasEntry {
  std::string path;  // of the scenario's file, for commands that are printed
  Scenario guarded, unguarded;
  const AtlasOptions& about() const { return *guarded.atlas; }
};

enum class AtlasTable { kText, kMarkdown };

struct AtlasRunOptions {
  std::vector<uint64_t> seeds;
  int64_t workers = 0;  // processes at once; 0 for as many as there are processors
  AtlasTable table = AtlasTable::kText;
};

// Prints a table of the entries, and of each that does not hold up to a few seeds with the commands
// that show it. The exit code: 0 if every entry holds with every seed, else 1; 4 if a run died; 130
// after Ctrl-C.
int atlas(const std::vector<AtlasEntry>& entries, const AtlasRunOptions& options, std::ostream& out,
          std::ostream& err);

}  // namespace revenant::sim
