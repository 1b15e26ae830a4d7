// An SSTable: opening, scanning both ways, seeking and looking up end with entries or an error.
#include <algorithm>
#include <cstring>

#include "engine/base/check.h"
#include "engine/sstable/block_cache.h"
#include "engine/sstable/sstable_format.h"
#include "engine/sstable/sstable_index.h"
#include "engine/sstable/sstable_reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/memory_file_system.h"

namespace revenant::fuzz {
namespace {

using namespace sstable;

// Makes the checksum of the block in [start, end) right.
void reseal_block(Buffer& file, uint64_t start, uint64_t end) {
  Buffer block = file.substr(start, end - start - kBlockTrailerSize);
  // Any value: which ones there are is the reader's to say.
  const auto compression = static_cast<Compression>(file[end - kBlockTrailerSize]);
  append_block_trailer(block, 0, compression, start);
  file.replace(start, block.size(), block);
}

// The blocks that the index in [start, end) names, and theirs: so many levels.
void reseal_blocks_of_index(Buffer& file, uint64_t start, uint64_t end, int levels) {
  const auto index =
      SstableIndex::decode(file.substr(start, end - start - kBlockTrailerSize), start);
  if (!index) return;
  for (size_t i = 0; i < index->size(); ++i) {
    const BlockHandle block = index->block(i);
    reseal_block(file, block.offset, block.end());
    if (levels > 1) reseal_blocks_of_index(file, block.offset, block.end(), levels - 1);
  }
}

Buffer reseal(Bytes bytes) {
  Buffer file(bytes);
  if (file.size() < kFooterSize) return file;
  Decoder in(Bytes(file).substr(file.size() - kFooterSize));
  Footer footer;
  uint64_t* const offsets[] = {&footer.index_partitions_offset, &footer.filter_offset,
                               &footer.index_offset, &footer.range_tombstones_offset,
                               &footer.properties_offset};
  const uint64_t footer_offset = file.size() - kFooterSize;
  uint64_t last = 0;
  for (uint64_t* offset : offsets) {
    *offset = in.fixed<uint64_t>();
    if (*offset < last || *offset > footer_offset) return file;
    last = *offset;
  }
  footer.file_size = file.size();
  Buffer tail;
  append_footer(tail, footer);
  file.replace(footer_offset, kFooterSize, tail);

  const uint64_t ends[] = {footer.index_offset, footer.range_tombstones_offset,
                           footer.properties_offset, footer_offset};
  for (size_t i = 0; i < std::size(ends); ++i) {
    const uint64_t start = *offsets[i + 1];
    if (ends[i] - start < kBlockTrailerSize) return file;
    reseal_block(file, start, ends[i]);
  }
  reseal_blocks_of_index(file, footer.index_offset, footer.range_tombstones_offset,
                         footer.index_has_partitions() ? 2 : 1);
  return file;
}

void run(const Input& input) {
  tests::MemoryFileSystem files;
  files.put("sstable", input.reseal ? reseal(input.bytes) : Buffer(input.bytes));
  auto opened = SstableReader::open(files.open("sstable").value(), FileNumber{1}, "sstable",
                                    {env::CauseKind::kClientRead});
  if (!opened.has_value()) return;
  SstableReader& reader = **opened;
  BlockCache cache(1 << 20);
  // Enough to go on from any damage; a block may claim more entries than there is time for.
  constexpr int kMovesMax = 5'000;

  for (BlockCache* const through : {static_cast<BlockCache*>(nullptr), &cache}) {
    const ReadContext context{.cause = {}, .cache = through, .counters = nullptr};
    auto it = reader.iterate(context);
    int moves = 0;
    std::vector<Buffer> keys;
    for (it->seek_to_first(); it->valid() && moves < kMovesMax; it->next(), ++moves) {
      if (keys.size() < 20) keys.emplace_back(it->key());
      (void)entry_cell(parse_internal_key(it->key()), it->value());
    }
    it = reader.iterate(context);
    moves = 0;
    for (it->seek_to_last(); it->valid() && moves < kMovesMax; it->prev()) ++moves;
    for (const Buffer& key : keys) {
      it = reader.iterate(context);
      it->seek(key);
      if (it->valid()) it->next();
      const Bytes user_key = user_key_of(key);
      (void)reader.may_contain(user_key, nullptr);
      (void)reader.get(user_key, context, [](const InternalKey& entry, Bytes value) {
        (void)entry_cell(entry, value);
        return true;
      });
    }
  }
}

}  // namespace
}  // namespace revenant::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (const auto input = revenant::fuzz::Input::of(data, size)) revenant::fuzz::run(*input);
  return 0;
}
