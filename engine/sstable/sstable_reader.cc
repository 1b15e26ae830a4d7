#include "engine/sstable/sstable_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/base/check.h"
#include "engine/sstable/block_cursor.h"
#include "engine/sstable/bloom_filter.h"
#include "engine/sstable/sstable_format.h"
#include "engine/sstable/sstable_index.h"

namespace revenant::sstable {
namespace {

// An iterator that reads past the cache asks for more the longer it goes on, from one block to the
// maximum (RocksDB's initial_auto_readahead_size and max_auto_readahead_size).
constexpr uint64_t kReadAheadMin = 8 << 10;
constexpr uint64_t kReadAheadMax = 256 << 10;

// The payload of a data block held in memory.
struct DataBlock final : CachedBlock {
  explicit DataBlock(Buffer b) : bytes(std::move(b)) {}
  uint64_t charge() const override { return bytes.size(); }
  const Buffer bytes;
};
using DataPin = BlockPin<DataBlock>;

// The payload of a data block, and what keeps its bytes: the pin, or the mapped file.
struct OpenedBlock {
  Bytes bytes;
  DataPin pin = {};
};

}  // namespace

// Never changes after open() (but for `sound`, which says the same to all), so that several tasks
// may read at once; what a read needs lives with the read.
struct SstableReader::Impl {
  Impl(std::unique_ptr<env::ReadFile> f, FileNumber n, std::string path)
      : file(std::move(f)),
        number(n),
        name(std::move(path)),
        mapped(file->mapped()),
        sound(mapped.size() / (64 * kSoundUnit) + 1) {}

  static constexpr uint64_t kSoundUnit = 8;
  uint64_t& sound_word(uint64_t offset) const { return sound[offset / (64 * kSoundUnit)]; }
  static uint64_t sound_bit(uint64_t offset) { return uint64_t{1} << offset / kSoundUnit % 64; }

  std::unexpected<Error> damaged(uint64_t offset, std::string_view what) const {
    return error(ErrorCode::kCorruption, "{}: offset {}: {}", name, offset, what);
  }

  Result<void> open(env::Cause cause);
  Result<void> check_properties(uint64_t offset) const;

  // Reads bytes of the file that must be there.
  Result<void> read(uint64_t offset, uint64_t size, Buffer& out, env::Cause cause) const;
  // The payload of a data block as it lies in the file, if it is whole; of a compressed one in
  // `payload`.
  Result<Bytes> open_block(Bytes block, uint64_t offset, Buffer& payload) const;
  // A data block: where it lies in a mapped file, else from the cache or through it.
  Result<OpenedBlock> fetch(const BlockHandle& handle, const ReadContext& context) const;

