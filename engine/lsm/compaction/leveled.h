// LevelDB's leveled compaction: level 0 takes flushed memtables, which overlap; each deeper level
// is one sorted run of files with disjoint ranges, `max_bytes_for_level_multiplier` times as large
// as the one above.
//
//   L0   [c-----m] [a--g] [f-----z]         score: SSTables / trigger
//   L1   [a--f][h----m][p--t]               score: bytes / limit
//   L2   [a-c][d-e][f-h][i-k][l-n][p-t]
//
// The level of the highest score from 1 on is compacted: one SSTable of it, taken round-robin by
// key, with all that overlap it in the next level; from level 0 all SSTables that overlap it,
// directly or through others, so that no older cell is left above a newer one. An SSTable that
// overlaps nothing in the next level just moves, unless it holds tombstones that a merge might
// drop.
//
// Source: LevelDB version_set.cc (PickCompaction, Finalize, GetOverlappingInputs). Not done: its
// widening of the inputs where the next level's stay the same, its limit on overlap with the level
// after the next, compactions caused by seeks; the round-robin position is not kept over a restart.
#pragma once

#include <memory>

#include "engine/lsm/compaction/picker.h"

namespace revenant::lsm {

std::unique_ptr<CompactionPicker> make_leveled_picker(const CompactionOptions& options,
                                                      Duration gc_grace);

// The size a level (from 1 on) may have.
uint64_t level_bytes_max(int level, const CompactionOptions& options);

}  // namespace revenant::lsm
