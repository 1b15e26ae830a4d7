// How an SSTable lies in its file. Everything is immutable once written, and everything is checked
// when read.
//
//   file   | data block 0 | data block 1 | … | index partition 0 | index partition 1 | … |
//          | filter | index | range tombstones | properties | footer 64 |
//
// The parts lie without gaps, so each ends where the next begins and no size is written down twice.
// All but the footer are blocks:
//
//   block  | stored | compression 1 | checksum 4, of all before it in the block and seeded with the
//            block's offset in the file, so that a block read from a wrong place does not pass |
//   stored | payload |                       compression 0: as it is
//          | size of the payload v | LZ4 block, or Zstandard frame |         1, 2: data blocks only
//   footer | index partitions offset 8 | filter offset 8 | index offset 8 |
//          | range tombstones offset 8 | properties offset 8 | file size 8 |
//          | format version 4 | checksum 4, of all before it | magic 8 |
//
//   data   | entry | entry | … | restart 4 | … | restart 4 | restarts 4, their number |
//   entry  | shared v | unshared v | value size v | unshared bytes of the key | value |
//
// An entry's key is the first `shared` bytes of the key before it, then its own bytes. Every so
// often an entry shares nothing and its offset in the payload is listed as a restart: a search
// looks at restarts first, then goes on entry by entry. Keys are internal keys (internal_key.h),
// strictly ascending over the whole file.
//
//   filter | bits … | probes 1 | type 1 |     a Bloom filter of the entries' user keys
//          (bloom_filter.h); empty: none
//   index  | offset of the first block v | blocks v | { limit | stored size v } … |
//   limit  | 2 * size of the user key + t v | user key | trailer 16, if t is 1 |
//   range tombstones | one after another, as range_tombstone.h has them |
//   properties       | the fields of SstableProperties in their order |
//
// An index says of blocks that lie one after another where each ends and where its keys do: all of
// its keys are below its limit, and none of the next block's is. Without a trailer a limit is below
// all entries of its user key; so where two blocks meet between two user keys the limit is as much
// of the second as tells it from the first. The last limit of a file is the last user key and a zero
// byte.
//
// Where there are no partitions, the index is of all data blocks. Else it is of the partitions, and
// each of them is an index of some data blocks; a partition's limit is that of its last block:
//
//   index        | partition 0 < f                   | partition 1 < t\0                     |
//   partitions   | data block 0 < c | data block 1 < f | data block 2 < m | data block 3 < t\0 |
//
// v is a varint, integers are little-endian (engine/base/coding.h), offsets count from the start of
// the file.
//
// What it does not do: split the filter into partitions, or compress the index.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "engine/base/checksum.h"
#include "engine/base/coding.h"
#include "engine/sstable/compression.h"
#include "engine/sstable/sstable_builder.h"

namespace revenant::sstable {

inline constexpr Bytes kMagic = "revnt.st";
inline constexpr uint32_t kFormatVersion = 5;
inline constexpr uint64_t kBlockTrailerSize = 5;
inline constexpr uint64_t kFooterSize = 64;

// A part of a file made sense of, or what is wrong with it (a literal, without file and offset).
template <typename T>
using Decoded = std::expected<T, std::string_view>;

// Closes the block that starts at `start` of `out` and will lie at `offset` of the file.
void append_block_trailer(Buffer& out, size_t start, Compression compression, uint64_t offset);

// What a block holds between its start and its trailer.
struct StoredBlock {
  Bytes stored;
  Compression compression;
};
// `block` is a whole one, trailer included, as it lies at `offset`.
Decoded<StoredBlock> decode_block(Bytes block, uint64_t offset);

struct Footer {
  uint64_t index_partitions_offset = 0, filter_offset = 0, index_offset = 0;
  uint64_t range_tombstones_offset = 0, properties_offset = 0;
  uint64_t file_size = 0;

  bool index_has_partitions() const { return index_partitions_offset < filter_offset; }
  bool has_filter() const { return index_offset - filter_offset > kBlockTrailerSize; }
};
void append_footer(Buffer& out, const Footer& footer);
// `bytes` are the last kFooterSize of a file of `file_size`. What it returns lies inside the file
// and in order.
Decoded<Footer> decode_footer(Bytes bytes, uint64_t file_size);

// Also what the manifest holds of each SSTable.
void append_properties(Buffer& out, const SstableProperties& properties);
// Takes them off the front; the decoder has failed() if they are not there.
SstableProperties decode_properties(Decoder& in);

}  // namespace revenant::sstable
