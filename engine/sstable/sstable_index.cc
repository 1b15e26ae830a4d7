#include "engine/sstable/sstable_index.h"

#include "engine/base/check.h"

namespace revenant::sstable {

SeekTarget limit_between(Bytes last, Bytes next) {
  const Bytes user_key = user_key_of(next);
  const size_t common = common_prefix(user_key_of(last), user_key);
  if (common == user_key.size()) return SeekTarget::exactly(next);  // of the same user key
  return SeekTarget::first_of(user_key.substr(0, common + 1));
}

void SstableIndexBuilder::add(const SeekTarget& limit, const BlockHandle& block) {
  const Bytes trailer(limit.trailer, kTrailerSize);
  const bool has_trailer = trailer != Bytes(SeekTarget::first_of({}).trailer, kTrailerSize);
  Buffer encoded;
  put_varint(encoded, 2 * limit.user_key.size() + (has_trailer ? 1 : 0));
  encoded.append(limit.user_key);
  if (has_trailer) encoded.append(trailer);
  add_encoded(encoded, block);
}

void SstableIndexBuilder::add(const SstableIndexBuilder& partition, const BlockHandle& block) {
  add_encoded(partition.limit_, block);
}

void SstableIndexBuilder::add_encoded(Bytes limit, const BlockHandle& block) {
  if (blocks_++ == 0) begin_ = end_ = block.offset;
  CHECK(block.offset == end_, "{} != {}", block.offset, end_);
  end_ = block.end();
  limit_ = limit;
  entries_.append(limit);
  put_varint(entries_, block.size);
}

void SstableIndexBuilder::append_to(Buffer& out) const {
  put_varint(out, begin_);
  put_varint(out, blocks_);
  out.append(entries_);
}

Decoded<SstableIndex> SstableIndex::decode(Buffer payload, uint64_t end_max) {
  SstableIndex index;
  index.payload_ = std::move(payload);
  Decoder in(index.payload_);
  index.begin_ = in.varint();
  const uint64_t count = in.varint();
  if (in.failed() || count > index.payload_.size()) return std::unexpected("index: no blocks");
  if (index.begin_ > end_max) return std::unexpected("index: a block beyond the data");
  index.blocks_.reserve(count);
  uint64_t offset = index.begin_;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t key = in.varint();
    const Bytes user_key = in.raw(key / 2);
    if (key % 2 == 1) in.raw(kTrailerSize);
    const uint64_t size = in.varint();
    if (in.failed()) return std::unexpected("index: not a key");
    if (size > end_max - offset || end_max - offset - size < kBlockTrailerSize) {
      return std::unexpected("index: a block beyond the data");
    }
    index.blocks_.push_back(
        {.key_offset = static_cast<uint64_t>(user_key.data() - index.payload_.data()),
         .key_size = user_key.size(),
         .has_trailer = key % 2,
         .handle = {offset, size}});
    if (i > 0 && compare(index.limit(i - 1), index.limit(i)) >= 0) {
      return std::unexpected("index: keys out of order");
    }
    offset += size + kBlockTrailerSize;
  }
  if (!in.empty()) return std::unexpected("index: blocks unaccounted for");
  if (count == 0) return index;
  index.limits_ = SortedKeys(count, [&index](size_t i) { return index.limit(i).user_key; });
  return index;
}

SeekTarget SstableIndex::limit(size_t i) const {
  const Block& block = blocks_[i];
  const Bytes user_key = Bytes(payload_).substr(block.key_offset, block.key_size);
  if (block.has_trailer == 0) return SeekTarget::first_of(user_key);
  return {user_key, user_key.data() + user_key.size()};
}

size_t SstableIndex::find(const SeekTarget& target) const {
  return limits_.find(target.user_key, [&](size_t i) { return compare(limit(i), target) <= 0; });
}

}  // namespace revenant::sstable
