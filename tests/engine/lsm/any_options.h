// Any settings a Db can have, small enough that everything happens within a few hundred writes.
#pragma once

#include "engine/base/random.h"
#include "engine/lsm/options.h"

namespace revenant::lsm {

template <typename E>
E any_of(Random& random) {
  constexpr auto kNames = enum_names(E{});
  return kNames[random.below(kNames.size())].value;
}

// Leaves what decides what is visible as it is by default: versions, grace, guards, syncs. What
// takes its time takes some `unit`s.
inline LsmOptions any_options(Random& random, Duration unit) {
  const auto sometimes = [&](uint64_t percent) { return random.below(100) < percent; };
  LsmOptions o;
  o.memtable_size = ByteSize{random.between(200, 3000)};
  o.max_immutable_memtables = random.between(1, 3);
  o.block_cache_size = ByteSize{random.between(0, 8192)};
  o.max_manifest_file_size = kib(random.between(1, 20));
  o.level0_slowdown_writes_trigger = 6;
  o.level0_stop_writes_trigger = 8;
  o.max_background_jobs = random.between(2, 5);
  o.max_subcompactions = random.between(1, 3);
  if (sometimes(30)) o.rate_limiter_bytes_per_sec = mib(4);
  if (sometimes(50)) o.delayed_write_rate = mib(1);
  o.sstable.block_size = ByteSize{random.between(256, 1500)};
  o.sstable.restart_interval = random.between(1, 20);
  o.sstable.index_type = any_of<sstable::IndexType>(random);
  o.sstable.metadata_block_size = ByteSize{random.between(64, 300)};
  o.sstable.cache_index_and_filter_blocks = sometimes(40);
  o.sstable.pin_l0_filter_and_index_blocks_in_cache = sometimes(50);
  o.sstable.pin_top_level_index_and_filter = sometimes(50);
  o.sstable.bloom_bits_per_key = random.between(0, 12);
  o.sstable.bloom_type = any_of<sstable::BloomType>(random);
  o.sstable.compression = any_of<sstable::Compression>(random);
  for (uint64_t levels = random.below(4); levels > 0; --levels) {
    o.sstable.compression_per_level.push_back(any_of<sstable::Compression>(random));
  }
  o.sstable.bottommost_compression = any_of<sstable::BottommostCompression>(random);
  if (sometimes(50)) o.max_open_files = random.between(1, 5);
  CompactionOptions& c = o.compaction;
  c.strategy = any_of<CompactionStrategy>(random);
  c.min_threshold = random.between(2, 4);
  c.max_threshold = 8;
  c.min_sstable_size = ByteSize{600};
  c.tombstone_compaction_interval = unit * random.between(1, 20);
  c.unchecked_tombstone_compaction = sometimes(30);
  c.level0_file_num_compaction_trigger = random.between(1, 4);
  c.max_bytes_for_level_base = ByteSize{random.between(1024, 3000)};
  c.max_bytes_for_level_multiplier = random.between(2, 4);
  c.target_file_size_base = ByteSize{random.between(400, 1200)};
  c.num_levels = random.between(3, 7);
  c.level_compaction_dynamic_level_bytes = sometimes(30);
  c.compaction_pri = any_of<CompactionPri>(random);
  c.max_mem_compact_level = random.between(0, 2);
  c.max_grandparent_overlap_factor = random.between(1, 10);
  c.stop_style = any_of<StopStyle>(random);
  c.compaction_window_size = unit * random.between(1, 10);
  c.expired_sstable_check_frequency = unit * 5;
  c.scaling_parameters = sometimes(50) ? "T2, L4" : "T4, N";
  c.target_sstable_size = kib(1);
  c.sstable_size = kib(1);
  c.space_amplification_goal = sometimes(50) ? 1.5 : 0;
  c.tombstone_dense_compaction_threshold = sometimes(30) ? 0.1 : 0;
  if (sometimes(30)) c.delete_persistence_threshold = unit * random.between(5, 100);
  return o;
}

}  // namespace revenant::lsm
