#include "sim/record/key.h"

namespace revenant::sim {
namespace {
constexpr Bytes kPrefix = "key";
}

Buffer key_name(uint64_t index) {
  Buffer name(kKeySize, '0');
  kPrefix.copy(name.data(), kPrefix.size());
  for (size_t at = kKeySize; index != 0 && at > kPrefix.size(); index /= 10) {
    name[--at] = static_cast<char>('0' + index % 10);
  }
  return name;
}

std::optional<uint64_t> key_index(Bytes key) {
  if (key.size() != kKeySize || !key.starts_with(kPrefix)) return std::nullopt;
  uint64_t index = 0;
  for (const char c : key.substr(kPrefix.size())) {
    if (c < '0' || c > '9') return std::nullopt;
    index = index * 10 + static_cast<uint64_t>(c - '0');
  }
  return index;
}

}  // namespace revenant::sim