  const std::unique_ptr<env::ReadFile> file;
  const FileNumber number;
  const std::string name;
  const Bytes mapped;  // the whole file, or empty
  // Of a mapped file: a bit where an uncompressed block begins that was checked, one for every 8
  // bytes. No block is as small as that.
  mutable std::vector<uint64_t> sound;
  SstableProperties properties;
  std::optional<BloomFilter> filter;
  std::optional<SstableIndex> index;
  RangeTombstones range_tombstones;
};

Result<std::shared_ptr<SstableReader>> SstableReader::open(std::unique_ptr<env::ReadFile> file,
                                                           FileNumber number, std::string name,
                                                           env::Cause cause) {
  auto impl = std::make_unique<Impl>(std::move(file), number, std::move(name));
  RETURN_IF_ERROR(impl->open(cause));
  return std::shared_ptr<SstableReader>(new SstableReader(std::move(impl)));
}

SstableReader::SstableReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SstableReader::~SstableReader() = default;

const SstableProperties& SstableReader::properties() const { return impl_->properties; }
uint64_t SstableReader::file_bytes() const { return impl_->file->size(); }
FileNumber SstableReader::number() const { return impl_->number; }
const RangeTombstones& SstableReader::range_tombstones() const { return impl_->range_tombstones; }

bool SstableReader::may_contain(Bytes user_key, ReadCounters* counters) const {
  if (impl_->index->size() == 0) return false;
  if (!impl_->filter || impl_->filter->may_contain(bloom_hash(user_key))) return true;
  if (counters != nullptr) ++counters->filter_negatives;
  return false;
}

Result<void> SstableReader::get(Bytes user_key, const ReadContext& context,
                                const std::function<bool(const InternalKey&, Bytes value)>& visit) {
  const Impl& impl = *impl_;
  ReadCounters* const counters = context.counters;
  if (counters != nullptr) ++counters->sstables;
  const SeekTarget target = SeekTarget::first_of(user_key);
  bool found = false;
  bool done = false;
  BlockCursor cursor;
  // Versions of one key may go on in the next block.
  for (size_t i = impl.index->find(target); !done && i < impl.index->size(); ++i) {
    const BlockHandle handle = impl.index->block(i);
    ASSIGN_OR_RETURN(const OpenedBlock block, impl.fetch(handle, context));
    cursor.reset(block.bytes);
    cursor.seek(target);
    while (!done && cursor.valid()) {
      const InternalKey key = parse_internal_key(cursor.key());
      done = key.user_key != user_key;
      if (done) break;
      found = true;
      done = !visit(key, cursor.value());
      if (!done) cursor.next();
    }
    if (cursor.corrupt()) return impl.damaged(handle.offset, "data block: not an entry");
  }
  if (counters != nullptr && impl.filter) {
    ++(found ? counters->filter_true_positives : counters->filter_false_positives);
  }
  return {};
}

Result<void> SstableReader::Impl::open(env::Cause cause) {
  const uint64_t size = file->size();
  if (size < kFooterSize) return damaged(0, "too short for an SSTable");
  const uint64_t footer_offset = size - kFooterSize;
  Buffer bytes;
  RETURN_IF_ERROR(read(footer_offset, kFooterSize, bytes, cause));
  const Decoded<Footer> footer = decode_footer(bytes, size);
  if (!footer) return damaged(footer_offset, footer.error());

  const uint64_t tail_offset = footer->filter_offset;
  RETURN_IF_ERROR(read(tail_offset, footer_offset - tail_offset, bytes, cause));
  const auto part = [&](uint64_t start, uint64_t end) {
    return Bytes(bytes).substr(start - tail_offset, end - start);
  };
  // The payload of a block that is never compressed.
  const auto payload = [&](uint64_t start, uint64_t end, std::string_view what) -> Result<Bytes> {
    const auto block = decode_block(part(start, end), start);
    if (!block) return damaged(start, fmt::format("{}: {}", what, block.error()));
    if (block->compression != Compression::kNone) {
      return damaged(start, fmt::format("{}: compressed", what));
    }
    return block->stored;
  };

  ASSIGN_OR_RETURN(const Bytes bits,
                   payload(footer->filter_offset, footer->index_offset, "filter"));
  if (!bits.empty()) {
    if (!BloomFilter::is_sound(bits)) return damaged(footer->filter_offset, "filter: not one");
    filter.emplace(Buffer(bits));
  }

  ASSIGN_OR_RETURN(const Bytes index_payload,
                   payload(footer->index_offset, footer->range_tombstones_offset, "index"));
  auto decoded = SstableIndex::decode(Buffer(index_payload), footer->filter_offset);
  if (!decoded) return damaged(footer->index_offset, decoded.error());
  index.emplace(std::move(*decoded));

  ASSIGN_OR_RETURN(const Bytes ranges, payload(footer->range_tombstones_offset,
                                               footer->properties_offset, "range tombstones"));
  std::vector<RangeTombstone> decoded_ranges;
  for (Decoder in(ranges); !in.empty();) {
    decoded_ranges.push_back(decode_range_tombstone(in));
    if (in.failed()) return damaged(footer->range_tombstones_offset, "range tombstones: not these");
  }
  range_tombstones = RangeTombstones(decoded_ranges);

  ASSIGN_OR_RETURN(const Bytes properties_payload,
                   payload(footer->properties_offset, footer_offset, "properties"));
  Decoder in(properties_payload);
  properties = decode_properties(in);
  if (in.failed() || !in.empty() || properties.range_tombstones != decoded_ranges.size())
    return damaged(footer->properties_offset, "properties: not these");
  return check_properties(footer->properties_offset);
}

Result<void> SstableReader::Impl::check_properties(uint64_t offset) const {
  const SstableProperties& p = properties;
  if (p.entries < index->size() || (p.entries > 0) != (index->size() > 0) ||
      p.tombstones + p.expiring > p.entries || p.entries + p.range_tombstones == 0 ||
      p.least_key > p.greatest_key || p.least_version > p.greatest_version ||
      p.least_sequence > p.greatest_sequence) {
    return damaged(offset, "properties: contradict each other");
  }
  if (index->size() > 0) {
    const Bytes last = user_key_of(index->last_key(index->size() - 1));
    if (p.range_tombstones == 0 ? p.greatest_key != last : p.greatest_key < last) {
      return damaged(offset, "properties: contradict the index");
    }
  }
  return {};
}

Result<void> SstableReader::Impl::read(uint64_t offset, uint64_t size, Buffer& out,
                                       env::Cause cause) const {
  RETURN_IF_ERROR(file->read(offset, size, out, cause));
  if (out.size() < size) return damaged(offset + out.size(), "the file ends here");
  return {};
}

Result<Bytes> SstableReader::Impl::open_block(Bytes block, uint64_t offset, Buffer& payload) const {
  const Decoded<StoredBlock> decoded = decode_block(block, offset);
  if (!decoded) return damaged(offset, fmt::format("data block: {}", decoded.error()));
  Bytes result = decoded->stored;
  if (decoded->compression != Compression::kNone) {
    if (!decompress(decoded->compression, decoded->stored, payload)) {
      return damaged(offset, "data block: does not decompress");
    }
    result = payload;
  }
  if (!restarts_are_sound(result)) return damaged(offset, "data block: not one");
  return result;
}

Result<OpenedBlock> SstableReader::Impl::fetch(const BlockHandle& handle,
                                               const ReadContext& context) const {
  const bool in_place = !mapped.empty() && handle.size >= kSoundUnit;
  if (in_place && (sound_word(handle.offset) & sound_bit(handle.offset)) != 0) {
    if (context.counters != nullptr) ++context.counters->blocks_from_cache;
    return OpenedBlock{mapped.substr(handle.offset, handle.size)};
  }
  if (context.cache != nullptr) {
    if (DataPin block = context.cache->find<DataBlock>(number, handle.offset)) {
      if (context.counters != nullptr) ++context.counters->blocks_from_cache;
      const Bytes bytes = block->bytes;
      return OpenedBlock{bytes, std::move(block)};
    }
  }
  Buffer bytes;
  const uint64_t size = handle.size + kBlockTrailerSize;
  Bytes stored;
  if (in_place) {
    stored = mapped.substr(handle.offset, size);
  } else {
    RETURN_IF_ERROR(read(handle.offset, size, bytes, context.cause));
    stored = bytes;
  }
  if (context.counters != nullptr) {
    ++context.counters->blocks_from_file;
    context.counters->bytes_from_file += size;
  }
  Buffer payload;
  ASSIGN_OR_RETURN(const Bytes opened, open_block(stored, handle.offset, payload));
  if (opened.data() == payload.data()) {
    bytes = std::move(payload);
  } else if (in_place) {
    sound_word(handle.offset) |= sound_bit(handle.offset);
    return OpenedBlock{opened};
  } else {
    bytes.resize(opened.size());
  }
  DataPin block(std::make_unique<DataBlock>(std::move(bytes)));
  if (context.cache != nullptr) context.cache->insert(number, handle.offset, block);
  const Bytes kept = block->bytes;
  return OpenedBlock{kept, std::move(block)};
}

// Walks the index, and one data block at a time.
class SstableReader::Cursor final : public Iterator {
 public:
  Cursor(std::shared_ptr<const Impl> impl, const ReadContext& context)
      : impl_(std::move(impl)), context_(context) {}

