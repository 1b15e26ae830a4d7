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

// An index, a partition of one, or a filter.
template <typename T>
struct MetadataBlock final : CachedBlock {
  MetadataBlock(T c, uint64_t s) : content(std::move(c)), stored_size(s) {}
  uint64_t charge() const override { return stored_size; }
  const T content;
  const uint64_t stored_size;
};
template <typename T>
using MetadataPin = BlockPin<MetadataBlock<T>>;

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

  Result<void> open(env::Cause cause, const MetadataCaching& caching);
  // Once everything has been read: lets go of what is not to stay.
  Result<void> place(const MetadataCaching& caching, env::Cause cause);
  Result<void> check_properties(uint64_t offset) const;

  // Reads bytes of the file that must be there.
  Result<void> read(uint64_t offset, uint64_t size, Buffer& out, env::Cause cause) const;
  // The payload of a data block as it lies in the file, if it is whole; of a compressed one in
  // `payload`.
  Result<Bytes> open_block(Bytes block, uint64_t offset, Buffer& payload) const;
  // A data block: where it lies in a mapped file, else from the cache or through it.
  Result<OpenedBlock> fetch(const BlockHandle& handle, const ReadContext& context) const;
  // The stored bytes of a block that is never compressed.
  Result<Bytes> open_metadata(Bytes block, uint64_t offset, std::string_view what) const;
  Decoded<BloomFilter> decode_filter(Bytes payload) const;
  Decoded<SstableIndex> decode_index(Bytes payload) const;  // or its top level
  Decoded<SstableIndex> decode_partition(Bytes payload, const SeekTarget& limit) const;
  // What `decode` makes of the block, from the cache or through it. `context` counts it in `counts`.
  struct MetadataCounts {
    uint64_t ReadCounters::* from_cache;
    uint64_t ReadCounters::* from_file;
  };
  template <typename T, typename Decode>
  Result<MetadataPin<T>> fetch_metadata(const BlockHandle& handle, std::string_view what,
                                        const ReadContext& context, MetadataCounts counts,
                                        Decode decode) const;
  Result<MetadataPin<BloomFilter>> fetch_filter(const ReadContext& context) const;
  Result<MetadataPin<SstableIndex>> fetch_index(const ReadContext& context) const;
  // Partition `i` of the top level.
  Result<MetadataPin<SstableIndex>> fetch_partition(const SstableIndex& top, size_t i,
                                                    const ReadContext& context) const;
  BlockHandle filter_block() const { return handle_of(footer.filter_offset, footer.index_offset); }
  BlockHandle index_block() const {
    return handle_of(footer.index_offset, footer.range_tombstones_offset);
  }
  static BlockHandle handle_of(uint64_t start, uint64_t end) {
    return {start, end - start - kBlockTrailerSize};
  }

  const std::unique_ptr<env::ReadFile> file;
  const FileNumber number;
  const std::string name;
  const Bytes mapped;  // the whole file, or empty
  // Of a mapped file: a bit where an uncompressed block begins that was checked, one for every 8
  // bytes. No block is as small as that.
  mutable std::vector<uint64_t> sound;
  SstableProperties properties;
  Footer footer;
  // These are here if they stay.
  std::optional<BloomFilter> filter;
  std::optional<SstableIndex> index;     // of the data blocks, or of the partitions
  std::vector<SstableIndex> partitions;  // all or none
  CacheReservation reservation;          // for them
  RangeTombstones range_tombstones;
};

// Goes over the data blocks as the index has them. What of the index does not stay with the reader it
// holds itself, one partition at a time.
class SstableReader::IndexCursor {
 public:
  // Both outlive it.
  IndexCursor(const Impl& impl, const ReadContext& context)
      : impl_(impl),
        context_(context),
        index_(impl.index ? &*impl.index : nullptr),
        blocks_(partitioned() ? nullptr : index_) {}

  // Before the first move, and beyond either end: not.
  bool valid() const { return blocks_ != nullptr && at_ < blocks_->size(); }
  // While valid().
  BlockHandle block() const { return blocks_->block(at_); }
  // Whether no later block holds entries of this user key.
  bool ends_after(Bytes user_key) const {
    return compare_user_keys(blocks_->limit(at_).user_key, user_key) > 0;
  }
  // The end of the last of the blocks that lie in a row from this one on and end within `size` bytes;
  // this one's, if that is more.
  uint64_t end_within(uint64_t size) const {
    const uint64_t start = block().offset;
    size_t last = at_;
    while (last + 1 < blocks_->size() && blocks_->block(last + 1).end() - start <= size) ++last;
    return blocks_->block(last).end();
  }

