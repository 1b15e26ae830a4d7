// The bytes of a segment; wal.h says what they mean.
//
//   segment   | header 16: magic 8, format version 4, checksum of these 4 | record | record | …
//   record    | checksum 4 (of all that follows) | length 4 | payload |
#pragma once

#include "engine/base/checksum.h"
#include "engine/base/coding.h"

namespace revenant::wal {

inline constexpr uint64_t kSegmentHeaderSize = 16;
inline constexpr uint64_t kRecordHeaderSize = 8;
inline constexpr Bytes kMagic = "revnt.wl";
inline constexpr uint32_t kFormatVersion = 1;
static_assert(kMagic.size() + sizeof kFormatVersion + sizeof(uint32_t) == kSegmentHeaderSize);

inline Buffer segment_header() {
  Buffer header(kMagic);
  put_fixed(header, kFormatVersion);
  put_fixed(header, checksum32(header));
  return header;
}

}  // namespace revenant::wal
