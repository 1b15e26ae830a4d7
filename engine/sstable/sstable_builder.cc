#include "engine/sstable/sstable_builder.h"

#include <algorithm>
#include <optional>

#include "engine/base/check.h"
#include "engine/sstable/block_builder.h"
#include "engine/sstable/bloom_filter.h"
#include "engine/sstable/deletion_window.h"
#include "engine/sstable/sstable_format.h"
#include "engine/sstable/sstable_index.h"

namespace revenant::sstable {
namespace {

// Bytes collected before they are given to the file (LevelDB's kWritableFileBufferSize).
constexpr size_t kWriteSize = 64 << 10;
// A data block is dense if it holds so many tombstones, or they make so much of its bytes. Pebble:
// NumDeletionsThreshold, DeletionSizeRatioThreshold.
constexpr uint64_t kDenseTombstones = 100;
constexpr double kDenseShare = 0.5;

}  // namespace

struct SstableBuilder::Impl {
  Impl(std::unique_ptr<env::AppendFile> f, const SstableOptions& o, env::Cause c)
      : file(std::move(f)),
        options(o),
        cause(c),
        block(o.restart_interval),
        deletions(static_cast<uint64_t>(o.deletion_window_size)) {}

  uint64_t end() const { return written + pending.size(); }

  bool empty() const { return properties.entries == 0 && range_tombstones.empty(); }
  void account(const InternalKey& key, Bytes value);
  void account(const RangeTombstone& tombstone);
  // Widens the bounds to what was written by one write.
  void account(Version version, SequenceNumber sequence);
  // Gives the data block in progress its end and its checksum.
  void close_data_block();
  // Gives the data block closed last its line in the index.
  void enter_in_index(const SeekTarget& limit);
  // Appends the partitions of the index, if it is to have any; returns what the index block holds.
  SstableIndexBuilder append_partitions();
  // Appends a block that is not one of data.
  template <typename Append>
  BlockHandle append_block(Append append_payload);
  Result<void> write();

  std::unique_ptr<env::AppendFile> file;
  const SstableOptions options;
  const env::Cause cause;

