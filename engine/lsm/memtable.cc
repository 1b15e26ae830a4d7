#include "engine/lsm/memtable.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "engine/base/check.h"
#include "engine/base/checksum.h"
#include "engine/base/coding.h"

namespace revenant::lsm {
namespace {

// A key's first 8 bytes as a number that orders as they do: most comparisons end here, without
// touching the key.
uint64_t key_prefix(Bytes key) {
  if (key.size() >= 8) return get_big_endian64(key.data());
  char bytes[8] = {};
  std::copy_n(key.data(), key.size(), bytes);
  return get_big_endian64(bytes);
}

// The height of the entry with this sequence: each further level with chance 1/4. A hash of the
// sequence, so that the shape depends on nothing else (murmur3's finalizer).
int height_of(SequenceNumber sequence, int height_max) {
  uint64_t h = sequence.value;
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdULL;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  h ^= h >> 33;
  return std::min(1 + std::countr_zero(h | 1ULL << 62) / 2, height_max);
}

}  // namespace

// In the arena: the node, the further `next` pointers of its height, the internal key, the value.
struct Memtable::Node {
  uint64_t prefix;
  uint32_t key_bytes;  // of the internal key
  uint32_t value_bytes;
  uint32_t height;
  Node* next[1];

  const char* key_data() const { return reinterpret_cast<const char*>(next + height); }
  Bytes key() const { return {key_data(), key_bytes}; }
  Bytes user_key() const { return {key_data(), key_bytes - sstable::kTrailerSize}; }
  Bytes value() const { return {key_data() + key_bytes, value_bytes}; }
  static bool valid() { return true; }

