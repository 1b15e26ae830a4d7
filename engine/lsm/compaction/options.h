// Settings of compaction. Defaults are those of the system that each field's help names.
#pragma once

#include <array>
#include <cstdint>

#include "engine/base/settings.h"

namespace revenant::lsm {

enum class CompactionStrategy : uint8_t { kSizeTiered, kLeveled, kNone };
constexpr auto enum_names(CompactionStrategy) {
  return std::array{
      EnumName<CompactionStrategy>{CompactionStrategy::kSizeTiered, "size_tiered",
                                   "Cassandra's SizeTieredCompactionStrategy"},
      EnumName<CompactionStrategy>{CompactionStrategy::kLeveled, "leveled",
                                   "LevelDB's and RocksDB's leveled compaction"},
      EnumName<CompactionStrategy>{CompactionStrategy::kNone, "none", "no automatic compaction"},
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
  // leveled
  int64_t level0_file_num_compaction_trigger = 4;
  ByteSize max_bytes_for_level_base = mib(10);
  int64_t max_bytes_for_level_multiplier = 10;
  ByteSize target_file_size_base = mib(2);
  int64_t num_levels = 7;

  template <typename V>
  void describe(V& v) {
    v.field("strategy", strategy, "How SSTables are picked for compaction.");
    v.field("min_threshold", min_threshold, between<int64_t>(2, 1024),
            "size_tiered: fewest SSTables of a bucket to compact.");
    v.field("max_threshold", max_threshold, between<int64_t>(2, 1024),
            "size_tiered: most SSTables in one compaction.");
    v.field("bucket_low", bucket_low, between(0.0, 1.0),
            "size_tiered: a bucket takes SSTables above this times its mean size.");
    v.field("bucket_high", bucket_high, between(1.0, 1000.0),
            "size_tiered: and below this times its mean size.");
    v.field("min_sstable_size", min_sstable_size,
            "size_tiered: SSTables smaller than this share one bucket.");
    v.field("tombstone_threshold", tombstone_threshold, between(0.0, 1.0),
            "size_tiered: share of droppable tombstones that makes one SSTable worth compacting "
            "alone.");
    v.field("tombstone_compaction_interval", tombstone_compaction_interval,
            "size_tiered: least age of an SSTable for that.");
    v.field("unchecked_tombstone_compaction", unchecked_tombstone_compaction,
            "size_tiered: do so even when overlapping SSTables make it look useless.");
    v.field("level0_file_num_compaction_trigger", level0_file_num_compaction_trigger,
            between<int64_t>(1, 1024), "leveled: SSTables in level 0 that start a compaction.");
    v.field("max_bytes_for_level_base", max_bytes_for_level_base, at_least(kib(1)),
            "leveled: size of level 1. LevelDB: 10 MiB; RocksDB: 256 MiB.");
    v.field("max_bytes_for_level_multiplier", max_bytes_for_level_multiplier,
            between<int64_t>(2, 1000), "leveled: size of a level over that of the one above.");
    v.field("target_file_size_base", target_file_size_base, at_least(kib(1)),
            "leveled: size at which an output SSTable is closed. LevelDB: 2 MiB; RocksDB: 64 MiB.");
    v.field("num_levels", num_levels, between<int64_t>(2, 12), "leveled: levels, with level 0.");
  }
};

}  // namespace revenant::lsm
