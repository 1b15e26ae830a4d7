// Names of keys: fixed width, so that every key costs the same and its number can be read back.
#pragma once

#include <optional>

#include "engine/base/bytes.h"

namespace revenant::sim {

inline constexpr size_t kKeySize = 16;  // "key" and 13 digits

Buffer key_name(uint64_t index);
// The number in a key's name; nothing if it is not one.
std::optional<uint64_t> key_index(Bytes key);

}  // namespace revenant::sim
