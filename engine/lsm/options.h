// Settings of one Db. Defaults are Cassandra's where it has the setting and its default fits a
// simulation (else the help says whose they are).
#pragma once

#include <array>

#include "engine/base/defects.h"
#include "engine/base/settings.h"
#include "engine/lsm/compaction/options.h"
#include "engine/lsm/compaction/purge.h"
#include "engine/sstable/options.h"

namespace revenant::lsm {

// Whether a cell's Version is given by the writer or is its sequence number.
enum class Versions : uint8_t { kTimestamp, kSequence };

enum class WalSync : uint8_t { kAlways, kGroup, kPeriodic };
constexpr auto enum_names(WalSync) {
  return std::array{
      EnumName<WalSync>{WalSync::kAlways, "always", "each write waits for its own sync"},
      EnumName<WalSync>{WalSync::kGroup, "group",
                        "a write waits for the next sync, one per sync_group_window"},
      EnumName<WalSync>{WalSync::kPeriodic, "periodic",
                        "a write does not wait; a sync every sync_period"},
  };
}

// What recovery makes of a log that is damaged. RocksDB's modes (WALRecoveryMode), and its default.
enum class WalRecoveryMode : uint8_t {
  kTolerateCorruptedTailRecords,
  kAbsoluteConsistency,
  kPointInTimeRecovery,
  kSkipAnyCorruptedRecords,
};
constexpr auto enum_names(WalRecoveryMode) {
  using Mode = WalRecoveryMode;
  return std::array{
      EnumName<Mode>{Mode::kTolerateCorruptedTailRecords, "tolerate_corrupted_tail_records",
                     "the end of any segment may be damaged; damage before a whole record is an "
                     "error"},
      EnumName<Mode>{Mode::kAbsoluteConsistency, "absolute_consistency",
                     "any damage is an error, also a torn end"},
      EnumName<Mode>{Mode::kPointInTimeRecovery, "point_in_time",
                     "ends at the first damage: a prefix of the writes"},
      EnumName<Mode>{Mode::kSkipAnyCorruptedRecords, "skip_any_corrupted_records",
                     "leaves out what is damaged and takes all else: not a prefix"},
  };
}

// A system whose defaults the other settings start from.
enum class Preset : uint8_t {
  kNone,
  kLevelDb,
  kRocksDbLeveled,
  kRocksDbUniversal,
  kPebble,
  kCassandraStcs,
  kCassandraLcs,
  kCassandraTwcs,
  kCassandraUcs,
  kScyllaIcs
};
constexpr auto enum_names(Preset) {
  return std::array{
      EnumName<Preset>{Preset::kNone, "none", "Revenant's own defaults"},
      EnumName<Preset>{Preset::kLevelDb, "leveldb", "LevelDB"},
      EnumName<Preset>{Preset::kRocksDbLeveled, "rocksdb_leveled", "RocksDB, leveled compaction"},
      EnumName<Preset>{Preset::kRocksDbUniversal, "rocksdb_universal",
                       "RocksDB, universal compaction"},
      EnumName<Preset>{Preset::kPebble, "pebble", "Pebble"},
      EnumName<Preset>{Preset::kCassandraStcs, "cassandra_stcs", "Cassandra, size-tiered"},
      EnumName<Preset>{Preset::kCassandraLcs, "cassandra_lcs", "Cassandra, leveled"},
      EnumName<Preset>{Preset::kCassandraTwcs, "cassandra_twcs", "Cassandra, time windows"},
      EnumName<Preset>{Preset::kCassandraUcs, "cassandra_ucs", "Cassandra, unified"},
      EnumName<Preset>{Preset::kScyllaIcs, "scylla_ics", "ScyllaDB, incremental"},
  };
}

struct WalOptions {
  WalSync sync = WalSync::kPeriodic;
  Duration sync_group_window = milliseconds(1);
  Duration sync_period = seconds(10);
  WalRecoveryMode recovery_mode = WalRecoveryMode::kPointInTimeRecovery;
  ByteSize segment_size{0};
  bool replays_flushed = false;

