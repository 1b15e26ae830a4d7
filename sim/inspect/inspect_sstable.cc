#include <fmt/format.h>

#include "engine/sstable/bloom_filter.h"
#include "engine/sstable/range_tombstone.h"
#include "engine/sstable/sstable_format.h"
#include "engine/sstable/sstable_index.h"
#include "sim/inspect/inspect.h"

namespace revenant::sim {
namespace {

using namespace sstable;

class SstableInspection {
 public:
  SstableInspection(const std::string& path, Bytes file)
      : file_(file), report_{.kind = "sstable", .path = path} {}

  InspectReport run() && {
    report_.facts.emplace_back("bytes", file_.size());
    if (file_.size() < kFooterSize) {
      damaged(0, "too short for an SSTable");
      return std::move(report_);
    }
    const uint64_t footer_offset = file_.size() - kFooterSize;
    const auto footer = decode_footer(file_.substr(footer_offset), file_.size());
    if (!footer) {
      damaged(footer_offset, footer.error());
      return std::move(report_);
    }
    properties(footer->properties_offset, footer_offset);
    range_tombstones(footer->range_tombstones_offset, footer->properties_offset);
    const Buffer filter = payload("filter", footer->filter_offset, footer->index_offset);
    report_.facts.emplace_back("filter bytes", filter.size());
    if (!filter.empty() && !BloomFilter::is_sound(filter))
      damaged(footer->filter_offset, "filter: not one");
    data_blocks(footer->index_offset, footer->range_tombstones_offset, footer->filter_offset);
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

  void data_blocks(uint64_t index_start, uint64_t index_end, uint64_t data_size) {
    const Buffer index_bytes = payload("index", index_start, index_end);
    if (index_bytes.empty()) return;
    const auto index = SstableIndex::decode(index_bytes, data_size);
    if (!index) return damaged(index_start, index.error());
    InspectTable table{"blocks", {"offset", "bytes", "entries", "first key", "last key"}};
    for (size_t i = 0; i < index->size(); ++i) {
      const BlockHandle block = index->block(i);
      const Buffer bytes =
          payload("data block", block.offset, block.offset + block.size + kBlockTrailerSize);
      uint64_t entries = 0;
      Buffer first, last;
      if (!bytes.empty() && !restarts_are_sound(bytes)) {
        damaged(block.offset, "data block: not one");
      } else if (!bytes.empty()) {
        BlockCursor cursor;
        cursor.reset(bytes);
        for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
          last = user_key_of(cursor.key());
          if (entries++ == 0) first = last;
        }
        if (cursor.corrupt()) damaged(block.offset, "data block: not an entry");
      }
      table.rows.push_back({block.offset, block.size, entries, printable(first), printable(last)});
    }
    report_.tables.push_back(std::move(table));
  }

  const Bytes file_;
  InspectReport report_;
};

}  // namespace

InspectReport inspect_sstable(const std::string& path, Bytes file) {
  return SstableInspection(path, file).run();
}

}  // namespace revenant::sim