  void seek_to_first() override {
    if (status_ && go_to_block(0)) {
      cursor_.seek_to_first();
      skip_ended_blocks();
    }
    stand_as(cursor_);
  }
  void seek_to_last() override {
    const size_t blocks = impl_->index->size();
    if (status_ && blocks > 0 && go_to_block(blocks - 1)) {
      cursor_.seek_to_last();
      skip_ended_blocks_back();
    }
    stand_as(cursor_);
  }
  void prefetch(Bytes internal_key) override {
    if (impl_->mapped.empty()) return;
    const size_t i = impl_->index->find(SeekTarget::exactly(internal_key));
    if (i == impl_->index->size()) return;
    const BlockHandle block = impl_->index->block(i);
    // What a search in a block reads first: where its restarts lie, then an entry in the middle.
    __builtin_prefetch(&impl_->mapped[block.offset + block.size]);
    __builtin_prefetch(&impl_->mapped[block.offset + block.size / 2]);
    __builtin_prefetch(&impl_->sound_word(block.offset));
  }
  void seek(Bytes internal_key) override {
    const SeekTarget target = SeekTarget::exactly(internal_key);
    if (status_ && go_to_block(impl_->index->find(target))) {
      cursor_.seek(target);
      skip_ended_blocks();
    }
    stand_as(cursor_);
  }
  void next() override {
    CHECK(valid());
    cursor_.next();
    if (!cursor_.valid()) [[unlikely]]
      skip_ended_blocks();
    stand_as(cursor_);
  }
  void prev() override {
    CHECK(valid());
    cursor_.prev();
    if (!cursor_.valid()) [[unlikely]]
      skip_ended_blocks_back();
    stand_as(cursor_);
  }
  Result<void> status() const override { return status_; }

