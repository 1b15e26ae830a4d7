#include "engine/sstable/bloom_filter.h"

#include <algorithm>
#include <bit>

#include "engine/base/check.h"

namespace revenant::sstable {
namespace {

constexpr int kMaxProbes = 64;

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

}  // namespace

int bloom_probes(int64_t bits_per_key) {
  constexpr int64_t kLn2Millionths = 693'147;
  const int64_t rounded = (bits_per_key * kLn2Millionths + 500'000) / 1'000'000;
  return static_cast<int>(std::clamp<int64_t>(rounded, 1, kMaxProbes));
}

void append_bloom_filter(Buffer& out, const std::vector<uint64_t>& hashes, int64_t bits_per_key) {
  CHECK(bits_per_key >= 1, "bits_per_key={}", bits_per_key);
  // Small filters pass far more than their share; LevelDB's floor of 64 bits.
  const uint64_t bits = std::max<uint64_t>(64, hashes.size() * static_cast<uint64_t>(bits_per_key));
  const uint64_t bytes = (bits + 7) / 8;
  const int probes = bloom_probes(bits_per_key);
  const size_t start = out.size();
  out.append(bytes, '\0');
  char* array = out.data() + start;
  for (const uint64_t hash : hashes) {
    Positions positions(hash, bytes * 8);
    for (int i = 0; i < probes; ++i) {
      const uint64_t bit = positions.next();
      array[bit / 8] = static_cast<char>(array[bit / 8] | 1 << bit % 8);
    }
  }
  out.push_back(static_cast<char>(probes));
}

bool BloomFilter::is_sound(Bytes bytes) {
  return bytes.size() >= 2 && bytes.back() >= 1 && bytes.back() <= kMaxProbes;
}

BloomFilter::BloomFilter(Buffer bytes) : bits_(std::move(bytes)) {
  CHECK(is_sound(bits_));
  probes_ = bits_.back();
  bits_.pop_back();
}

bool BloomFilter::may_contain(uint64_t hash) const {
  Positions positions(hash, bits_.size() * 8);
  for (int i = 0; i < probes_; ++i) {
    const uint64_t bit = positions.next();
    if ((static_cast<uint8_t>(bits_[bit / 8]) >> bit % 8 & 1) == 0) return false;
  }
  return true;
}

}  // namespace revenant::sstable
