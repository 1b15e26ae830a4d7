// Every value names the write that made it, so that any read can be judged.
//
//   | write id 8 | check 8 | padding, a function of the id … |
//
// The check covers id, padding and length: a value that is torn, mixed from two writes, or cut
// short is told apart from one that a write made. It does not cover the key: a whole value under
// the wrong key is for the history to notice.
#pragma once

#include <optional>

#include "engine/base/bytes.h"
#include "sim/record/operation.h"

namespace revenant::sim {

inline constexpr size_t kValueSizeMin = 16;

// `size` bytes, at least kValueSizeMin. Padding looks random: it does not compress.
Buffer encode_value(WriteId write, size_t size);

// Who wrote it; nothing if no write makes such bytes.
std::optional<WriteId> decode_value(Bytes value);

}  // namespace revenant::sim
