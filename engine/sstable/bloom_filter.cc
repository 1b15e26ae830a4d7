#include "engine/sstable/bloom_filter.h"

#include <algorithm>
#include <bit>

#include "engine/base/check.h"

namespace revenant::sstable {
namespace {

constexpr int kMaxProbes = 64;
constexpr uint64_t kLineBytes = 64;

// The positions of one key. The bit number is the hash scaled to the number of bits (Lemire's
// multiplication in place of a remainder), so the upper half of the hash chooses the first and the
// lower half the distance.
class Positions {
 public:
  Positions(uint64_t hash, uint64_t bits)
      : hash_(hash), step_(std::rotl(hash, 32) | 1), bits_(bits) {}
  uint64_t next() {
    const auto bit = static_cast<uint64_t>(static_cast<unsigned __int128>(hash_) * bits_ >> 64);
    hash_ += step_;
    return bit;
  }

 private:
  uint64_t hash_;
  const uint64_t step_, bits_;
};

// Calls `visit` with each of a key's bit numbers, of `bytes` bytes, until it returns false.
template <typename Visit>
bool all_positions(uint64_t hash, uint64_t bytes, int probes, BloomType type, Visit visit) {
  if (type == BloomType::kBlocked) {
    const uint64_t lines = bytes / kLineBytes;
    const auto line =
        static_cast<uint64_t>(static_cast<unsigned __int128>(hash) * lines >> 64) * kLineBytes * 8;
    // Double hashing would give too few patterns within 512 bits; each further multiplication
    // (golden ratio, as RocksDB's FastLocalBloom) brings nine fresh bits to the top.
    for (int i = 0; i < probes; ++i) {
      hash *= 0x9E3779B97F4A7C15u;
      if (!visit(line + (hash >> 55))) return false;
    }
    return true;
  }
  Positions positions(hash, bytes * 8);
  for (int i = 0; i < probes; ++i) {
    if (!visit(positions.next())) return false;
  }
  return true;
}

}  // namespace

int bloom_probes(int64_t bits_per_key) {
  constexpr int64_t kLn2Millionths = 693'147;
  const int64_t rounded = (bits_per_key * kLn2Millionths + 500'000) / 1'000'000;
  return static_cast<int>(std::clamp<int64_t>(rounded, 1, kMaxProbes));
}

void append_bloom_filter(Buffer& out, const std::vector<uint64_t>& hashes, int64_t bits_per_key,
                         BloomType type) {
  CHECK(bits_per_key >= 1, "bits_per_key={}", bits_per_key);
  // Small filters pass far more than their share; LevelDB's floor of 64 bits.
  const uint64_t bits = std::max<uint64_t>(64, hashes.size() * static_cast<uint64_t>(bits_per_key));
  const uint64_t unit = type == BloomType::kBlocked ? kLineBytes : 1;
  const uint64_t bytes = (bits + 8 * unit - 1) / (8 * unit) * unit;
  const int probes = bloom_probes(bits_per_key);
  const size_t start = out.size();
  out.append(bytes, '\0');
  char* array = out.data() + start;
  for (const uint64_t hash : hashes) {
    all_positions(hash, bytes, probes, type, [array](uint64_t bit) {
      array[bit / 8] = static_cast<char>(array[bit / 8] | 1 << bit % 8);
      return true;
    });
  }
  out.push_back(static_cast<char>(probes));
  out.push_back(static_cast<char>(type));
}

bool BloomFilter::is_sound(Bytes bytes) {
  if (bytes.size() < 3) return false;
  const auto type = static_cast<uint8_t>(bytes.back());
  const char probes = bytes[bytes.size() - 2];
  const uint64_t size = bytes.size() - 2;
  return type <= static_cast<uint8_t>(BloomType::kBlocked) && probes >= 1 && probes <= kMaxProbes &&
         (type == static_cast<uint8_t>(BloomType::kStandard) || size % kLineBytes == 0);
}

BloomFilter::BloomFilter(Buffer bytes) : bits_(std::move(bytes)) {
  CHECK(is_sound(bits_));
  type_ = static_cast<BloomType>(bits_.back());
  bits_.pop_back();
  probes_ = bits_.back();
  bits_.pop_back();
}

bool BloomFilter::may_contain(uint64_t hash) const {
  return all_positions(hash, bits_.size(), probes_, type_, [this](uint64_t bit) {
    return (static_cast<uint8_t>(bits_[bit / 8]) >> bit % 8 & 1) != 0;
  });
}

}  // namespace revenant::sstable
