// Cassandra's SizeTieredCompactionStrategy: SSTables of similar size are gathered in buckets, and a
// bucket that has enough of them is merged into one larger SSTable. All SSTables are in level 0.
//
//   sizes  1 1 1 1 | 4 4 4 | 17     min_threshold 4: the first bucket is merged, and becomes a
//   fourth 4
//
// Where no bucket is due, one SSTable whose estimated share of droppable tombstones exceeds
// tombstone_threshold is compacted alone, if it is older than tombstone_compaction_interval and
// enough of it lies outside of what overlapping SSTables cover.
//
// Source: SizeTieredCompactionStrategy.getBuckets, mostInterestingBucket and
// AbstractCompactionStrategy.worthDroppingTombstones (Cassandra 4). Differences: Cassandra takes
// the bucket whose SSTables are read most, here it is the one with the most SSTables, then the one
// of smaller mean size; droppable tombstones are estimated from the table's least and greatest
// deletion time, as if spread evenly between them (Cassandra keeps a histogram); keys are taken to
// be spread evenly over the table's range by their first 8 bytes, which is true of tokens;
// only_purge_repaired_tombstones and fully expired SSTables are not there.
#pragma once

#include <memory>

#include "engine/lsm/compaction/picker.h"

namespace revenant::lsm {

std::unique_ptr<CompactionPicker> make_size_tiered_picker(const CompactionOptions& options,
                                                          Duration gc_grace);

// Groups of SSTables of similar size: an SSTable joins the first bucket whose mean size times
// bucket_low and bucket_high it lies between, or the one of those smaller than min_sstable_size. In
// order of the bucket's mean.
std::vector<std::vector<SstableMetaPtr>> size_tiered_buckets(std::vector<SstableMetaPtr> sstables,
                                                             const CompactionOptions& options);

// Estimated share of entries that are tombstones past grace.
double droppable_tombstone_ratio(const SstableMeta& sstable, Instant now, Duration gc_grace);

// Every SSTable of every level into one of level 0.
std::optional<CompactionPick> pick_all_into_one(const Levels& levels);

}  // namespace revenant::lsm
