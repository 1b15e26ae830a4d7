// Integers as bytes. Fixed ones are little-endian; big_endian64 orders as its number does.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "engine/base/bytes.h"

namespace revenant {

static_assert(std::endian::native == std::endian::little, "fixed integers are copied as they lie");

template <typename T>
void put_fixed(Buffer& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <typename T>
T get_fixed(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline void put_big_endian64(Buffer& out, uint64_t value) { put_fixed(out, std::byteswap(value)); }
inline uint64_t get_big_endian64(const char* at) { return std::byteswap(get_fixed<uint64_t>(at)); }

// LEB128: seven bits a byte, low bits first; at most 10 bytes.
inline void put_varint(Buffer& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}
inline void put_bytes(Buffer& out, Bytes bytes) {  // varint length, then the bytes
  put_varint(out, bytes.size());
  out.append(bytes);
}

// Takes fields off the front of a view. After a field that is not there, failed() is true for ever
// and every further field is zero or empty: check once, at the end.
class Decoder {
 public:
  explicit Decoder(Bytes in) : in_(in) {}

  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !in_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(in_.front());
      in_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    fail();
    return 0;
  }
  template <typename T>
  T fixed() {
    if (in_.size() < sizeof(T)) {
      fail();
      return T{};
    }
    T value = get_fixed<T>(in_.data());
    in_.remove_prefix(sizeof(T));
    return value;
  }
  Bytes bytes() { return raw(varint()); }
  Bytes raw(uint64_t size) {
    if (failed_ || in_.size() < size) {
      fail();
      return {};
    }
    Bytes result = in_.substr(0, size);
    in_.remove_prefix(size);
    return result;
  }

  Bytes rest() const { return in_; }
  bool empty() const { return in_.empty(); }
  bool failed() const { return failed_; }
  // For a field that is there but makes no sense.
  void fail() {
    failed_ = true;
    in_ = {};
  }

 private:
  Bytes in_;
  bool failed_ = false;
};

}  // namespace revenant
