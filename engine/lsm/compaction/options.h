// Settings of compaction. Defaults are those of the system that each field's help names.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engine/base/settings.h"

namespace revenant::lsm {

enum class CompactionStrategy : uint8_t {
  kSizeTiered,
  kLeveled,
  kUniversal,
  kLazyLeveling,
  kTimeWindow,
  kUnified,
  kIncremental,
  kNone
};
constexpr auto enum_names(CompactionStrategy) {
  return std::array{
      EnumName<CompactionStrategy>{CompactionStrategy::kSizeTiered, "size_tiered",
                                   "Cassandra's SizeTieredCompactionStrategy"},
      EnumName<CompactionStrategy>{CompactionStrategy::kLeveled, "leveled",
                                   "LevelDB's and RocksDB's leveled compaction"},
      EnumName<CompactionStrategy>{CompactionStrategy::kUniversal, "universal",
                                   "RocksDB's universal compaction"},
      EnumName<CompactionStrategy>{CompactionStrategy::kLazyLeveling, "lazy_leveling",
                                   "Dostoevsky's: tiers above, one leveled run below"},
      EnumName<CompactionStrategy>{CompactionStrategy::kTimeWindow, "time_window",
                                   "Cassandra's TimeWindowCompactionStrategy"},
      EnumName<CompactionStrategy>{CompactionStrategy::kUnified, "unified",
                                   "Cassandra's UnifiedCompactionStrategy"},
      EnumName<CompactionStrategy>{CompactionStrategy::kIncremental, "incremental",
                                   "ScyllaDB's IncrementalCompactionStrategy"},
      EnumName<CompactionStrategy>{CompactionStrategy::kNone, "none", "no automatic compaction"},
  };
}

// RocksDB's CompactionStopStyle.
enum class StopStyle : uint8_t { kTotalSize, kSimilarSize };
constexpr auto enum_names(StopStyle) {
  return std::array{
      EnumName<StopStyle>{StopStyle::kTotalSize, "total_size",
                          "the next run is held against all before it together"},
      EnumName<StopStyle>{StopStyle::kSimilarSize, "similar_size",
                          "the next run is held against the one before it"},
  };
}

// RocksDB's CompactionPri: which SSTable of a level goes first.
enum class CompactionPri : uint8_t {
  kRoundRobin,
  kMinOverlappingRatio,
  kOldestLargestSeqFirst,
  kOldestSmallestSeqFirst
};
constexpr auto enum_names(CompactionPri) {
  return std::array{
      EnumName<CompactionPri>{CompactionPri::kRoundRobin, "round_robin",
                              "the next by key after the last one; LevelDB"},
      EnumName<CompactionPri>{CompactionPri::kMinOverlappingRatio, "min_overlapping_ratio",
                              "least bytes below for its own; RocksDB"},
      EnumName<CompactionPri>{CompactionPri::kOldestLargestSeqFirst, "oldest_largest_seq_first",
                              "the one whose newest write is oldest"},
      EnumName<CompactionPri>{CompactionPri::kOldestSmallestSeqFirst, "oldest_smallest_seq_first",
                              "the one whose oldest write is oldest"},
  };
}

struct CompactionOptions {
  CompactionStrategy strategy = CompactionStrategy::kSizeTiered;
  // size-tiered
  int64_t min_threshold = 4;
  int64_t max_threshold = 32;
  double bucket_low = 0.5;
  double bucket_high = 1.5;
  ByteSize min_sstable_size = mib(50);
  double tombstone_threshold = 0.2;
  Duration tombstone_compaction_interval = days(1);
  bool unchecked_tombstone_compaction = false;
  bool only_purge_repaired_tombstones = false;
  // leveled
  int64_t level0_file_num_compaction_trigger = 4;
  ByteSize max_bytes_for_level_base = mib(10);
  int64_t max_bytes_for_level_multiplier = 10;
  ByteSize target_file_size_base = mib(2);
  int64_t num_levels = 7;
  bool level_compaction_dynamic_level_bytes = false;
  CompactionPri compaction_pri = CompactionPri::kRoundRobin;
  int64_t target_file_size_multiplier = 1;
  int64_t max_grandparent_overlap_factor = 10;
  int64_t expanded_compaction_factor = 25;
  int64_t max_mem_compact_level = 0;
  // universal
  int64_t size_ratio = 1;
  int64_t min_merge_width = 2;
  int64_t max_merge_width = UINT32_MAX;
  int64_t max_size_amplification_percent = 200;
  StopStyle stop_style = StopStyle::kTotalSize;
  Duration periodic_compaction_seconds;
  // time-window
  Duration compaction_window_size = days(1);
  Duration expired_sstable_check_frequency = minutes(10);
  bool unsafe_aggressive_sstable_expiration = false;
  // unified
  std::string scaling_parameters = "T4";
  ByteSize target_sstable_size = gib(1);
  int64_t base_shard_count = 4;
  double sstable_growth = 0.333;
  int64_t max_sstables_to_compact = 0;
  // incremental
  ByteSize sstable_size = mib(1000);
  double space_amplification_goal = 0;
  // for the sake of tombstones, every strategy (tombstones.h)
  int64_t deletion_trigger = 0;
  double deletion_ratio = 0;
  double tombstone_dense_compaction_threshold = 0;
  Duration delete_persistence_threshold;

