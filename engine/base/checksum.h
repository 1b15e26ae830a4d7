// Checksums of what is stored, and hashes whose value is part of a format. Both are XXH3 (xxHash),
// whose output is fixed by its specification.
#pragma once

#include <xxhash.h>

#include <cstdint>

#include "engine/base/bytes.h"

namespace revenant {

inline uint64_t hash64(Bytes bytes, uint64_t seed = 0) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}
inline uint32_t checksum32(Bytes bytes) { return static_cast<uint32_t>(hash64(bytes)); }

}  // namespace revenant
