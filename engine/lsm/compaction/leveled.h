// LevelDB's and RocksDB's leveled compaction: level 0 takes flushed memtables, which overlap; each
// deeper level is one sorted run of files with disjoint ranges, `max_bytes_for_level_multiplier`
// times as large as the one above.
//
//   L0   [c-----m] [a--g] [f-----z]         score: SSTables / trigger
//   L1   [a--f][h----m][p--t]               score: bytes / limit
//   L2   [a-c][d-e][f-h][i-k][l-n][p-t]     what L1's file overlaps here is merged with it, and
//   L3   [a-b][b-d][d-e]…                   an output is cut where it overlaps too much here
//
// The level of the highest score goes first. One SSTable of it, chosen by `compaction_pri`, is
// merged with all that overlap it in the next level; from level 0 go all SSTables that overlap it,
// directly or through others, so that no older cell is left above a newer one. Then:
//
//   widening   more of the upper level comes along where that takes no more files of the lower one
//              and the whole stays below expanded_compaction_factor files' size
//   move       a lone SSTable that overlaps nothing in the next level only changes its level, in
//              the manifest, unless it overlaps too much of the level after that, or holds
//              tombstones that a merge might drop
//   cut        outputs end at target_file_size_base, or where they overlap more than
//              max_grandparent_overlap_factor files' size of the level after the next
//
// A flush that overlaps nothing may go down to max_mem_compact_level at once. Level sizes are
// static (LevelDB) or, with level_compaction_dynamic_level_bytes, follow from the last level's
// size upward (RocksDB), so that what is above it is never more than about a ninth of it.
//
// Sources: LevelDB version_set.cc (PickCompaction, SetupOtherInputs, Finalize, ShouldStopBefore,
// PickLevelForMemTableOutput) and db_impl.cc (IsTrivialMove); RocksDB version_set.cc
// (CalculateBaseBytes, ComputeCompactionScore, EstimateCompactionBytesNeeded, SortFileByOverlappingRatio).
// Not done: compactions caused by seeks or reads, merges within level 0, RocksDB's cutting of
// outputs at the boundaries of grandparents.
#pragma once

#include <memory>

#include "engine/lsm/compaction/picker.h"

namespace revenant::lsm {

std::unique_ptr<CompactionPicker> make_leveled_picker(const CompactionOptions& options,
                                                      const GcRule& gc);

// Where level 0 is merged to, and how large each level may be.
struct LevelTargets {
  int base_level = 1;
  std::vector<uint64_t> bytes_max;  // by level; those of level 0 and above base_level mean nothing
};
LevelTargets level_targets(const Levels& levels, const CompactionOptions& options);

}  // namespace revenant::lsm