  template <typename V>
  void describe(V& v) {
    v.field("strategy", strategy, "How SSTables are picked for compaction.");
    v.field("min_threshold", min_threshold, between<int64_t>(2, 1024),
            "size_tiered, time_window, incremental: fewest SSTables of a bucket to compact.");
    v.field("max_threshold", max_threshold, between<int64_t>(2, 1024),
            "size_tiered, time_window, incremental: most SSTables (or runs) in one compaction.");
    v.field("bucket_low", bucket_low, between(0.0, 1.0),
            "size_tiered, time_window, incremental: a bucket takes SSTables above this times its "
            "mean size.");
    v.field("bucket_high", bucket_high, between(1.0, 1000.0),
            "size_tiered, time_window, incremental: and below this times its mean size.");
    v.field("min_sstable_size", min_sstable_size,
            "size_tiered, time_window, incremental: SSTables smaller than this share one bucket. "
            "unified: one shard is no smaller.");
    v.field("tombstone_threshold", tombstone_threshold, between(0.0, 1.0),
            "Share of droppable tombstones that makes one SSTable worth compacting "
            "alone. Cassandra: 0.2; 1 is never.");
    v.field("tombstone_compaction_interval", tombstone_compaction_interval,
            "Least age of an SSTable that is rewritten alone for its tombstones.");
    v.field("only_purge_repaired_tombstones", only_purge_repaired_tombstones,
            "Keep tombstones of SSTables that no incremental repair has marked. Cassandra: off.");
    v.field("unchecked_tombstone_compaction", unchecked_tombstone_compaction,
            "Do so even when overlapping SSTables make it look useless.");
    v.field("level0_file_num_compaction_trigger", level0_file_num_compaction_trigger,
            between<int64_t>(1, 1024),
            "leveled: SSTables in level 0 that start a compaction. universal: sorted runs.");
    v.field("max_bytes_for_level_base", max_bytes_for_level_base, at_least(kib(1)),
            "leveled: size of level 1. LevelDB: 10 MiB; RocksDB: 256 MiB.");
    v.field(
        "max_bytes_for_level_multiplier", max_bytes_for_level_multiplier, between<int64_t>(2, 1000),
        "leveled: size of a level over that of the one above. lazy_leveling: runs of a tier that "
        "are merged.");
    v.field("target_file_size_base", target_file_size_base, at_least(kib(1)),
            "leveled, universal, lazy_leveling: size at which an output SSTable below level 0 is "
            "closed. LevelDB: 2 MiB; RocksDB: 64 MiB.");
    v.field("num_levels", num_levels, between<int64_t>(2, 12),
            "leveled, universal: levels, with level 0.");
    v.field("level_compaction_dynamic_level_bytes", level_compaction_dynamic_level_bytes,
            "leveled: sizes of levels follow from the last one's upward, as is RocksDB's default.");
    v.field("compaction_pri", compaction_pri,
            "leveled: which SSTable of a level is compacted first.");
    v.field("target_file_size_multiplier", target_file_size_multiplier, between<int64_t>(1, 100),
            "leveled: size of an output over that of one a level above. Pebble: 2.");
    v.field("max_grandparent_overlap_factor", max_grandparent_overlap_factor,
            between<int64_t>(1, 1000000),
            "leveled: an output overlaps at most this times target_file_size_base of the level "
            "after its own. LevelDB: 10; RocksDB: 25 (max_compaction_bytes).");
    v.field("expanded_compaction_factor", expanded_compaction_factor, between<int64_t>(1, 1000000),
            "leveled: a compaction takes more of its upper level, where that costs nothing below, "
            "up to this times target_file_size_base. LevelDB, RocksDB: 25.");
    v.field("max_mem_compact_level", max_mem_compact_level, between<int64_t>(0, 11),
            "leveled: deepest level a flush that overlaps nothing may go to. LevelDB: 2.");
    v.field("size_ratio", size_ratio, between<int64_t>(0, 100000),
            "universal: a run joins a merge if it is at most this percentage larger. RocksDB: 1.");
    v.field("min_merge_width", min_merge_width, between<int64_t>(2, 1024),
            "universal: fewest runs in a merge. RocksDB: 2.");
    v.field("max_merge_width", max_merge_width, between<int64_t>(2, UINT32_MAX),
            "universal: most runs in a merge by size ratio. RocksDB: no limit.");
    v.field("max_size_amplification_percent", max_size_amplification_percent,
            between<int64_t>(1, 1000000),
            "universal: what newer runs may take, in percent of the oldest. RocksDB: 200.");
    v.field("stop_style", stop_style, "universal: what the next run's size is held against.");
    v.field("periodic_compaction_seconds", periodic_compaction_seconds,
            "universal: age at which an SSTable is compacted again; 0 is never. RocksDB: 30 d.");
    v.field("compaction_window_size", compaction_window_size, at_least(milliseconds(1)),
            "time_window: writes of one window are merged with each other only. Cassandra: 1 d.");
    v.field("expired_sstable_check_frequency", expired_sstable_check_frequency,
            "time_window: least age of an SSTable that is compacted because all of it has expired. "
            "Cassandra: 10 min.");
    v.field(
        "unsafe_aggressive_sstable_expiration", unsafe_aggressive_sstable_expiration,
        "time_window: an SSTable that has expired goes as a whole, though another may hold what "
        "it deletes. Cassandra: off, and allowed by a system property only.");
    v.field("scaling_parameters", scaling_parameters,
            "unified: by level, from the top, the last one for the rest: T4 tiered with fan factor "
            "4, L10 leveled with 10, N in between.");
    v.field("target_sstable_size", target_sstable_size, at_least(kib(1)),
            "unified: size of a shard that outputs are cut to.");
    v.field("base_shard_count", base_shard_count, between<int64_t>(1, 1024),
            "unified: shards of a level whose SSTables would be smaller than the target.");
    v.field("sstable_growth", sstable_growth, between(0.0, 1.0),
            "unified: 0 adds shards as data grows, 1 lets SSTables grow instead.");
    v.field("max_sstables_to_compact", max_sstables_to_compact, between<int64_t>(0, 100000),
            "unified: most SSTables in one compaction; 0 is no limit.");
    v.field("sstable_size", sstable_size, at_least(kib(1)),
            "incremental: size of a run's fragment. ScyllaDB: sstable_size_in_mb 1000.");
    v.field("space_amplification_goal", space_amplification_goal, between(0.0, 2.0),
            "incremental: the two largest tiers are merged beyond this; 0 is never.");
    v.field("deletion_trigger", deletion_trigger, between<int64_t>(0, 1 << 30),
            "Tombstones in a window of sstable.deletion_window_size that make an SSTable due; 0 is "
            "never. RocksDB: CompactOnDeletionCollector.");
    v.field("deletion_ratio", deletion_ratio, between(0.0, 1.0),
            "Share of tombstones that makes an SSTable due; 0 is never. RocksDB: likewise.");
    v.field(
        "tombstone_dense_compaction_threshold", tombstone_dense_compaction_threshold,
        between(0.0, 1.0),
        "Share of data blocks that are mostly tombstones that makes an SSTable due; 0 is never. "
        "Pebble: 0.10.");
    v.field("delete_persistence_threshold", delete_persistence_threshold,
            "Within this time after a delete its tombstone has reached the last level, and is "
            "purged if gc_grace has passed; 0 is no promise. Lethe: D_th.");
  }
};

}  // namespace revenant::lsm
