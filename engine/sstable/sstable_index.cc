#include "engine/sstable/sstable_index.h"

#include <algorithm>

namespace revenant::sstable {
namespace {

// The first eight bytes, zeros after the end, as a number. A smaller one means a smaller key; equal
// ones say nothing.
uint64_t key_prefix(Bytes user_key) {
  char bytes[8] = {};
  std::memcpy(bytes, user_key.data(), std::min<size_t>(user_key.size(), 8));
  return get_big_endian64(bytes);
}

}  // namespace

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
  if (count == 0 || count > index.payload_.size()) return std::unexpected("index: no blocks");
  index.blocks_.reserve(count);
  index.prefixes_.reserve(count);
  uint64_t offset = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const Bytes key = in.bytes();
    const uint64_t size = in.varint();
    if (in.failed() || key.size() < kTrailerSize) return std::unexpected("index: not a key");
    if (size > data_size - offset || data_size - offset - size < kChecksumSize) {
      return std::unexpected("index: a block beyond the data");
    }
    if (i > 0 && compare_internal_keys(index.last_key(i - 1), key) >= 0) {
      return std::unexpected("index: keys out of order");
    }
    const auto key_offset = static_cast<uint64_t>(key.data() - index.payload_.data());
    index.blocks_.push_back({key_offset, key.size(), {offset, size}});
    index.prefixes_.push_back(key_prefix(user_key_of(key)));
    offset += size + kChecksumSize;
  }
  if (!in.empty() || offset != data_size) return std::unexpected("index: blocks unaccounted for");
  return index;
}

size_t SstableIndex::find(const SeekTarget& target) const {
  const auto [first, last] =
      std::equal_range(prefixes_.begin(), prefixes_.end(), key_prefix(target.user_key));
  auto least = static_cast<size_t>(first - prefixes_.begin());
  auto greatest = static_cast<size_t>(last - prefixes_.begin());
  while (least < greatest) {
    const size_t middle = least + (greatest - least) / 2;
    if (compare(last_key(middle), target) < 0) {
      least = middle + 1;
    } else {
      greatest = middle;
    }
  }
  return least;
}

}  // namespace revenant::sstable
