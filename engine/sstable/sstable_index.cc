#include "engine/sstable/sstable_index.h"

namespace revenant::sstable {
void SstableIndexBuilder::add(Bytes last_key, uint64_t block_size) {
  ++blocks_;
  put_bytes(entries_, last_key);
  put_varint(entries_, block_size);
}

void SstableIndexBuilder::append_to(Buffer& out) const {
  put_varint(out, blocks_);
  out.append(entries_);
}

Decoded<SstableIndex> SstableIndex::decode(Buffer payload, uint64_t data_size) {
  SstableIndex index;
  index.payload_ = std::move(payload);
  Decoder in(index.payload_);
  const uint64_t count = in.varint();
  if (in.failed() || count > index.payload_.size()) return std::unexpected("index: no blocks");
  index.blocks_.reserve(count);
  uint64_t offset = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const Bytes key = in.bytes();
    const uint64_t size = in.varint();
    if (in.failed() || key.size() < kTrailerSize) return std::unexpected("index: not a key");
    if (size > data_size - offset || data_size - offset - size < kBlockTrailerSize) {
      return std::unexpected("index: a block beyond the data");
    }
    if (i > 0 && compare_internal_keys(index.last_key(i - 1), key) >= 0) {
      return std::unexpected("index: keys out of order");
    }
    const auto key_offset = static_cast<uint64_t>(key.data() - index.payload_.data());
    index.blocks_.push_back({key_offset, key.size(), {offset, size}});
    offset += size + kBlockTrailerSize;
  }
  if (!in.empty() || offset != data_size) return std::unexpected("index: blocks unaccounted for");
  if (count == 0) return index;
  index.last_keys_ =
      SortedKeys(count, [&index](size_t i) { return user_key_of(index.last_key(i)); });
  return index;
}

size_t SstableIndex::find(const SeekTarget& target) const {
  return last_keys_.find(target.user_key,
                         [&](size_t i) { return compare(last_key(i), target) < 0; });
}

}  // namespace revenant::sstable
