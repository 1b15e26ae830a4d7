// Dostoevsky's lazy leveling: tiers above, one leveled run below. Most entries live in the largest
// level, and most writes are spent in the others: merging eagerly only where the data is gives
// leveling's reads of existing keys and its space at little more than tiering's writes.
//
//   level 0, by size    tier 0   . . .      a tier of T runs is merged into one run
//                       tier 1   o o
//   level 1             [--------------]    one run; the tier above it is merged with it
//
// T is max_bytes_for_level_multiplier. A run of up to about memtable_size * T^i bytes is of tier i
// (from half of that on, for overwrites shrink it). The last tier above level 1 is the one that is
// 1/T as large, so that tiers are added as level 1 grows.
//
// Source: Dayan and Idreos, "Dostoevsky", SIGMOD 2018 (K = T - 1, Z = 1). There a level's runs are
// counted as they arrive; here a run's tier follows from its size. Filters get the same bits in
// every tier.
#pragma once

#include <memory>

#include "engine/lsm/compaction/picker.h"

namespace revenant::lsm {

std::unique_ptr<CompactionPicker> make_lazy_leveling_picker(const CompactionOptions& options,
                                                            const PickerContext& context);

}  // namespace revenant::lsm
