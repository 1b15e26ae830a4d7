// Sorted runs: what tiered strategies count. All of them lie in level 0, where ranges may overlap;
// the SSTables of one run have the same `run` and disjoint ranges.
#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "engine/lsm/compaction/picker.h"

namespace revenant::lsm {

struct SortedRun {
  FileNumber run;
  std::vector<SstableMetaPtr> sstables;  // by key
  uint64_t bytes = 0;
  SequenceNumber least_sequence = SequenceNumber::max(), greatest_sequence;
  bool busy = false;  // some of it
};

// Newest first: by greatest sequence, then by number.
inline std::vector<SortedRun> sorted_runs(const std::vector<SstableMetaPtr>& sstables,
                                          const LsmState& state) {
  std::map<FileNumber, SortedRun> by_number;
  for (const SstableMetaPtr& sstable : sstables) {
    SortedRun& run = by_number[sstable->run];
    run.run = sstable->run;
    run.bytes += sstable->file_bytes;
    const auto& p = sstable->properties;
    run.least_sequence = std::min(run.least_sequence, p.least_sequence);
    run.greatest_sequence = std::max(run.greatest_sequence, p.greatest_sequence);
    run.busy |= state.busy(*sstable);
    run.sstables.push_back(sstable);
  }
  std::vector<SortedRun> runs;
  for (auto& [number, run] : by_number) {
    std::ranges::sort(run.sstables, {}, [](const SstableMetaPtr& s) { return s->least_key(); });
    runs.push_back(std::move(run));
  }
  std::ranges::sort(runs, [](const SortedRun& a, const SortedRun& b) {
    return std::pair(a.greatest_sequence, a.run) > std::pair(b.greatest_sequence, b.run);
  });
  return runs;
}
inline std::vector<SortedRun> sorted_runs(const LsmState& state) {
  return state.levels.empty() ? std::vector<SortedRun>{} : sorted_runs(state.levels[0], state);
}

inline void append_run(std::vector<SstableMetaPtr>& inputs, const SortedRun& run) {
  inputs.insert(inputs.end(), run.sstables.begin(), run.sstables.end());
}

}  // namespace revenant::lsm
