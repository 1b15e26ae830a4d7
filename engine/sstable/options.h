// How an SSTable is laid out: RocksDB's defaults (BlockBasedTableOptions; 10 bits as its manual
// advises).
#pragma once

#include "engine/base/settings.h"

namespace revenant::sstable {

struct SstableOptions {
  ByteSize block_size = kib(4);
  int64_t restart_interval = 16;
  int64_t bloom_bits_per_key = 10;
  int64_t deletion_window_size = 0;

  template <typename V>
  void describe(V& v) {
    v.field("block_size", block_size, between(ByteSize{256}, mib(16)),
            "Uncompressed bytes of a data block before it is closed.");
    v.field("restart_interval", restart_interval, between<int64_t>(1, 1024),
            "Entries between two full keys in a block.");
    v.field("bloom_bits_per_key", bloom_bits_per_key, between<int64_t>(0, 64),
            "Size of the Bloom filter; 0 leaves it out.");
    v.field(
        "deletion_window_size", deletion_window_size, between<int64_t>(0, 1 << 30),
        "Entries of the window that tombstones are counted in, for compaction.deletion_trigger; "
        "0: not counted. RocksDB: the sliding window of CompactOnDeletionCollector.");
  }
};

}  // namespace revenant::sstable
