#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/sstable/bloom_filter.h"
#include "engine/sstable/range_tombstone.h"
#include "engine/sstable/sstable_format.h"
#include "engine/sstable/sstable_index.h"
#include "sim/inspect/inspect.h"

namespace revenant::sim {
namespace {

using namespace sstable;

// What a scan looks through for the end of one block, and ends it tries behind a damaged one.
constexpr uint64_t kScanSpan = 256 << 10;
constexpr int kResyncsMax = 64;

class SstableInspection {
 public:
  SstableInspection(const std::string& path, Bytes file)
      : file_(file), report_{.kind = "sstable", .path = path} {}

  InspectReport run() && {
    report_.facts.emplace_back("bytes", file_.size());
    if (file_.size() < kFooterSize) {
      damaged(0, "too short for an SSTable");
      scan_for_data_blocks(file_.size());
      return std::move(report_);
    }
    const uint64_t footer_offset = file_.size() - kFooterSize;
    const auto footer = decode_footer(file_.substr(footer_offset), file_.size());
    if (!footer) {
      damaged(footer_offset, footer.error());
      scan_for_data_blocks(file_.size());
      return std::move(report_);
    }
    properties(footer->properties_offset, footer_offset);
    range_tombstones(footer->range_tombstones_offset, footer->properties_offset);
    const Buffer filter = payload("filter", footer->filter_offset, footer->index_offset);
    report_.facts.emplace_back("filter bytes", filter.size());
    if (!filter.empty() && !BloomFilter::is_sound(filter))
      damaged(footer->filter_offset, "filter: not one");
    if (!index(*footer)) {
      const uint64_t end = scan_for_data_blocks(footer->index_partitions_offset);
      if (end < footer->index_partitions_offset)
        damaged(end, "no data block is found from here to the end of the data");
    }
    return std::move(report_);
  }

 private:
  void damaged(uint64_t offset, std::string_view what) {
    report_.damage.push_back({report_.path, offset, std::string(what)});
  }

  // Of the block in [start, end); empty if it cannot be told.
  Buffer payload(std::string_view part, uint64_t start, uint64_t end) {
    const auto block = decode_block(file_.substr(start, end - start), start);
    if (!block) {
      damaged(start, fmt::format("{}: {}", part, block.error()));
      return {};
    }
    if (block->compression == Compression::kNone) return Buffer(block->stored);
    Buffer result;
    if (!decompress(block->compression, block->stored, result)) {
      damaged(start, fmt::format("{}: does not decompress", part));
      result.clear();
    }
    return result;
  }

  void properties(uint64_t start, uint64_t end) {
    const Buffer bytes = payload("properties", start, end);
    if (bytes.empty()) return;
    Decoder in(bytes);
    const SstableProperties p = decode_properties(in);
    if (in.failed()) return damaged(start, "properties: cut short");
    report_.facts.insert(report_.facts.end(), {{"entries", p.entries},
                                               {"tombstones", p.tombstones},
                                               {"expiring", p.expiring},
                                               {"range tombstones", p.range_tombstones},
                                               {"least key", printable(p.least_key)},
                                               {"greatest key", printable(p.greatest_key)},
                                               {"least version", p.least_version.value},
                                               {"greatest version", p.greatest_version.value},
                                               {"least sequence", p.least_sequence.value},
                                               {"greatest sequence", p.greatest_sequence.value},
                                               {"key bytes", p.key_bytes},
                                               {"value bytes", p.value_bytes}});
  }

  void range_tombstones(uint64_t start, uint64_t end) {
    InspectTable table{"range tombstones", {"start", "end", "version", "sequence"}};
    const Buffer bytes = payload("range tombstones", start, end);
    for (Decoder in(bytes); !in.empty();) {
      const RangeTombstone tombstone = decode_range_tombstone(in);
      if (in.failed()) {
        damaged(start, "range tombstones: not one");
        break;
      }
      table.rows.push_back({printable(tombstone.start), printable(tombstone.end),
                            tombstone.version.value, tombstone.sequence.value});
    }
    if (!table.rows.empty()) report_.tables.push_back(std::move(table));
  }

  // False without an index.
  bool index(const Footer& footer) {
    const bool partitions = footer.index_has_partitions();
    report_.facts.emplace_back(
        "index type", enum_name(partitions ? IndexType::kTwoLevel : IndexType::kBinarySearch));
    const auto index = decode_index("index", footer.index_offset, footer.range_tombstones_offset,
                                    footer.filter_offset);
    if (!index) return false;
    report_.facts.emplace_back("index bytes", index->stored_bytes());
    InspectTable parts{"index partitions", {"offset", "bytes", "blocks", "keys below"}};
    if (!partitions) data_blocks(*index, footer.index_offset);
    for (size_t i = 0; partitions && i < index->size(); ++i) {
      const BlockHandle block = index->block(i);
      const auto partition = decode_index("index partition", block.offset, block.end(),
                                          footer.index_partitions_offset);
      if (partition) {
        data_blocks(*partition, block.offset);
      } else {
        data_end_.reset();  // how far it went is lost with it
      }
      parts.rows.push_back({block.offset, block.size, partition ? partition->size() : 0,
                            printable(index->limit(i).user_key)});
    }
    if (data_end_.value_or(footer.index_partitions_offset) != footer.index_partitions_offset) {
      damaged(footer.index_offset, "index: blocks unaccounted for");
    }
    if (partitions) report_.tables.push_back(std::move(parts));
    report_.tables.push_back(std::move(blocks_));
    return true;
  }

