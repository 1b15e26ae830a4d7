// ScyllaDB's IncrementalCompactionStrategy: size-tiered over sorted runs that are cut into
// fragments, so that a compaction need not hold its inputs to its end.
//
//   runs   [....][....][....][..]      a bucket of runs of similar size is merged into one run;
//          [....][....][...]           each output fragment is installed when it is whole, and
//          [..][.]                     inputs that lie before it are let go
//
// Temporary space is about a fragment of each run instead of all of them. With a
// space_amplification_goal from 1 to 2, the two largest tiers are merged with each other as soon as
// together they take more than that times the largest.
//
// Source: ScyllaDB incremental_compaction_strategy.cc (get_buckets, most_interesting_bucket, and the
// space amplification goal in get_sstables_for_compaction). What a crash may leave, and why no
// tombstone is lost by it, is in lsm/compactor.h.
#pragma once

#include <memory>

#include "engine/lsm/compaction/picker.h"

namespace revenant::lsm {

std::unique_ptr<CompactionPicker> make_incremental_picker(const CompactionOptions& options,
                                                          const PickerContext& context);

}  // namespace revenant::lsm
