// A fuzz target is a function over bytes that must come to an end whatever they are: no crash, no
// CHECK, no sanitizer's report, no answer that contradicts another.
//
//   clang, libFuzzer   fuzz_NAME          looks for such bytes       ./dev validate fuzz
//   any compiler       fuzz_replay_NAME   runs over tests/fuzz/corpus/NAME, in the normal suite
//
// The first byte of an input says whether the rest is taken as it is (even) or its checksums are made
// right first (odd): random changes would hardly ever pass them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/base/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace revenant::fuzz {

struct Input {
  bool reseal;
  Bytes bytes;
  static std::optional<Input> of(const uint8_t* data, size_t size) {
    if (size == 0) return std::nullopt;
    return Input{(data[0] & 1) != 0, Bytes(reinterpret_cast<const char*>(data) + 1, size - 1)};
  }
};

}  // namespace revenant::fuzz
