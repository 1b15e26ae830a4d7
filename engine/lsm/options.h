// Settings of one Db. Defaults are Cassandra's where it has the setting and its default fits a simulation (else the
// help says whose they are).
#pragma once

#include <array>

#include "engine/base/settings.h"
#include "engine/lsm/compaction/purge.h"
#include "engine/sstable/options.h"

namespace revenant::lsm {

// Whether a cell's Version is given by the writer or is its sequence number.
enum class Versions : uint8_t { kTimestamp, kSequence };

enum class WalSync : uint8_t { kAlways, kGroup, kPeriodic };
constexpr auto enum_names(WalSync) {
  return std::array{
      EnumName<WalSync>{WalSync::kAlways, "always", "each write waits for its own sync"},
      EnumName<WalSync>{WalSync::kGroup, "group", "a write waits for the next sync, one per sync_group_window"},
      EnumName<WalSync>{WalSync::kPeriodic, "periodic", "a write does not wait; a sync every sync_period"},
  };
}

struct WalOptions {
  WalSync sync = WalSync::kPeriodic;
  Duration sync_group_window = milliseconds(1);
  Duration sync_period = seconds(10);

  template <typename V>
  void describe(V& v) {
    v.field("sync", sync, "When an acknowledged write is durable.");
    v.field("sync_group_window", sync_group_window, at_least(microseconds(1)), "Longest wait for company before a group's sync (group).");
    v.field("sync_period", sync_period, at_least(microseconds(1)), "Time between syncs (periodic). Cassandra: commitlog_sync_period, 10 s.");
  }
};

enum class CompactionStrategy : uint8_t { kSizeTiered, kLeveled, kNone };
constexpr auto enum_names(CompactionStrategy) {
  return std::array{
      EnumName<CompactionStrategy>{CompactionStrategy::kSizeTiered, "size_tiered", "Cassandra's SizeTieredCompactionStrategy"},
      EnumName<CompactionStrategy>{CompactionStrategy::kLeveled, "leveled", "LevelDB's and RocksDB's leveled compaction"},
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
    v.field("min_threshold", min_threshold, between<int64_t>(2, 1024), "size_tiered: fewest SSTables of a bucket to compact.");
    v.field("max_threshold", max_threshold, between<int64_t>(2, 1024), "size_tiered: most SSTables in one compaction.");
    v.field("bucket_low", bucket_low, between(0.0, 1.0), "size_tiered: a bucket takes SSTables above this times its mean size.");
    v.field("bucket_high", bucket_high, between(1.0, 1000.0), "size_tiered: and below this times its mean size.");
    v.field("min_sstable_size", min_sstable_size, "size_tiered: SSTables smaller than this share one bucket.");
    v.field("tombstone_threshold", tombstone_threshold, between(0.0, 1.0), "size_tiered: share of droppable tombstones that makes one SSTable worth compacting alone.");
    v.field("tombstone_compaction_interval", tombstone_compaction_interval, "size_tiered: least age of an SSTable for that.");
    v.field("unchecked_tombstone_compaction", unchecked_tombstone_compaction, "size_tiered: do so even when overlapping SSTables make it look useless.");
    v.field("level0_file_num_compaction_trigger", level0_file_num_compaction_trigger, between<int64_t>(1, 1024), "leveled: SSTables in level 0 that start a compaction.");
    v.field("max_bytes_for_level_base", max_bytes_for_level_base, at_least(kib(1)), "leveled: size of level 1. LevelDB: 10 MiB; RocksDB: 256 MiB.");
    v.field("max_bytes_for_level_multiplier", max_bytes_for_level_multiplier, between<int64_t>(2, 1000), "leveled: size of a level over that of the one above.");
    v.field("target_file_size_base", target_file_size_base, at_least(kib(1)), "leveled: size at which an output SSTable is closed. LevelDB: 2 MiB; RocksDB: 64 MiB.");
    v.field("num_levels", num_levels, between<int64_t>(2, 12), "leveled: levels, with level 0.");
  }
};

struct LsmOptions {
  ByteSize memtable_size = mib(4);
  int64_t max_immutable_memtables = 2;
  ByteSize block_cache_size = mib(8);
  Duration gc_grace = days(10);
  int64_t level0_slowdown_writes_trigger = 20;
  int64_t level0_stop_writes_trigger = 36;
  WalOptions wal;
  sstable::SstableOptions sstable;
  CompactionOptions compaction;
  PurgeGuards purge_guards;

  template <typename V>
  void describe(V& v) {
    v.field("memtable_size", memtable_size, at_least(kib(1)), "Encoded bytes in the memtable that start a flush. LevelDB: 4 MiB.");
    v.field("max_immutable_memtables", max_immutable_memtables, between<int64_t>(1, 64), "Memtables waiting for their flush before writes stop.");
    v.field("block_cache_size", block_cache_size, "Bytes of data blocks kept. LevelDB: 8 MiB.");
    v.field("gc_grace", gc_grace, "Least age of a tombstone before it may be purged. Cassandra: gc_grace_seconds, 10 d.");
    v.field("level0_slowdown_writes_trigger", level0_slowdown_writes_trigger, between<int64_t>(1, 100000), "leveled: level-0 SSTables from which each write is delayed by 1 ms. RocksDB: 20.");
    v.field("level0_stop_writes_trigger", level0_stop_writes_trigger, between<int64_t>(1, 100000), "leveled: level-0 SSTables from which writes stop. RocksDB: 36.");
    v.field("wal", wal, "Write-ahead log.");
    v.field("sstable", sstable, "SSTable format.");
    v.field("compaction", compaction, "Compaction.");
    v.field("purge_guards", purge_guards, "Guards of the purge rule; removing one switches a bug class on.");
  }

  // Set by the program, not by scenarios.
  Versions versions = Versions::kTimestamp;
};

}  // namespace revenant::lsm