  uint64_t written = 0;  // given to the file; pending follows
  Buffer pending;
  BlockBuilder block;
  Buffer compressed;                          // the block being closed
  std::optional<BlockHandle> closed;          // a data block that is not in the index yet
  std::vector<SstableIndexBuilder> index{1};  // partitions, or all in one
  std::vector<uint64_t> hashes;               // of the distinct user keys
  std::vector<RangeTombstone> range_tombstones;
  SstableProperties properties;
  DeletionWindow deletions;
  uint64_t tombstones_in_block = 0, tombstone_bytes_in_block = 0, bytes_in_block = 0;
  bool finished = false;
};

SstableBuilder::SstableBuilder(std::unique_ptr<env::AppendFile> file, const SstableOptions& options,
                               env::Cause cause)
    : impl_(std::make_unique<Impl>(std::move(file), options, cause)) {
  CHECK(impl_->file->size() == 0, "size={}", impl_->file->size());
}
SstableBuilder::~SstableBuilder() = default;

Result<void> SstableBuilder::add(Bytes internal_key, Bytes value) {
  Impl& impl = *impl_;
  CHECK(!impl.finished);
  const InternalKey key = parse_internal_key(internal_key);
  CHECK(is_entry_value(static_cast<uint8_t>(key.kind), value), "kind={}, {} bytes",
        static_cast<int>(key.kind), value.size());
  const Bytes last = impl.block.last_key();
  const bool first = last.empty();
  CHECK(first || compare_internal_keys(last, internal_key) < 0, "keys out of order");
  impl.account(key, value);
  if (impl.closed) impl.enter_in_index(limit_between(last, internal_key));
  if (impl.options.bloom_bits_per_key > 0 && (first || user_key_of(last) != key.user_key)) {
    impl.hashes.push_back(bloom_hash(key.user_key));
  }
  impl.block.add(impl.pending, internal_key, value);
  if (impl.block.size(impl.pending) < static_cast<uint64_t>(impl.options.block_size.bytes)) {
    return {};
  }
  impl.close_data_block();
  return impl.pending.size() < kWriteSize ? Result<void>{} : impl.write();
}

void SstableBuilder::add(RangeTombstone tombstone) {
  CHECK(!impl_->finished);
  impl_->range_tombstones.push_back(std::move(tombstone));
}

Result<SstableProperties> SstableBuilder::finish() {
  Impl& impl = *impl_;
  CHECK(!impl.finished);
  CHECK(!impl.empty(), "an SSTable holds something");
  impl.finished = true;
  impl.properties.most_deletions_in_window = impl.deletions.most();
  if (!impl.block.empty()) impl.close_data_block();
  if (impl.closed) {
    impl.properties.greatest_key = user_key_of(impl.block.last_key());
    impl.enter_in_index(SeekTarget::first_of(impl.properties.greatest_key + '\0'));
  }
  for (const RangeTombstone& tombstone : impl.range_tombstones) impl.account(tombstone);

  Footer footer;
  footer.index_partitions_offset = impl.end();
  const SstableIndexBuilder index = impl.append_partitions();
  const auto append = [&impl](auto payload) { return impl.append_block(payload).offset; };
  footer.filter_offset = append([&](Buffer& out) {
    if (impl.hashes.empty()) return;
    append_bloom_filter(out, impl.hashes, impl.options.bloom_bits_per_key, impl.options.bloom_type);
  });
  footer.index_offset = append([&](Buffer& out) { index.append_to(out); });
  footer.range_tombstones_offset = append([&](Buffer& out) {
    for (const RangeTombstone& tombstone : impl.range_tombstones)
      append_range_tombstone(out, tombstone);
  });
  footer.properties_offset = append([&](Buffer& out) { append_properties(out, impl.properties); });
  footer.file_size = impl.end() + kFooterSize;
  append_footer(impl.pending, footer);
  RETURN_IF_ERROR(impl.write());
  CHECK(impl.file->size() == footer.file_size, "{} != {}", impl.file->size(), footer.file_size);
  if (!impl.options.defects.has(Defect::kSstableNotSynced))
    RETURN_IF_ERROR(impl.file->sync(impl.cause));
  return impl.properties;
}

uint64_t SstableBuilder::file_bytes() const { return impl_->end(); }
uint64_t SstableBuilder::entries() const { return impl_->properties.entries; }

void SstableBuilder::Impl::account(const InternalKey& key, Bytes value) {
  SstableProperties& p = properties;
  if (p.entries == 0) p.least_key = key.user_key;
  ++p.entries;
  account(key.version, key.sequence);
  p.key_bytes += key.user_key.size() + kTrailerSize;
  p.value_bytes += value.size();
  const bool tombstone = key.kind == CellKind::kTombstone;
  const uint64_t bytes = key.user_key.size() + kTrailerSize + value.size();
  bytes_in_block += bytes;
  tombstones_in_block += tombstone;
  tombstone_bytes_in_block += tombstone ? bytes : 0;
  deletions.add(tombstone);
  if (key.kind == CellKind::kValue) return;
  ++(key.kind == CellKind::kTombstone ? p.tombstones : p.expiring);
  const Instant time = entry_cell(key, value).deletion_time;
  p.deletion_times.add(time);
  p.least_deletion_time = std::min(p.least_deletion_time, time);
  p.greatest_deletion_time = std::max(p.greatest_deletion_time, time);
}

void SstableBuilder::Impl::account(const RangeTombstone& tombstone) {
  SstableProperties& p = properties;
  const bool first = p.entries == 0 && p.range_tombstones == 0;
  if (first || tombstone.start < p.least_key) p.least_key = tombstone.start;
  // The greatest key before x\0 is x; for any other end there is none, and the end itself stands for
  // it.
  Bytes greatest = tombstone.end;
  if (greatest.back() == '\0') greatest.remove_suffix(1);
  if (first || greatest > p.greatest_key) p.greatest_key = greatest;
  ++p.range_tombstones;
  account(tombstone.version, tombstone.sequence);
  p.key_bytes += tombstone.start.size() + tombstone.end.size();
  p.deletion_times.add(tombstone.deletion_time);
  p.least_deletion_time = std::min(p.least_deletion_time, tombstone.deletion_time);
  p.greatest_deletion_time = std::max(p.greatest_deletion_time, tombstone.deletion_time);
}

void SstableBuilder::Impl::account(Version version, SequenceNumber sequence) {
  SstableProperties& p = properties;
  p.least_version = std::min(p.least_version, version);
  p.greatest_version = std::max(p.greatest_version, version);
  p.least_sequence = std::min(p.least_sequence, sequence);
  p.greatest_sequence = std::max(p.greatest_sequence, sequence);
}

void SstableBuilder::Impl::close_data_block() {
  ++properties.data_blocks;
  if (tombstones_in_block >= kDenseTombstones ||
      static_cast<double>(tombstone_bytes_in_block) >=
          kDenseShare * static_cast<double>(bytes_in_block)) {
    ++properties.tombstone_dense_blocks;
  }
  tombstones_in_block = tombstone_bytes_in_block = bytes_in_block = 0;
  const size_t start = block.start();
  block.finish(pending);
  Compression compression = options.compression;
  compressed.clear();
  if (append_compressed(compressed, compression, Bytes(pending).substr(start))) {
    pending.replace(start, std::string::npos, compressed);
  } else {
    compression = Compression::kNone;
  }
  closed = BlockHandle{written + start, pending.size() - start};
  append_block_trailer(pending, start, compression, closed->offset);
}

void SstableBuilder::Impl::enter_in_index(const SeekTarget& limit) {
  if (options.index_type == IndexType::kTwoLevel &&
      index.back().bytes() >= static_cast<uint64_t>(options.metadata_block_size.bytes)) {
    index.emplace_back();
  }
  index.back().add(limit, *closed);
  closed.reset();
}

SstableIndexBuilder SstableBuilder::Impl::append_partitions() {
  if (options.index_type == IndexType::kBinarySearch || index.front().bytes() == 0) {
    return std::move(index.front());
  }
  SstableIndexBuilder top;
  for (const SstableIndexBuilder& partition : index) {
    top.add(partition, append_block([&](Buffer& out) { partition.append_to(out); }));
  }
  return top;
}

template <typename Append>
BlockHandle SstableBuilder::Impl::append_block(Append append_payload) {
  const size_t start = pending.size();
  append_payload(pending);
  const BlockHandle appended{written + start, pending.size() - start};
  append_block_trailer(pending, start, Compression::kNone, appended.offset);
  return appended;
}

Result<void> SstableBuilder::Impl::write() {
  RETURN_IF_ERROR(file->append(pending, cause));
  written += pending.size();
  pending.clear();
  return {};
}

}  // namespace revenant::sstable
