#include "sim/workload/value.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"
#include "engine/base/checksum.h"
#include "engine/base/coding.h"

namespace revenant::sim {
namespace {

constexpr size_t kIdSize = sizeof(uint64_t);
constexpr size_t kHeadSize = kIdSize + sizeof(uint64_t);
static_assert(kHeadSize == kValueSizeMin);

// A linear congruential sequence (Knuth's MMIX constants): cheap, and noise enough for a
// compressor.
void fill(char* at, size_t size, uint64_t word) {
  while (size > 0) {
    word = word * 6364136223846793005u + 1442695040888963407u;
    const size_t part = std::min(size, sizeof word);
    std::memcpy(at, &word, part);
    at += part;
    size -= part;
  }
}

uint64_t check_of(uint64_t id, Bytes padding) { return hash64(padding, id); }

}  // namespace

Buffer encode_value(WriteId write, size_t size) {
  CHECK(size >= kValueSizeMin, "size={}", size);
  Buffer value(size, '\0');
  std::memcpy(value.data(), &write.value, kIdSize);
  fill(value.data() + kHeadSize, size - kHeadSize, hash64(Bytes(value.data(), kIdSize)));
  const uint64_t check = check_of(write.value, Bytes(value).substr(kHeadSize));
  std::memcpy(value.data() + kIdSize, &check, sizeof check);
  return value;
}

std::optional<WriteId> decode_value(Bytes value) {
  Decoder in(value);
  const auto id = in.fixed<uint64_t>();
  const auto check = in.fixed<uint64_t>();
  if (in.failed() || check != check_of(id, in.rest())) return std::nullopt;
  return WriteId{id};
}

}  // namespace revenant::sim