  // To the first block that may hold an entry not before the target.
  Result<void> seek(const SeekTarget& target) {
    RETURN_IF_ERROR(hold_index());
    if (partitioned()) RETURN_IF_ERROR(enter(index_->find(target)));
    if (blocks_ != nullptr) at_ = blocks_->find(target);
    return {};
  }
  Result<void> seek_to_first() {
    RETURN_IF_ERROR(hold_index());
    if (partitioned()) RETURN_IF_ERROR(enter(0));
    at_ = 0;
    return {};
  }
  Result<void> seek_to_last() {
    RETURN_IF_ERROR(hold_index());
    if (partitioned()) RETURN_IF_ERROR(enter(index_->size() - 1));
    at_ = blocks_->size() - 1;
    return {};
  }
  Result<void> next() {  // this and prev() only while valid()
    if (++at_ < blocks_->size() || !partitioned()) return {};
    RETURN_IF_ERROR(enter(partition_ + 1));
    at_ = 0;
    return {};
  }
  Result<void> prev() {
    if (at_-- > 0 || !partitioned() || partition_ == 0) return {};
    RETURN_IF_ERROR(enter(partition_ - 1));
    at_ = blocks_->size() - 1;
    return {};
  }

 private:
  bool partitioned() const { return impl_.footer.index_has_partitions(); }
  Result<void> hold_index() {
    if (index_ != nullptr) [[likely]]
      return {};
    ASSIGN_OR_RETURN(index_pin_, impl_.fetch_index(context_));
    index_ = &index_pin_->content;
    if (!partitioned()) blocks_ = index_;
    return {};
  }
  Result<void> enter(size_t partition) {
    if (blocks_ != nullptr && partition == partition_) return {};
    blocks_ = nullptr;
    if (partition == index_->size()) return {};
    if (impl_.partitions.empty()) {
      ASSIGN_OR_RETURN(partition_pin_, impl_.fetch_partition(*index_, partition, context_));
      blocks_ = &partition_pin_->content;
    } else {
      blocks_ = &impl_.partitions[partition];
    }
    partition_ = partition;
    return {};
  }

  const Impl& impl_;
  const ReadContext& context_;
  const SstableIndex* index_;   // or its top level
  const SstableIndex* blocks_;  // the index, or a partition
  size_t at_ = SIZE_MAX;        // in it
  size_t partition_ = 0;
  MetadataPin<SstableIndex> index_pin_, partition_pin_;
};

Result<std::shared_ptr<SstableReader>> SstableReader::open(std::unique_ptr<env::ReadFile> file,
                                                           FileNumber number, std::string name,
                                                           env::Cause cause,
                                                           const MetadataCaching& caching) {
  auto impl = std::make_unique<Impl>(std::move(file), number, std::move(name));
  RETURN_IF_ERROR(impl->open(cause, caching));
  return std::shared_ptr<SstableReader>(new SstableReader(std::move(impl)));
}

SstableReader::SstableReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SstableReader::~SstableReader() = default;

const SstableProperties& SstableReader::properties() const { return impl_->properties; }
uint64_t SstableReader::file_bytes() const { return impl_->file->size(); }
FileNumber SstableReader::number() const { return impl_->number; }
const RangeTombstones& SstableReader::range_tombstones() const { return impl_->range_tombstones; }

bool SstableReader::may_contain(Bytes user_key, ReadCounters* counters) const {
  if (impl_->properties.entries == 0) return false;
  if (!impl_->filter || impl_->filter->may_contain(bloom_hash(user_key))) return true;
  if (counters != nullptr) ++counters->filter_negatives;
  return false;
}