  template <typename V>
  void describe(V& v) {
    v.field("sync", sync, "When an acknowledged write is durable.");
    v.field("sync_group_window", sync_group_window, at_least(microseconds(1)),
            "Longest wait for company before a group's sync (group).");
    v.field("sync_period", sync_period, at_least(microseconds(1)),
            "Time between syncs (periodic). Cassandra: commitlog_sync_period, 10 s.");
    v.field("recovery_mode", recovery_mode, "What an open makes of a damaged log.");
    v.field("segment_size", segment_size,
            "Least bytes of a segment that ends with its memtable; until then the next memtable's "
            "writes go to the same one, which stays until they are flushed too. 0: a segment for "
            "each memtable. Cassandra: commitlog_segment_size, 32 MiB.");
    v.field("replays_flushed", replays_flushed,
            "Whether a recovery replays writes that lie in SSTables already, because their segment "
            "stayed for later ones.");
  }
};

struct LsmOptions {
  Preset preset = Preset::kNone;
  ByteSize memtable_size = mib(4);
  int64_t max_immutable_memtables = 2;
  ByteSize block_cache_size = mib(8);
  int64_t max_open_files = -1;
  Duration gc_grace = days(10);
  TombstoneGc tombstone_gc = TombstoneGc::kTimeout;
  Duration propagation_delay = hours(1);
  ByteSize max_manifest_file_size = mib(1);
  int64_t level0_slowdown_writes_trigger = 20;
  int64_t level0_stop_writes_trigger = 36;
  int64_t max_background_jobs = 2;
  int64_t max_subcompactions = 1;
  ByteSize rate_limiter_bytes_per_sec{0};
  ByteSize soft_pending_compaction_bytes_limit{0};
  ByteSize hard_pending_compaction_bytes_limit{0};
  ByteSize delayed_write_rate{0};
  WalOptions wal;
  sstable::SstableOptions sstable;
  CompactionOptions compaction;
  PurgeGuards purge_guards;

  // Sets everything that the preset's system has a default for. The parser calls it before it reads
  // the other fields.
  static constexpr std::string_view kProfileField = "preset";
  void apply_profile();

  template <typename V>
  void describe(V& v) {
    v.field("preset", preset, "The system whose defaults the other settings start from.");
    v.field("memtable_size", memtable_size, at_least(kib(1)),
            "Encoded bytes in the memtable that start a flush. LevelDB: 4 MiB.");
    v.field("max_immutable_memtables", max_immutable_memtables, between<int64_t>(1, 64),
            "Memtables waiting for their flush before writes stop.");
    v.field("block_cache_size", block_cache_size,
            "Bytes of blocks kept: of data, and what else sstable says. LevelDB: 8 MiB.");
    v.field("max_open_files", max_open_files, between<int64_t>(-1, 1'000'000),
            "SSTables kept open, with index and filter, those used last; -1: all. RocksDB: -1.");
    v.field("gc_grace", gc_grace,
            "Least age of a tombstone before it may be purged. Cassandra: gc_grace_seconds, 10 d.");
    v.field("tombstone_gc", tombstone_gc,
            "What lets a tombstone be purged. ScyllaDB: tombstone_gc.");
    v.field("propagation_delay", propagation_delay,
            "repair: how long before a repair a delete must have been made to be purged after it, "
            "and how old a hint may be. ScyllaDB: propagation_delay_in_seconds, 1 h.");
    v.field("max_manifest_file_size", max_manifest_file_size, at_least(kib(1)),
            "Bytes from which a manifest is replaced by one that begins with the state as it is, "
            "once it has also doubled. RocksDB: 1 GiB.");
    v.field("level0_slowdown_writes_trigger", level0_slowdown_writes_trigger,
            between<int64_t>(1, 100000),
            "leveled, universal: level-0 SSTables from which writes are slowed down. RocksDB: 20.");
    v.field("level0_stop_writes_trigger", level0_stop_writes_trigger, between<int64_t>(1, 100000),
            "leveled, universal: level-0 SSTables from which writes stop. RocksDB: 36.");
    v.field("soft_pending_compaction_bytes_limit", soft_pending_compaction_bytes_limit,
            "Bytes that compactions have yet to rewrite from which writes are slowed down; 0 is no "
            "limit. RocksDB: 64 GiB.");
    v.field("hard_pending_compaction_bytes_limit", hard_pending_compaction_bytes_limit,
            "Likewise, from which writes stop. RocksDB: 256 GiB.");
    v.field("delayed_write_rate", delayed_write_rate,
            "Bytes a second that slowed writes start at, to be cut further while compactions fall "
            "behind; 0 delays each write by 1 ms, as LevelDB does. RocksDB: 16 MiB.");
    v.field("max_background_jobs", max_background_jobs, between<int64_t>(2, 64),
            "One flush and this many compactions less one run at a time. RocksDB: 2.");
    v.field("max_subcompactions", max_subcompactions, between<int64_t>(1, 64),
            "Parts by key that one compaction is split into, each a job. RocksDB: 1.");
    v.field("rate_limiter_bytes_per_sec", rate_limiter_bytes_per_sec,
            "What flushes and compactions may write in a second; 0 is no limit.");
    v.field("wal", wal, "Write-ahead log.");
    v.field("sstable", sstable, "SSTable format.");
    v.field("compaction", compaction, "Compaction.");
    v.field("purge_guards", purge_guards,
            "Guards of the purge rule; removing one switches a bug class on.");
  }

  // With no repair known yet.
  GcRule gc_rule() const {
    return {.mode = tombstone_gc, .gc_grace = gc_grace, .propagation_delay = propagation_delay};
  }

  // Set by the program, not by scenarios.
  Versions versions = Versions::kTimestamp;
  Defects defects;
};

}  // namespace revenant::lsm
