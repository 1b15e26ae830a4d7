// RocksDB's universal compaction: the database is a list of sorted runs, newest first, and a merge
// takes neighbours in that list, so that every run's writes stay apart in time.
//
//   runs   L0: 9 8 7 6    L4: 20    L6: 400       each SSTable of level 0 is one, each deeper level
//
//   space       all but the oldest are together more than max_size_amplification_percent of the
//               oldest: everything is merged
//   size ratio  from the newest on, a run joins while it is no more than size_ratio percent larger
//               than all before it together (or than the last one, for stop_style similar_size)
//   number      there are more runs than level0_file_num_compaction_trigger all the same: the
//               newest are merged whatever their sizes
//   age         a run holds an SSTable older than periodic_compaction_seconds: it and all older ones
//
// The result goes as deep as it can above the next older run; in level 0 it is one SSTable.
//
// Source: RocksDB compaction_picker_universal.cc (PickCompaction, PickCompactionToReduceSizeAmp,
// PickCompactionToReduceSortedRuns, PickPeriodicCompaction). Not done: trivial moves, incremental
// merges (compaction_options_universal.incremental is off there), compensation of sizes for
// deletions.
#pragma once

#include <memory>

#include "engine/lsm/compaction/picker.h"

namespace revenant::lsm {

std::unique_ptr<CompactionPicker> make_universal_picker(const CompactionOptions& options,
                                                        const PickerContext& context);

}  // namespace revenant::lsm