Result<void> SstableReader::get(Bytes user_key, const ReadContext& context,
                                const std::function<bool(const InternalKey&, Bytes value)>& visit) {
  const Impl& impl = *impl_;
  ReadCounters* const counters = context.counters;
  if (!impl.filter && impl.footer.has_filter()) [[unlikely]] {
    ASSIGN_OR_RETURN(const MetadataPin<BloomFilter> filter, impl.fetch_filter(context));
    if (!filter->content.may_contain(bloom_hash(user_key))) {
      if (counters != nullptr) ++counters->filter_negatives;
      return {};
    }
  }
  if (counters != nullptr) ++counters->sstables;
  const SeekTarget target = SeekTarget::first_of(user_key);
  bool found = false;
  bool done = false;
  BlockCursor cursor;
  IndexCursor index(impl, context);
  RETURN_IF_ERROR(index.seek(target));
  while (index.valid()) {
    const BlockHandle handle = index.block();
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
    // Versions of one key may go on in the next block.
    if (done || index.ends_after(user_key)) break;
    RETURN_IF_ERROR(index.next());
  }
  if (counters != nullptr && impl.footer.has_filter()) {
    ++(found ? counters->filter_true_positives : counters->filter_false_positives);
  }
  return {};
}

Result<void> SstableReader::Impl::open(env::Cause cause, const MetadataCaching& caching) {
  const uint64_t size = file->size();
  if (size < kFooterSize) return damaged(0, "too short for an SSTable");
  const uint64_t footer_offset = size - kFooterSize;
  Buffer bytes;
  RETURN_IF_ERROR(read(footer_offset, kFooterSize, bytes, cause));
  const Decoded<Footer> decoded_footer = decode_footer(bytes, size);
  if (!decoded_footer) return damaged(footer_offset, decoded_footer.error());
  footer = *decoded_footer;

  const uint64_t tail_offset = footer.filter_offset;
  RETURN_IF_ERROR(read(tail_offset, footer_offset - tail_offset, bytes, cause));
  const auto part = [&](uint64_t start, uint64_t end) {
    return Bytes(bytes).substr(start - tail_offset, end - start);
  };
  const auto payload = [&](uint64_t start, uint64_t end, std::string_view what) {
    return open_metadata(part(start, end), start, what);
  };

  ASSIGN_OR_RETURN(const Bytes bits, payload(footer.filter_offset, footer.index_offset, "filter"));
  if (!bits.empty()) {
    auto decoded_filter = decode_filter(bits);
    if (!decoded_filter) return damaged(footer.filter_offset, decoded_filter.error());
    filter.emplace(std::move(*decoded_filter));
  }

  ASSIGN_OR_RETURN(const Bytes index_payload,
                   payload(footer.index_offset, footer.range_tombstones_offset, "index"));
  auto decoded_index = decode_index(index_payload);
  if (!decoded_index) return damaged(footer.index_offset, decoded_index.error());
  index.emplace(std::move(*decoded_index));

  ASSIGN_OR_RETURN(const Bytes ranges, payload(footer.range_tombstones_offset,
                                               footer.properties_offset, "range tombstones"));
  std::vector<RangeTombstone> decoded_ranges;
  for (Decoder in(ranges); !in.empty();) {
    decoded_ranges.push_back(decode_range_tombstone(in));
    if (in.failed()) return damaged(footer.range_tombstones_offset, "range tombstones: not these");
  }
  range_tombstones = RangeTombstones(decoded_ranges);

  ASSIGN_OR_RETURN(const Bytes properties_payload,
                   payload(footer.properties_offset, footer_offset, "properties"));
  Decoder in(properties_payload);
  properties = decode_properties(in);
  if (in.failed() || !in.empty() || properties.range_tombstones != decoded_ranges.size())
    return damaged(footer.properties_offset, "properties: not these");
  RETURN_IF_ERROR(check_properties(footer.properties_offset));
  return place(caching, cause);
}

