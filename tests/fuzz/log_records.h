// Puts right the checksums of a segment's records, as far as their lengths lead.
#pragma once

#include <cstring>

#include "engine/wal/wal_format.h"

namespace revenant::fuzz {

inline Buffer reseal_segment(Bytes bytes) {
  Buffer file(bytes);
  const Buffer header = wal::segment_header();
  if (file.size() < header.size()) return file;
  file.replace(0, header.size(), header);
  for (uint64_t at = header.size(); at + wal::kRecordHeaderSize <= file.size();) {
    // Lengths of mutated records mostly lead outside: as much as there is then.
    const uint64_t rest = file.size() - at - wal::kRecordHeaderSize;
    uint64_t length = get_fixed<uint32_t>(file.data() + at + 4);
    if (length > rest) length = rest;
    const auto stored = static_cast<uint32_t>(length);
    std::memcpy(file.data() + at + 4, &stored, sizeof stored);
    const uint32_t checksum = checksum32(Bytes(file).substr(at + 4, 4 + length));
    std::memcpy(file.data() + at, &checksum, sizeof checksum);
    at += wal::kRecordHeaderSize + length;
  }
  return file;
}

}  // namespace revenant::fuzz
