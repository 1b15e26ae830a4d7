// How an SSTable is laid out and read: RocksDB's names and defaults (BlockBasedTableOptions; 10 bits as its
// manual advises; compression off).
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "engine/base/defects.h"
#include "engine/base/settings.h"
#include "engine/sstable/compression.h"

namespace revenant::sstable {

enum class BloomType : uint8_t { kStandard = 0, kBlocked = 1 };
constexpr auto enum_names(BloomType) {
  return std::array{
      EnumName<BloomType>{BloomType::kStandard, "standard",
                          "a key's bits lie anywhere: fewest false positives"},
      EnumName<BloomType>{BloomType::kBlocked, "blocked",
                          "a key's bits lie in one cache line: fastest"},
  };
}

enum class IndexType : uint8_t { kBinarySearch, kTwoLevel };
constexpr auto enum_names(IndexType) {
  return std::array{
      EnumName<IndexType>{IndexType::kBinarySearch, "binary_search",
                          "one index of all data blocks, kept in memory"},
      EnumName<IndexType>{IndexType::kTwoLevel, "two_level",
                          "partitions, cached as data blocks are, and an index of them in memory"},
  };
}

enum class BottommostCompression : uint8_t { kDisabled, kNone, kLz4, kZstd };
constexpr auto enum_names(BottommostCompression) {
  using B = BottommostCompression;
  return std::array{
      EnumName<B>{B::kDisabled, "disabled", "as the other levels"},
      EnumName<B>{B::kNone, "none", "blocks as they are"},
      EnumName<B>{B::kLz4, "lz4", "LZ4"},
      EnumName<B>{B::kZstd, "zstd", "Zstandard, level 3"},
  };
}

struct SstableOptions {
  ByteSize block_size = kib(4);
  int64_t restart_interval = 16;
  IndexType index_type = IndexType::kBinarySearch;
  ByteSize metadata_block_size = kib(4);
  bool cache_index_and_filter_blocks = false;
  bool pin_l0_filter_and_index_blocks_in_cache = false;
  bool pin_top_level_index_and_filter = true;
  int64_t bloom_bits_per_key = 10;
  int64_t deletion_window_size = 0;
  BloomType bloom_type = BloomType::kStandard;
  Compression compression = Compression::kNone;
  std::vector<Compression> compression_per_level;
  BottommostCompression bottommost_compression = BottommostCompression::kDisabled;

  // With the compression of an SSTable written to this level; `bottommost`: none lies deeper.
  SstableOptions at_level(int level, bool bottommost) const {
    SstableOptions result = *this;
    if (!compression_per_level.empty()) {
      const auto at = std::min(static_cast<size_t>(level), compression_per_level.size() - 1);
      result.compression = compression_per_level[at];
    }
    if (!bottommost) return result;
    switch (bottommost_compression) {
      case BottommostCompression::kDisabled:
        break;
      case BottommostCompression::kNone:
        result.compression = Compression::kNone;
        break;
      case BottommostCompression::kLz4:
        result.compression = Compression::kLz4;
        break;
      case BottommostCompression::kZstd:
        result.compression = Compression::kZstd;
        break;
    }
    return result;
  }

  template <typename V>
  void describe(V& v) {
    v.field("block_size", block_size, between(ByteSize{256}, mib(16)),
            "Uncompressed bytes of a data block before it is closed.");
    v.field("restart_interval", restart_interval, between<int64_t>(1, 1024),
            "Entries between two full keys in a block.");
    v.field("index_type", index_type, "How data blocks are found.");
    v.field("metadata_block_size", metadata_block_size, between(ByteSize{64}, mib(16)),
            "two_level: bytes of a partition of the index before it is closed.");
    v.field("cache_index_and_filter_blocks", cache_index_and_filter_blocks,
            "Index and filter take room in the block cache and can be evicted from it; else they "
            "stay in memory as long as the SSTable is open.");
    v.field("pin_l0_filter_and_index_blocks_in_cache", pin_l0_filter_and_index_blocks_in_cache,
            "cache_index_and_filter_blocks: those of SSTables opened in level 0 are not evicted.");
    v.field("pin_top_level_index_and_filter", pin_top_level_index_and_filter,
            "cache_index_and_filter_blocks: nor is the top level of a two_level index.");
    v.field("bloom_bits_per_key", bloom_bits_per_key, between<int64_t>(0, 64),
            "Size of the Bloom filter; 0 leaves it out.");
    v.field(
        "deletion_window_size", deletion_window_size, between<int64_t>(0, 1 << 30),
        "Entries of the window that tombstones are counted in, for compaction.deletion_trigger; "
        "0: not counted. RocksDB: the sliding window of CompactOnDeletionCollector.");
    v.field("bloom_type", bloom_type, "Where a key's bits of the Bloom filter lie.");
    v.field("compression", compression, "Of data blocks.");
    v.field("compression_per_level", compression_per_level,
            "In place of compression: one entry for each level from 0 on, the last for all deeper "
            "ones too. Empty: compression everywhere.");
    v.field("bottommost_compression", bottommost_compression,
            "leveled: of SSTables written to the deepest level in use.");
  }

  Defects defects;  // set by the program
};

}  // namespace revenant::sstable
