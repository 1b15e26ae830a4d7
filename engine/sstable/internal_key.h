// The key SSTables and memtables are ordered by:
//
//   user key | ~version 8, big-endian | ~(sequence << 8 | kind) 8, big-endian
//
// so that within one user key plain comparison of the last 16 bytes gives: greatest version first,
// then latest arrival. User keys compare first, as memcmp does, so one that is a prefix of another
// cannot be confused with it.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/base/cell.h"
#include "engine/base/check.h"
#include "engine/base/coding.h"

namespace revenant::sstable {

inline constexpr size_t kTrailerSize = 16;

struct InternalKey {
  Bytes user_key;
  Version version;
  SequenceNumber sequence;
  CellKind kind;
};

inline void append_internal_key(Buffer& out, Bytes user_key, Version version,
                                SequenceNumber sequence, CellKind kind) {
  out.append(user_key);
  put_big_endian64(out, ~version.value);
  put_big_endian64(out, ~(sequence.value << 8 | static_cast<uint64_t>(kind)));
}
// The first internal key that a user key can have: seek here to find all its entries.
inline Buffer seek_key(Bytes user_key) {
  Buffer out;
  out.reserve(user_key.size() + kTrailerSize);
  out.append(user_key);
  out.append(kTrailerSize, '\0');
  return out;
}
inline Bytes user_key_of(Bytes internal_key) {
  return internal_key.substr(0, internal_key.size() - kTrailerSize);
}
inline InternalKey parse_internal_key(Bytes key) {
  CHECK(key.size() >= kTrailerSize, "size={}", key.size());
  const char* trailer = key.data() + key.size() - kTrailerSize;
  const uint64_t packed = ~get_big_endian64(trailer + 8);
  return {user_key_of(key), Version{~get_big_endian64(trailer)}, SequenceNumber{packed >> 8},
          static_cast<CellKind>(packed & 0xff)};
}
// a.compare(b), without a call: most keys are few words, and differ in the first or second.
inline int compare_user_keys(Bytes a, Bytes b) {
  const size_t size = std::min(a.size(), b.size());
  size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    const uint64_t x = get_big_endian64(&a[at]);
    const uint64_t y = get_big_endian64(&b[at]);
    if (x != y) return x < y ? -1 : 1;
  }
  for (; at < size; ++at) {
    const auto x = static_cast<unsigned char>(a[at]);
    const auto y = static_cast<unsigned char>(b[at]);
    if (x != y) return x < y ? -1 : 1;
  }
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}
// Of two trailers, as memcmp.
inline int compare_trailers(const char* a, const char* b) {
  for (size_t at = 0; at < kTrailerSize; at += 8) {
    const uint64_t x = get_big_endian64(a + at);
    const uint64_t y = get_big_endian64(b + at);
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}
// How many bytes two keys share at their start.
inline size_t common_prefix(Bytes a, Bytes b) {
  const size_t size = std::min(a.size(), b.size());
  size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    const uint64_t different = get_fixed<uint64_t>(&a[at]) ^ get_fixed<uint64_t>(&b[at]);
    if (different != 0) return at + static_cast<size_t>(std::countr_zero(different)) / 8;
  }
  while (at < size && a[at] == b[at]) ++at;
  return at;
}
inline int compare_internal_keys(Bytes a, Bytes b) {
  if (int c = compare_user_keys(user_key_of(a), user_key_of(b)); c != 0) return c;
  return compare_trailers(a.data() + a.size() - kTrailerSize, b.data() + b.size() - kTrailerSize);
}

// What an entry's value holds: a value's bytes as they are; for a tombstone its deletion time (fixed
// 8, ns); for an expiring value both, the time first.
inline size_t entry_value_size(const CellView& cell) {
  return (cell.kind == CellKind::kValue ? 0 : sizeof(int64_t)) + cell.value.size();
}
inline void write_entry_value(char* out, const CellView& cell) {
  if (cell.kind != CellKind::kValue) {
    std::memcpy(out, &cell.deletion_time.ns, sizeof(int64_t));
    out += sizeof(int64_t);
  }
  std::copy_n(cell.value.data(), cell.value.size(), out);
}
inline Buffer encode_entry_value(const CellView& cell) {
  Buffer out(entry_value_size(cell), '\0');
  write_entry_value(out.data(), cell);
  return out;
}
// Whether an entry of this kind may hold these bytes.
inline bool is_entry_value(uint8_t kind, Bytes value) {
  switch (static_cast<CellKind>(kind)) {
    case CellKind::kValue:
      return true;
    case CellKind::kTombstone:
      return value.size() == sizeof(int64_t);
    case CellKind::kExpiring:
      return value.size() >= sizeof(int64_t);
  }
  return false;
}
inline CellView entry_cell(const InternalKey& key, Bytes value) {
  if (key.kind == CellKind::kValue) return {key.kind, key.version, {}, value};
  CHECK(is_entry_value(static_cast<uint8_t>(key.kind), value), "{} bytes", value.size());
  return {key.kind, key.version, Instant{get_fixed<int64_t>(value.data())},
          value.substr(sizeof(int64_t))};
}

}  // namespace revenant::sstable
