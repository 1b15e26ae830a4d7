#include "engine/sstable/sstable_format.h"

#include "engine/base/check.h"

namespace revenant::sstable {
namespace {

uint32_t block_checksum(Bytes summed, uint64_t offset) {
  return static_cast<uint32_t>(hash64(summed, offset));
}

}  // namespace

void append_block_trailer(Buffer& out, size_t start, Compression compression, uint64_t offset) {
  out.push_back(static_cast<char>(compression));
  put_fixed(out, block_checksum(Bytes(out).substr(start), offset));
}

Decoded<StoredBlock> decode_block(Bytes block, uint64_t offset) {
  if (block.size() < kBlockTrailerSize) return std::unexpected("no block");
  const Bytes summed = block.substr(0, block.size() - sizeof(uint32_t));
  if (get_fixed<uint32_t>(summed.data() + summed.size()) != block_checksum(summed, offset)) {
    return std::unexpected("wrong checksum");
  }
  if (static_cast<uint8_t>(summed.back()) > static_cast<uint8_t>(Compression::kZstd)) {
    return std::unexpected("unknown compression");
  }
  return StoredBlock{summed.substr(0, summed.size() - 1), static_cast<Compression>(summed.back())};
}

void append_footer(Buffer& out, const Footer& footer) {
  const size_t start = out.size();
  put_fixed(out, footer.index_partitions_offset);
  put_fixed(out, footer.filter_offset);
  put_fixed(out, footer.index_offset);
  put_fixed(out, footer.range_tombstones_offset);
  put_fixed(out, footer.properties_offset);
  put_fixed(out, footer.file_size);
  put_fixed(out, kFormatVersion);
  put_fixed(out, checksum32(Bytes(out).substr(start)));
  out.append(kMagic);
  CHECK(out.size() - start == kFooterSize, "footer of {} bytes", out.size() - start);
}

Decoded<Footer> decode_footer(Bytes bytes, uint64_t file_size) {
  Decoder in(bytes);
  Footer footer;
  footer.index_partitions_offset = in.fixed<uint64_t>();
  footer.filter_offset = in.fixed<uint64_t>();
  footer.index_offset = in.fixed<uint64_t>();
  footer.range_tombstones_offset = in.fixed<uint64_t>();
  footer.properties_offset = in.fixed<uint64_t>();
  footer.file_size = in.fixed<uint64_t>();
  const auto version = in.fixed<uint32_t>();
  const Bytes summed = bytes.substr(0, bytes.size() - in.rest().size());
  const auto checksum = in.fixed<uint32_t>();
  const Bytes magic = in.raw(kMagic.size());

  if (in.failed() || !in.empty() || magic != kMagic) return std::unexpected("not an SSTable");
  // First: another version's footer may be of another size.
  if (version != kFormatVersion) return std::unexpected("footer: unknown format version");
  if (checksum != checksum32(summed)) return std::unexpected("footer: wrong checksum");
  if (file_size != footer.file_size) return std::unexpected("footer: of a file of another size");
  const auto is_block = [](uint64_t start, uint64_t end) {
    return start <= end && end - start >= kBlockTrailerSize;
  };
  if (file_size < kFooterSize || footer.index_partitions_offset > footer.filter_offset ||
      !is_block(footer.filter_offset, footer.index_offset) ||
      !is_block(footer.index_offset, footer.range_tombstones_offset) ||
      !is_block(footer.range_tombstones_offset, footer.properties_offset) ||
      !is_block(footer.properties_offset, file_size - kFooterSize)) {
    return std::unexpected("footer: offsets out of order");
  }
  return footer;
}

void append_properties(Buffer& out, const SstableProperties& p) {
  put_varint(out, p.entries);
  put_varint(out, p.tombstones);
  put_varint(out, p.expiring);
  put_varint(out, p.range_tombstones);
  put_bytes(out, p.least_key);
  put_bytes(out, p.greatest_key);
  put_fixed(out, p.least_version.value);
  put_fixed(out, p.greatest_version.value);
  put_fixed(out, p.least_sequence.value);
  put_fixed(out, p.greatest_sequence.value);
  put_fixed(out, p.least_deletion_time.ns);
  put_fixed(out, p.greatest_deletion_time.ns);
  put_varint(out, p.key_bytes);
  put_varint(out, p.value_bytes);
  p.deletion_times.append_to(out);
  put_varint(out, p.data_blocks);
  put_varint(out, p.tombstone_dense_blocks);
  put_varint(out, p.most_deletions_in_window);
}

SstableProperties decode_properties(Decoder& in) {
  SstableProperties p;
  p.entries = in.varint();
  p.tombstones = in.varint();
  p.expiring = in.varint();
  p.range_tombstones = in.varint();
  p.least_key = in.bytes();
  p.greatest_key = in.bytes();
  p.least_version.value = in.fixed<uint64_t>();
  p.greatest_version.value = in.fixed<uint64_t>();
  p.least_sequence.value = in.fixed<uint64_t>();
  p.greatest_sequence.value = in.fixed<uint64_t>();
  p.least_deletion_time.ns = in.fixed<int64_t>();
  p.greatest_deletion_time.ns = in.fixed<int64_t>();
  p.key_bytes = in.varint();
  p.value_bytes = in.varint();
  p.deletion_times = TombstoneHistogram::decode(in);
  p.data_blocks = in.varint();
  p.tombstone_dense_blocks = in.varint();
  p.most_deletions_in_window = in.varint();
  return p;
}

}  // namespace revenant::sstable
