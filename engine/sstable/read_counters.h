// What reads cost, counted where it happens. Owners add them up.
#pragma once

#include <cstdint>

namespace revenant::sstable {

struct ReadCounters {
  uint64_t memtables = 0;         // consulted
  uint64_t sstables = 0;          // whose index was consulted (after the filter)
  uint64_t filter_negatives = 0;  // SSTables the filter ruled out
  uint64_t filter_true_positives = 0;
  uint64_t filter_false_positives = 0;
  uint64_t blocks_from_cache = 0;  // of data
  uint64_t blocks_from_file = 0;
  // Those that do not stay with the reader.
  uint64_t index_blocks_from_cache = 0;
  uint64_t index_blocks_from_file = 0;
  uint64_t filter_blocks_from_cache = 0;
  uint64_t filter_blocks_from_file = 0;
  uint64_t bytes_from_file = 0;  // of all of these
  // Tombstones met and not returned (scans), or returned as the winner.
  uint64_t tombstones_stepped = 0;

  ReadCounters& operator+=(const ReadCounters& o) {
    memtables += o.memtables;
    sstables += o.sstables;
    filter_negatives += o.filter_negatives;
    filter_true_positives += o.filter_true_positives;
    filter_false_positives += o.filter_false_positives;
    blocks_from_cache += o.blocks_from_cache;
    blocks_from_file += o.blocks_from_file;
    index_blocks_from_cache += o.index_blocks_from_cache;
    index_blocks_from_file += o.index_blocks_from_file;
    filter_blocks_from_cache += o.filter_blocks_from_cache;
    filter_blocks_from_file += o.filter_blocks_from_file;
    bytes_from_file += o.bytes_from_file;
    tombstones_stepped += o.tombstones_stepped;
    return *this;
  }
};

}  // namespace revenant::sstable
