// Compression of data blocks.
#pragma once

#include <array>
#include <cstdint>

#include "engine/base/bytes.h"
#include "engine/base/settings.h"

namespace revenant::sstable {

// The numbers are in files.
enum class Compression : uint8_t { kNone = 0, kLz4 = 1, kZstd = 2 };
constexpr auto enum_names(Compression) {
  return std::array{
      EnumName<Compression>{Compression::kNone, "none", "blocks as they are"},
      EnumName<Compression>{Compression::kLz4, "lz4", "LZ4"},
      EnumName<Compression>{Compression::kZstd, "zstd", "Zstandard, level 3"},
  };
}

// Appends `size of the payload v | compressed bytes`. Nothing and false if that saves less than an
// eighth (as LevelDB and RocksDB): such a block lies uncompressed.
bool append_compressed(Buffer& out, Compression compression, Bytes payload);
// The payload into `out` (replaced); false if `stored` is nothing that append_compressed() wrote.
bool decompress(Compression compression, Bytes stored, Buffer& out);

}  // namespace revenant::sstable
