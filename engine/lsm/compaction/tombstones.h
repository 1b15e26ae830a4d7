// When an SSTable is worth compacting for its tombstones alone. Four triggers, each of a system
// that has it; any one will do:
//
//   droppable ratio   more than tombstone_threshold of its entries are tombstones that may go,
//                     it is older than tombstone_compaction_interval, and enough of it lies outside
//                     of what others cover: Cassandra
//   deletion window   deletion_trigger tombstones stand among sstable.deletion_window_size
//                     consecutive entries, or deletion_ratio of all entries are: RocksDB
//                     (CompactOnDeletionCollector)
//   density           more than tombstone_dense_compaction_threshold of its blocks are mostly
//                     tombstones: Pebble
//   deadline          its oldest tombstone has been in the tree longer than its level allows:
//                     Lethe. Level i may keep it until d_0 + … + d_i after the delete, where
//                     d_i = T d_(i-1) and all levels together make delete_persistence_threshold
//
// Only tombstones that GcRule lets go can, so the first three wait for that; the deadline does so in
// the last level only, where there is nowhere further down. A rewrite in place may turn out to drop
// nothing (something else still needs the tombstones), so it waits tombstone_compaction_interval
// after the last one; a merge downward makes progress in any case.
//
// Sources: AbstractCompactionStrategy.worthDroppingTombstones (Cassandra 4);
// compact_on_deletion_collector.cc (RocksDB); Pebble's options TombstoneDenseCompactionThreshold and
// tombstone_dense_blocks; Sarkar et al., "Lethe", SIGMOD 2020.
#pragma once

#include <functional>
#include <optional>

#include "engine/lsm/compaction/picker.h"

namespace revenant::lsm {

// Estimated share of entries that are tombstones, or expired, and that GcRule lets go where it lets
// most go: what of the range is not repaired yet counts as if it were (ScyllaDB:
// get_gc_before_for_drop_estimation).
double droppable_tombstone_ratio(const SstableMeta& sstable, Instant now, const GcRule& gc);

// Lethe's share of the deadline that a tombstone may have used up when it leaves `level`, of
// `levels` in use.
Duration delete_persistence_deadline(Duration threshold, int64_t size_ratio, int level, int levels);

struct TombstonePick {
  SstableMetaPtr sstable;
  int level = 0;
  PickExplanation explanation;
};

// The most overdue of those not busy that `allowed` lets through: how far beyond its trigger.
std::optional<TombstonePick> most_due_for_tombstones(
    const LsmState& state, const CompactionOptions& options, const GcRule& gc,
    const std::function<bool(const SstableMetaPtr&, int level)>& allowed);

// The largest one that is due, as Cassandra picks it, rewritten in place.
std::optional<CompactionPick> pick_alone_for_tombstones(const LsmState& state,
                                                        const CompactionOptions& options,
                                                        const GcRule& gc);

// The first instant after `now` at which an SSTable becomes due.
std::optional<Instant> tombstones_next_due(const Levels& levels, Instant now,
                                           const CompactionOptions& options, const GcRule& gc);

}  // namespace revenant::lsm
