// A Bloom filter of a whole file: k bits are set for each key; a key one of whose bits is clear was
// never added.
//
// The k positions come from one 64-bit hash by double hashing, h, h + d, h + 2d, … (Kirsch,
// Mitzenmacher 2006), which costs nothing in accuracy: at 10 bits per key and k = 7, (1 -
// e^(-7/10))^7 = 0.82 % of absent keys pass.
//
// A blocked filter keeps all bits of a key within one line of 64 bytes (Putze, Sanders, Singler 2007;
// RocksDB's default), which the upper half of the hash chooses: one cache miss in place of k. Lines get
// unequally many keys, by Poisson with 512/b on average, which costs accuracy: at 10 bits per key
// 0.96 % pass in place of 0.82 %.
//
//   standard | bits, 8 to a byte … | probes 1 | type 1 |
//   blocked  | lines of 64 bytes … | probes 1 | type 1 |
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/checksum.h"
#include "engine/sstable/options.h"

namespace revenant::sstable {

inline uint64_t bloom_hash(Bytes user_key) { return hash64(user_key); }

// The best number of probes: bits per key * ln 2, rounded; at least 1.
int bloom_probes(int64_t bits_per_key);

// Appends a filter of these bloom_hash()es; `bits_per_key` at least 1.
void append_bloom_filter(Buffer& out, const std::vector<uint64_t>& hashes, int64_t bits_per_key,
                         BloomType type = BloomType::kStandard);

class BloomFilter {
 public:
  // Whether append_bloom_filter could have written these bytes.
  static bool is_sound(Bytes bytes);
  // `bytes` are sound.
  explicit BloomFilter(Buffer bytes);

  bool may_contain(uint64_t hash) const;

 private:
  Buffer bits_;
  int probes_;
  BloomType type_;
};

}  // namespace revenant::sstable