 private:
  void skip_ended_blocks() {
    while (!cursor_.valid()) {
      if (cursor_.corrupt()) return fail_at_block();
      if (!go_to_block(*block_number_ + 1)) return;
      cursor_.seek_to_first();
    }
  }
  void skip_ended_blocks_back() {
    while (!cursor_.valid()) {
      if (cursor_.corrupt()) return fail_at_block();
      if (*block_number_ == 0) {
        block_number_.reset();
        return;
      }
      if (!go_to_block(*block_number_ - 1)) return;
      cursor_.seek_to_last();
    }
  }

  // Puts the cursor on block `i`, before its entries; false if it is beyond the last or unreadable.
  bool go_to_block(size_t i) {
    if (block_number_ == i) return true;
    const bool onward = block_number_ && i == *block_number_ + 1;
    cursor_.clear();
    block_number_.reset();
    if (i >= impl_->index->size()) return false;
    const bool by_block = context_.cache != nullptr || !impl_->mapped.empty();
    Result<Bytes> payload = by_block ? fetched(i) : read_ahead(i, onward);
    if (!payload) {
      fail(std::move(payload.error()));
      return false;
    }
    cursor_.reset(*payload);
    block_number_ = i;
    return true;
  }

  Result<Bytes> fetched(size_t i) {
    ASSIGN_OR_RETURN(block_, impl_->fetch(impl_->index->block(i), context_));
    return block_.bytes;
  }

  // Through a span of the file that is read at once; a jump starts with a small one again.
  Result<Bytes> read_ahead(size_t i, bool onward) {
    const BlockHandle block = impl_->index->block(i);
    const uint64_t end = block.offset + block.size + kBlockTrailerSize;
    if (!onward) window_ = 0;
    if (block.offset < span_offset_ || end > span_offset_ + span_.size()) {
      RETURN_IF_ERROR(read_span(i));
    }
    if (context_.counters != nullptr) ++context_.counters->blocks_from_file;
    return impl_->open_block(Bytes(span_).substr(block.offset - span_offset_, end - block.offset),
                             block.offset, payload_);
  }

  // Block `i`, and as many whole ones after it as read-ahead allows.
  Result<void> read_span(size_t i) {
    const SstableIndex& index = *impl_->index;
    const auto end_of = [&](size_t j) {
      return index.block(j).offset + index.block(j).size + kBlockTrailerSize;
    };
    const uint64_t start = index.block(i).offset;
    while (i + 1 < index.size() && end_of(i + 1) - start <= window_) ++i;
    window_ = std::clamp(2 * window_, kReadAheadMin, kReadAheadMax);
    const uint64_t size = end_of(i) - start;
    span_offset_ = 0;
    RETURN_IF_ERROR(impl_->read(start, size, span_, context_.cause));
    span_offset_ = start;
    if (context_.counters != nullptr) context_.counters->bytes_from_file += size;
    return {};
  }

  void fail_at_block() {
    const uint64_t offset = impl_->index->block(*block_number_).offset;
    fail(impl_->damaged(offset, "data block: not an entry").error());
  }
  void fail(Error error) {
    status_ = std::unexpected(std::move(error));
    cursor_.clear();
    block_number_.reset();
  }

  const std::shared_ptr<const Impl> impl_;
  const ReadContext context_;
  std::optional<size_t> block_number_;  // under the cursor
  OpenedBlock block_;                   // with a cache, or of a mapped file
  Buffer span_;                         // without: whole blocks as they lie in the file
  uint64_t span_offset_ = 0;
  Buffer payload_;  // of a compressed one of them
  uint64_t window_ = 0;
  BlockCursor cursor_;
  Result<void> status_;
};

std::unique_ptr<Iterator> SstableReader::iterate(const ReadContext& context) {
  return std::make_unique<Cursor>(impl_, context);
}

}  // namespace revenant::sstable
