#include "engine/sstable/sstable_index.h"

#include <algorithm>

namespace revenant::sstable {
namespace {

// The first eight bytes of what all keys do not share, zeros after the end, as a number. A smaller
// one means a smaller key; equal ones say nothing.
uint64_t key_prefix(Bytes rest) {
  char bytes[8] = {};
  std::memcpy(bytes, rest.data(), std::min<size_t>(rest.size(), 8));
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
  if (in.failed() || count > index.payload_.size()) return std::unexpected("index: no blocks");
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
    offset += size + kChecksumSize;
  }
  if (!in.empty() || offset != data_size) return std::unexpected("index: blocks unaccounted for");
  if (count == 0) return index;
  // They are sorted, so what the first and the last have in common all have.
  index.common_size_ =
      common_prefix(user_key_of(index.last_key(0)), user_key_of(index.last_key(count - 1)));
  for (uint64_t i = 0; i < count; ++i) {
    index.prefixes_.push_back(
        key_prefix(user_key_of(index.last_key(i)).substr(index.common_size_)));
  }
  return index;
}

size_t SstableIndex::find(const SeekTarget& target) const {
  if (blocks_.empty()) return 0;
  const Bytes common = user_key_of(last_key(0)).substr(0, common_size_);
  const int c = target.user_key.substr(0, common_size_).compare(common);
  if (c != 0) return c < 0 ? 0 : size();

  // The first prefix not below the target's, without branches that would be guessed wrong half the
  // time.
  const uint64_t prefix = key_prefix(target.user_key.substr(common_size_));
  size_t least = 0;
  for (size_t left = size(); left > 0; left /= 2) {
    const size_t half = (left + 1) / 2;
    least += prefixes_[least + half - 1] < prefix ? half : 0;
  }
  // Among blocks of the same prefix, by the whole key.
  const auto same = prefixes_.begin() + static_cast<ptrdiff_t>(least);
  auto greatest = least;
  if (same != prefixes_.end() && *same == prefix) {
    greatest += static_cast<size_t>(std::upper_bound(same, prefixes_.end(), prefix) - same);
  }
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