  static Node* create(Arena& arena, int height, Bytes user_key, const char* trailer,
                      size_t value_bytes) {
    const size_t key_bytes = user_key.size() + sstable::kTrailerSize;
    const auto levels = static_cast<size_t>(height);
    const size_t bytes = offsetof(Node, next) + levels * sizeof(Node*) + key_bytes + value_bytes;
    Node* node =
        new (arena.allocate(std::max(bytes, sizeof(Node)))) Node{key_prefix(user_key),
                                                                 static_cast<uint32_t>(key_bytes),
                                                                 static_cast<uint32_t>(value_bytes),
                                                                 static_cast<uint32_t>(height),
                                                                 {nullptr}};
    std::fill_n(node->next, levels, nullptr);
    char* key = reinterpret_cast<char*>(node->next + levels);
    std::copy_n(user_key.data(), user_key.size(), key);
    std::memcpy(key + user_key.size(), trailer, sstable::kTrailerSize);
    return node;
  }
  char* value_data() { return reinterpret_cast<char*>(next + height) + key_bytes; }
};

namespace {

struct Trailer {
  char bytes[sstable::kTrailerSize];
  Trailer(Version version, SequenceNumber sequence, CellKind kind) {
    const uint64_t words[2] = {
        std::byteswap(~version.value),
        std::byteswap(~(sequence.value << 8 | static_cast<uint64_t>(kind))),
    };
    std::memcpy(bytes, words, sizeof bytes);
  }
};
// Of encoded entries: at 130 bytes each, 16 bits of the filter for one; 1 % of absent keys pass.
constexpr uint64_t kBytesPerFilterWord = 512;

// A key's word of the filter, and its bits there.
struct FilterPlace {
  size_t word;
  uint64_t bits;
  FilterPlace(Bytes user_key, size_t words) {
    const uint64_t hash = hash64(user_key);
    word = static_cast<size_t>(static_cast<unsigned __int128>(hash) * words >> 64);
    bits = 0;
    for (int i = 0; i < 4; ++i) bits |= uint64_t{1} << (hash >> 6 * i & 63);
  }
};

constexpr char kFirstTrailer[sstable::kTrailerSize] = {};  // before every entry of its user key

}  // namespace

Memtable::Memtable(uint64_t expected_bytes)
    : filter_(std::max<uint64_t>(1, expected_bytes / kBytesPerFilterWord)),
      head_(Node::create(arena_, kHeightMax, {}, kFirstTrailer, 0)) {}

Memtable::Node* Memtable::seek(Bytes user_key, const char* trailer, Node** previous) const {
  const uint64_t prefix = key_prefix(user_key);
  const auto before = [&](const Node* node) {
    if (node->prefix != prefix) return node->prefix < prefix;
    if (const int c = sstable::compare_user_keys(node->user_key(), user_key); c != 0) return c < 0;
    return sstable::compare_trailers(node->key_data() + user_key.size(), trailer) < 0;
  };
  Node* node = head_;
  Node* known = nullptr;  // a node found not to be before the key: it comes again one level down
  for (int level = height_ - 1;; --level) {
    Node* next = node->next[level];
    for (; next != nullptr && next != known; next = node->next[level]) {
      // Where the search goes on if this one is not before the key: its memory arrives meanwhile.
      if (level > 0) __builtin_prefetch(node->next[level - 1]);
      if (!before(next)) break;
      node = next;
    }
    known = next;
    if (previous != nullptr) previous[level] = node;
    if (level == 0) return known;
  }
}

void Memtable::insert(Bytes user_key, const CellView& cell, SequenceNumber sequence) {
  const Trailer trailer(cell.version, sequence, cell.kind);
  Node* previous[kHeightMax];
  const Node* after = seek(user_key, trailer.bytes, previous);
  CHECK(after == nullptr || after->key_bytes != user_key.size() + sstable::kTrailerSize ||
            std::memcmp(after->key_data() + user_key.size(), trailer.bytes,
                        sstable::kTrailerSize) != 0 ||
            after->user_key() != user_key,
        "sequence {} twice", sequence);

  const int height = height_of(sequence, kHeightMax);
  for (; height_ < height; ++height_) previous[height_] = head_;
  const size_t value_bytes = sstable::entry_value_size(cell);
  Node* node = Node::create(arena_, height, user_key, trailer.bytes, value_bytes);
  sstable::write_entry_value(node->value_data(), cell);
  for (int level = 0; level < height; ++level) {
    node->next[level] = previous[level]->next[level];
    previous[level]->next[level] = node;
  }

  const FilterPlace place(user_key, filter_.size());
  filter_[place.word] |= place.bits;
  ++entries_;
  bytes_ += node->key_bytes + node->value_bytes + 8;
  payload_bytes_ += user_key.size() + cell.value.size();
  account(cell.version, sequence);
}

void Memtable::insert(sstable::RangeTombstone tombstone) {
  CHECK(tombstone.start < tombstone.end, "an empty range");
  const size_t key_bytes = tombstone.start.size() + tombstone.end.size();
  bytes_ += key_bytes + sizeof tombstone.deletion_time.ns + sstable::kTrailerSize + 8;
  payload_bytes_ += key_bytes;
  account(tombstone.version, tombstone.sequence);
  range_tombstones_.push_back(std::move(tombstone));
}

void Memtable::account(Version version, SequenceNumber sequence) {
  least_version_ = std::min(least_version_, version);
  greatest_version_ = std::max(greatest_version_, version);
  greatest_sequence_ = std::max(greatest_sequence_, sequence);
}

const sstable::RangeTombstones& Memtable::cut_range_tombstones() const {
  if (cut_count_ != range_tombstones_.size()) {
    cut_ = sstable::RangeTombstones(range_tombstones_);
    cut_count_ = range_tombstones_.size();
  }
  return cut_;
}

const Memtable::Node* Memtable::last() const {
  const Node* node = head_;
  for (int level = height_ - 1; level >= 0; --level) {
    while (node->next[level] != nullptr) node = node->next[level];
  }
  return node == head_ ? nullptr : node;
}

std::optional<CellView> Memtable::get(Bytes user_key, SequenceNumber bound) const {
  const FilterPlace place(user_key, filter_.size());
  if ((filter_[place.word] & place.bits) != place.bits) return std::nullopt;
  const Node* node = seek(user_key, kFirstTrailer, nullptr);
  std::optional<CellView> best;
  for (; node != nullptr && node->user_key() == user_key; node = node->next[0]) {
    const sstable::InternalKey key = sstable::parse_internal_key(node->key());
    if (key.sequence > bound) continue;
    const CellView cell = sstable::entry_cell(key, node->value());
    if (best.has_value() && cell.version != best->version) break;
    if (!best.has_value() || compare_cells(cell, *best) > 0) best = cell;
  }
  return best;
}

bool Memtable::holds_older(Bytes user_key, Version version, SequenceNumber after) const {
  if (least_version_ > version || greatest_sequence_ <= after) return false;
  const Trailer from(version, SequenceNumber::max(), CellKind::kExpiring);
  for (const Node* node = seek(user_key, from.bytes, nullptr);
       node != nullptr && node->user_key() == user_key; node = node->next[0]) {
    if (sstable::parse_internal_key(node->key()).sequence > after) return true;
  }
  return false;
}

bool Memtable::holds_older(Bytes start, Bytes end, Version version, SequenceNumber after) const {
  if (least_version_ > version || greatest_sequence_ <= after) return false;
  for (const Node* node = seek(start, kFirstTrailer, nullptr);
       node != nullptr && node->user_key() < end; node = node->next[0]) {
    const sstable::InternalKey key = sstable::parse_internal_key(node->key());
    if (key.version <= version && key.sequence > after) return true;
  }
  return false;
}

class MemtableIterator final : public sstable::Iterator {
 public:
  explicit MemtableIterator(std::shared_ptr<const Memtable> memtable)
      : memtable_(std::move(memtable)) {}

  void seek_to_first() override { stand_on(memtable_->head_->next[0]); }
  void seek(Bytes internal_key) override {
    const Bytes user_key = sstable::user_key_of(internal_key);
    stand_on(memtable_->seek(user_key, internal_key.data() + user_key.size(), nullptr));
  }
  void seek_to_last() override { stand_on(memtable_->last()); }
  void next() override { stand_on(node_->next[0]); }
  // The list is linked forward only: a search for the predecessor.
  void prev() override {
    Memtable::Node* previous[Memtable::kHeightMax];
    memtable_->seek(node_->user_key(), node_->key_data() + node_->user_key().size(), previous);
    stand_on(previous[0] == memtable_->head_ ? nullptr : previous[0]);
  }
  Result<void> status() const override { return {}; }

 private:
  void stand_on(const Memtable::Node* node) {
    node_ = node;
    if (node == nullptr) return stand_nowhere();
    stand_as(*node);
  }

  const std::shared_ptr<const Memtable> memtable_;
  const Memtable::Node* node_ = nullptr;
};

std::unique_ptr<sstable::Iterator> Memtable::iterate() const {
  return std::make_unique<MemtableIterator>(shared_from_this());
}

}  // namespace revenant::lsm
