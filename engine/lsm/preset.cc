// What each system does when nobody changes its settings. Sources: LevelDB 1.23 options.h and
// dbformat.h; RocksDB 11 options.h and advanced_options.h; Pebble options.go; Cassandra 5
// cassandra.yaml and its compaction strategies' documentation; ScyllaDB's documentation of ICS.
// What a system leaves to the operator (memtables of Cassandra and ScyllaDB are a share of memory)
// keeps Revenant's default. Compression is off whatever the system's default, as everywhere: values
// of simulations are made up; none of them has a default by level (compression_per_level).
#include "engine/lsm/options.h"

namespace revenant::lsm {
namespace {

void make_leveldb(LsmOptions& o) {
  o.memtable_size = mib(4);
  o.max_immutable_memtables = 1;
  o.block_cache_size = mib(8);
  o.sstable.bloom_bits_per_key = 0;
  o.level0_slowdown_writes_trigger = 8;
  o.level0_stop_writes_trigger = 12;
  o.delayed_write_rate = {0};  // a millisecond a write instead
  CompactionOptions& c = o.compaction;
  c.strategy = CompactionStrategy::kLeveled;
  c.compaction_pri = CompactionPri::kRoundRobin;
  c.level0_file_num_compaction_trigger = 4;
  c.max_bytes_for_level_base = mib(10);
  c.max_bytes_for_level_multiplier = 10;
  c.target_file_size_base = mib(2);
  c.num_levels = 7;
  c.max_grandparent_overlap_factor = 10;
  c.expanded_compaction_factor = 25;
  c.max_mem_compact_level = 2;
  c.tombstone_threshold = 1;  // never
}

void make_rocksdb(LsmOptions& o) {
  o.memtable_size = mib(64);
  o.max_immutable_memtables = 1;  // max_write_buffer_number = 2
  o.block_cache_size = mib(32);
  o.sstable.bloom_bits_per_key = 0;
  o.level0_slowdown_writes_trigger = 20;
  o.level0_stop_writes_trigger = 36;
  o.soft_pending_compaction_bytes_limit = gib(64);
  o.hard_pending_compaction_bytes_limit = gib(256);
  o.delayed_write_rate = mib(16);
  CompactionOptions& c = o.compaction;
  c.level0_file_num_compaction_trigger = 4;
  c.target_file_size_base = mib(64);
  c.num_levels = 7;
  c.tombstone_threshold = 1;
}

void make_rocksdb_leveled(LsmOptions& o) {
  make_rocksdb(o);
  CompactionOptions& c = o.compaction;
  c.strategy = CompactionStrategy::kLeveled;
  c.compaction_pri = CompactionPri::kMinOverlappingRatio;
  c.max_bytes_for_level_base = mib(256);
  c.max_bytes_for_level_multiplier = 10;
  c.level_compaction_dynamic_level_bytes = true;
  c.max_grandparent_overlap_factor = 25;
  c.expanded_compaction_factor = 25;
}

void make_rocksdb_universal(LsmOptions& o) {
  make_rocksdb(o);
  CompactionOptions& c = o.compaction;
  c.strategy = CompactionStrategy::kUniversal;
  c.size_ratio = 1;
  c.min_merge_width = 2;
  c.max_merge_width = UINT32_MAX;
  c.max_size_amplification_percent = 200;
  c.stop_style = StopStyle::kTotalSize;
  c.periodic_compaction_seconds = days(30);
}

void make_pebble(LsmOptions& o) {
  o.memtable_size = mib(4);
  o.max_immutable_memtables = 1;  // MemTableStopWritesThreshold = 2
  o.block_cache_size = mib(8);
  o.sstable.bloom_bits_per_key = 0;
  o.level0_slowdown_writes_trigger = 12;  // there is no slowdown, only a stop
  o.level0_stop_writes_trigger = 12;
  CompactionOptions& c = o.compaction;
  c.strategy = CompactionStrategy::kLeveled;
  c.compaction_pri = CompactionPri::kMinOverlappingRatio;
  c.level0_file_num_compaction_trigger = 4;
  c.max_bytes_for_level_base = mib(64);
  c.max_bytes_for_level_multiplier = 10;
  c.level_compaction_dynamic_level_bytes = true;
  c.target_file_size_base = mib(2);
  c.target_file_size_multiplier = 2;
  c.num_levels = 7;
  c.max_grandparent_overlap_factor = 10;
  c.expanded_compaction_factor = 25;
  c.tombstone_threshold = 1;
  c.tombstone_dense_compaction_threshold = 0.10;
}

void make_cassandra(LsmOptions& o, CompactionStrategy strategy) {
  o.gc_grace = days(10);
  o.wal.sync = WalSync::kPeriodic;
  o.wal.sync_period = seconds(10);
  o.sstable.bloom_bits_per_key = 10;  // bloom_filter_fp_chance 0.01
  CompactionOptions& c = o.compaction;
  c.strategy = strategy;
  c.min_threshold = 4;
  c.max_threshold = 32;
  c.bucket_low = 0.5;
  c.bucket_high = 1.5;
  c.min_sstable_size = mib(50);
  c.tombstone_threshold = 0.2;
  c.tombstone_compaction_interval = days(1);
  c.unchecked_tombstone_compaction = false;
}

void make_cassandra_lcs(LsmOptions& o) {
  make_cassandra(o, CompactionStrategy::kLeveled);
  o.sstable.bloom_bits_per_key = 5;  // bloom_filter_fp_chance 0.1
  o.level0_slowdown_writes_trigger = o.level0_stop_writes_trigger =
      100'000;  // it never stops writes
  CompactionOptions& c = o.compaction;
  c.compaction_pri = CompactionPri::kRoundRobin;
  c.level0_file_num_compaction_trigger = 4;
  c.target_file_size_base = mib(160);  // sstable_size_in_mb
  c.max_bytes_for_level_base = mib(1600);
  c.max_bytes_for_level_multiplier = 10;  // fanout_size
  c.num_levels = 9;
}

void make_cassandra_twcs(LsmOptions& o) {
  make_cassandra(o, CompactionStrategy::kTimeWindow);
  o.compaction.compaction_window_size = days(1);
  o.compaction.expired_sstable_check_frequency = minutes(10);
}

void make_cassandra_ucs(LsmOptions& o) {
  make_cassandra(o, CompactionStrategy::kUnified);
  CompactionOptions& c = o.compaction;
  c.scaling_parameters = "T4";
  c.target_sstable_size = gib(1);
  c.min_sstable_size = mib(100);
  c.base_shard_count = 4;
  c.sstable_growth = 0.333;
  c.max_sstables_to_compact = 0;
}

void make_scylla_ics(LsmOptions& o) {
  make_cassandra(o, CompactionStrategy::kIncremental);
  o.compaction.sstable_size = mib(1000);
  o.compaction.space_amplification_goal = 0;
}

}  // namespace

void LsmOptions::apply_profile() {
  switch (preset) {
    case Preset::kNone:
      return;
    case Preset::kLevelDb:
      return make_leveldb(*this);
    case Preset::kRocksDbLeveled:
      return make_rocksdb_leveled(*this);
    case Preset::kRocksDbUniversal:
      return make_rocksdb_universal(*this);
    case Preset::kPebble:
      return make_pebble(*this);
    case Preset::kCassandraStcs:
      return make_cassandra(*this, CompactionStrategy::kSizeTiered);
    case Preset::kCassandraLcs:
      return make_cassandra_lcs(*this);
    case Preset::kCassandraTwcs:
      return make_cassandra_twcs(*this);
    case Preset::kCassandraUcs:
      return make_cassandra_ucs(*this);
    case Preset::kScyllaIcs:
      return make_scylla_ics(*this);
  }
}

}  // namespace revenant::lsm