  std::optional<SstableIndex> decode_index(std::string_view part, uint64_t start, uint64_t end,
                                           uint64_t blocks_end_max) {
    Buffer bytes = payload(part, start, end);
    if (bytes.empty()) return std::nullopt;
    auto index = SstableIndex::decode(std::move(bytes), blocks_end_max);
    if (index) return std::move(*index);
    damaged(start, index.error());
    return std::nullopt;
  }

  // Those of an index, or of a partition, that lies at `index_offset`.
  void data_blocks(const SstableIndex& index, uint64_t index_offset) {
    if (data_end_.value_or(index.begin()) != index.begin()) {
      damaged(index_offset, "index: does not go on where the one before it ends");
    }
    data_end_ = index.end();
    for (size_t i = 0; i < index.size(); ++i) {
      const BlockHandle block = index.block(i);
      const Buffer bytes = payload("data block", block.offset, block.end());
      if (!bytes.empty() && !restarts_are_sound(bytes)) {
        damaged(block.offset, "data block: not one");
        add_block(block.offset, block.size, {});
      } else if (!add_block(block.offset, block.size, bytes)) {
        damaged(block.offset, "data block: not an entry");
      }
    }
  }

  // The blocks that lie one after the other from offset 0 up to `limit` at most; where that ends.
  //
  //   | block | block | ??? | block | block | filter …
  //        checksum holds ┘     └ where some payload could end, and after it a block begins
  //
  // A block says nowhere how long it is: each end is tried at which it could be one, and its checksum
  // decides. Behind a damaged one only uncompressed blocks are found again, for a compressed payload
  // has nothing to be recognised by, and to try all starts and ends of it would take too long.
  uint64_t scan_for_data_blocks(uint64_t limit) {
    uint64_t at = 0;
    while (at < limit) {
      if (const auto end = end_of_block(at, limit)) {
        const uint64_t size = *end - at - kBlockTrailerSize;
        add_block(at, size, payload("data block", at, *end));
        at = *end;
      } else if (const auto next = next_block(at, limit)) {
        damaged(at, fmt::format("no data block; the next one found is at offset {}", *next));
        at = *next;
      } else {
        break;
      }
    }
    report_.facts.emplace_back("data blocks",
                               "found by a scan, not by the index; behind damage "
                               "only uncompressed ones, of at most 256 KiB each");
    report_.facts.emplace_back("bytes scanned", at);
    report_.tables.push_back(std::move(blocks_));
    return at;
  }
  // Of a whole data block that begins at `start`.
  std::optional<uint64_t> end_of_block(uint64_t start, uint64_t limit) const {
    const uint64_t last = std::min(limit, start + kScanSpan);
    for (uint64_t end = start + kBlockTrailerSize + 1; end <= last; ++end) {
      const auto compression = static_cast<uint8_t>(file_[end - kBlockTrailerSize]);
      if (compression > static_cast<uint8_t>(Compression::kZstd)) continue;
      if (compression == 0 && !could_end(start, end)) continue;
      const auto block = decode_block(file_.substr(start, end - start), start);
      if (!block) continue;
      Buffer bytes(block->stored);
      if (block->compression != Compression::kNone &&
          !decompress(block->compression, block->stored, bytes)) {
        continue;
      }
      if (restarts_are_sound(bytes)) return end;
    }
    return std::nullopt;
  }
  std::optional<uint64_t> next_block(uint64_t start, uint64_t limit) const {
    const uint64_t last = std::min(limit, start + kScanSpan);
    int tries = 0;
    for (uint64_t end = start + kBlockTrailerSize + 1; end <= last; ++end) {
      if (file_[end - kBlockTrailerSize] != 0 || !could_end(start, end)) continue;
      if (end_of_block(end, limit)) return end;
      if (++tries == kResyncsMax) break;
    }
    return std::nullopt;
  }
  // Whether restarts lie where they would if an uncompressed block did.
  bool could_end(uint64_t start, uint64_t end) const {
    return restarts_are_sound(file_.substr(start, end - start - kBlockTrailerSize));
  }

  // False if not all of its entries decode. Without bytes, which may be: a block that shows nothing.
  bool add_block(uint64_t offset, uint64_t size, Bytes bytes) {
    uint64_t entries = 0;
    Buffer first, last;
    BlockCursor cursor;
    if (!bytes.empty()) {
      cursor.reset(bytes);
      for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
        last = user_key_of(cursor.key());
        if (entries++ == 0) first = last;
      }
    }
    blocks_.rows.push_back({offset, size, entries, printable(first), printable(last)});
    return !cursor.corrupt();
  }

  const Bytes file_;
  InspectReport report_;
  std::optional<uint64_t> data_end_ = 0;  // of the blocks that the index named so far
  InspectTable blocks_{"blocks", {"offset", "bytes", "entries", "first key", "last key"}};
};

}  // namespace

InspectReport inspect_sstable(const std::string& path, Bytes file) {
  return SstableInspection(path, file).run();
}

}  // namespace revenant::sim