Result<void> SstableReader::Impl::place(const MetadataCaching& caching, env::Cause cause) {
  if (caching.cache == nullptr) return {};
  BlockCache& cache = *caching.cache;
  const bool partitioned = footer.index_has_partitions();
  uint64_t kept = 0;
  if (partitioned && caching.pin) {
    for (size_t i = 0; i < index->size(); ++i) {
      const BlockHandle handle = index->block(i);
      Buffer bytes;
      RETURN_IF_ERROR(read(handle.offset, handle.size + kBlockTrailerSize, bytes, cause));
      ASSIGN_OR_RETURN(const Bytes payload, open_metadata(bytes, handle.offset, "index partition"));
      auto partition = decode_partition(payload, index->limit(i));
      if (!partition) return damaged(handle.offset, partition.error());
      partitions.push_back(std::move(*partition));
      kept += handle.size;
    }
  }
  const auto keep_or_cache = [&](auto& metadata, const BlockHandle& handle, bool keep) {
    if (keep) {
      kept += handle.size;
      return;
    }
    using T = std::decay_t<decltype(*metadata)>;
    cache.insert(
        number, handle.offset,
        MetadataPin<T>(std::make_unique<MetadataBlock<T>>(std::move(*metadata), handle.size)));
    metadata.reset();
  };
  if (filter) keep_or_cache(filter, filter_block(), caching.pin);
  keep_or_cache(index, index_block(), caching.pin || (partitioned && caching.pin_top_level));
  reservation = cache.reserve(kept);
  return {};
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
    Bytes last = index->limit(index->size() - 1).user_key;
    last.remove_suffix(1);
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

Result<Bytes> SstableReader::Impl::open_metadata(Bytes block, uint64_t offset,
                                                 std::string_view what) const {
  const Decoded<StoredBlock> decoded = decode_block(block, offset);
  if (!decoded) return damaged(offset, fmt::format("{}: {}", what, decoded.error()));
  if (decoded->compression != Compression::kNone) {
    return damaged(offset, fmt::format("{}: compressed", what));
  }
  return decoded->stored;
}

Decoded<BloomFilter> SstableReader::Impl::decode_filter(Bytes payload) const {
  if (!BloomFilter::is_sound(payload)) return std::unexpected("filter: not one");
  return BloomFilter(Buffer(payload));
}

Decoded<SstableIndex> SstableReader::Impl::decode_index(Bytes payload) const {
  auto result = SstableIndex::decode(Buffer(payload), footer.filter_offset);
  if (!result) return result;
  const uint64_t begin = footer.index_has_partitions() ? footer.index_partitions_offset : 0;
  if (result->begin() != begin || result->end() != footer.filter_offset) {
    return std::unexpected("index: blocks unaccounted for");
  }
  if (result->size() > 0 && !result->limit(result->size() - 1).user_key.ends_with('\0')) {
    return std::unexpected("index: does not end after a key");
  }
  return result;
}

Decoded<SstableIndex> SstableReader::Impl::decode_partition(Bytes payload,
                                                            const SeekTarget& limit) const {
  auto result = SstableIndex::decode(Buffer(payload), footer.index_partitions_offset);
  if (!result) return result;
  if (result->size() == 0 || compare(result->limit(result->size() - 1), limit) != 0) {
    return std::unexpected("index partition: not the one that the index names");
  }
  return result;
}

template <typename T, typename Decode>
Result<MetadataPin<T>> SstableReader::Impl::fetch_metadata(const BlockHandle& handle,
                                                           std::string_view what,
                                                           const ReadContext& context,
                                                           MetadataCounts counts,
                                                           Decode decode) const {
  if (context.cache != nullptr) {
    if (auto found = context.cache->find<MetadataBlock<T>>(number, handle.offset)) {
      if (context.counters != nullptr) ++(context.counters->*counts.from_cache);
      return found;
    }
  }
  Buffer bytes;
  RETURN_IF_ERROR(read(handle.offset, handle.size + kBlockTrailerSize, bytes, context.cause));
  if (context.counters != nullptr) {
    ++(context.counters->*counts.from_file);
    context.counters->bytes_from_file += bytes.size();
  }
  ASSIGN_OR_RETURN(const Bytes payload, open_metadata(bytes, handle.offset, what));
  Decoded<T> decoded = decode(payload);
  if (!decoded) return damaged(handle.offset, decoded.error());
  MetadataPin<T> pin(std::make_unique<MetadataBlock<T>>(std::move(*decoded), handle.size));
  if (context.cache != nullptr) context.cache->insert(number, handle.offset, pin);
  return pin;
}

Result<MetadataPin<BloomFilter>> SstableReader::Impl::fetch_filter(
    const ReadContext& context) const {
  return fetch_metadata<BloomFilter>(
      filter_block(), "filter", context,
      {&ReadCounters::filter_blocks_from_cache, &ReadCounters::filter_blocks_from_file},
      [this](Bytes payload) { return decode_filter(payload); });
}

Result<MetadataPin<SstableIndex>> SstableReader::Impl::fetch_index(
    const ReadContext& context) const {
  return fetch_metadata<SstableIndex>(
      index_block(), "index", context,
      {&ReadCounters::index_blocks_from_cache, &ReadCounters::index_blocks_from_file},
      [this](Bytes payload) { return decode_index(payload); });
}

Result<MetadataPin<SstableIndex>> SstableReader::Impl::fetch_partition(
    const SstableIndex& top, size_t i, const ReadContext& context) const {
  return fetch_metadata<SstableIndex>(
      top.block(i), "index partition", context,
      {&ReadCounters::index_blocks_from_cache, &ReadCounters::index_blocks_from_file},
      [&, this](Bytes payload) { return decode_partition(payload, top.limit(i)); });
}

// Walks the index, and one data block at a time.
class SstableReader::Cursor final : public Iterator {
 public:
  Cursor(std::shared_ptr<const Impl> impl, const ReadContext& context)
      : impl_(std::move(impl)), context_(context) {}

  void seek_to_first() override {
    if (status_ && enter_block(index_.seek_to_first())) {
      cursor_.seek_to_first();
      skip_ended_blocks();
    }
    stand_as(cursor_);
  }
  void seek_to_last() override {
    if (status_ && enter_block(index_.seek_to_last())) {
      cursor_.seek_to_last();
      skip_ended_blocks_back();
    }
    stand_as(cursor_);
  }
  void prefetch(Bytes internal_key) override {
    // Neither a partition nor an index in the cache is asked for ahead of time.
    if (impl_->mapped.empty() || !impl_->index || impl_->footer.index_has_partitions()) return;
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
    if (status_ && enter_block(index_.seek(target))) {
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
      if (!enter_block(index_.next(), Moved::kOnward)) return;
      cursor_.seek_to_first();
    }
  }
  void skip_ended_blocks_back() {
    while (!cursor_.valid()) {
      if (cursor_.corrupt()) return fail_at_block();
      if (!enter_block(index_.prev())) return;
      cursor_.seek_to_last();
    }
  }

  enum class Moved { kAnywhere, kOnward };

  // Puts the cursor on the block that the index has `moved` to, before its entries; false if there is
  // none or it is unreadable.
  bool enter_block(Result<void> moved, Moved where = Moved::kAnywhere) {
    if (moved && index_.valid() && block_offset_ == index_.block().offset) return true;
    cursor_.clear();
    block_offset_.reset();
    if (!moved) {
      fail(std::move(moved.error()));
      return false;
    }
    if (!index_.valid()) return false;
    const bool by_block = context_.cache != nullptr || !impl_->mapped.empty();
    Result<Bytes> payload = by_block ? fetched() : read_ahead(where);
    if (!payload) {
      fail(std::move(payload.error()));
      return false;
    }
    cursor_.reset(*payload);
    block_offset_ = index_.block().offset;
    return true;
  }

  Result<Bytes> fetched() {
    ASSIGN_OR_RETURN(block_, impl_->fetch(index_.block(), context_));
    return block_.bytes;
  }

  // Through a span of the file that is read at once; a jump starts with a small one again.
  Result<Bytes> read_ahead(Moved where) {
    const BlockHandle block = index_.block();
    if (where == Moved::kAnywhere) window_ = 0;
    if (block.offset < span_offset_ || block.end() > span_offset_ + span_.size()) {
      RETURN_IF_ERROR(read_span());
    }
    if (context_.counters != nullptr) ++context_.counters->blocks_from_file;
    return impl_->open_block(
        Bytes(span_).substr(block.offset - span_offset_, block.end() - block.offset), block.offset,
        payload_);
  }

  // The block, and as many whole ones after it as read-ahead allows.
  Result<void> read_span() {
    const uint64_t start = index_.block().offset;
    const uint64_t size = index_.end_within(window_) - start;
    window_ = std::clamp(2 * window_, kReadAheadMin, kReadAheadMax);
    span_offset_ = 0;
    RETURN_IF_ERROR(impl_->read(start, size, span_, context_.cause));
    span_offset_ = start;
    if (context_.counters != nullptr) context_.counters->bytes_from_file += size;
    return {};
  }

  void fail_at_block() { fail(impl_->damaged(*block_offset_, "data block: not an entry").error()); }
  void fail(Error error) {
    status_ = std::unexpected(std::move(error));
    cursor_.clear();
    block_offset_.reset();
  }

  const std::shared_ptr<const Impl> impl_;
  const ReadContext context_;
  IndexCursor index_{*impl_, context_};
  std::optional<uint64_t> block_offset_;  // of the one under the cursor
  OpenedBlock block_;                     // with a cache, or of a mapped file
  Buffer span_;                           // without: whole blocks as they lie in the file
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
