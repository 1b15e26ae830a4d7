#include "engine/sstable/compression.h"

#include <lz4.h>
#include <zstd.h>

#include <memory>

#include "engine/base/check.h"
#include "engine/base/coding.h"

namespace revenant::sstable {
namespace {

// The library's own default (ZSTD_CLEVEL_DEFAULT), and RocksDB's.
constexpr int kZstdLevel = 3;
// A block is closed at its size, so one payload is at most that and one entry.
constexpr uint64_t kPayloadMax = LZ4_MAX_INPUT_SIZE;

// Memory that the library works in, one per thread: taking it anew costs more than a block.
ZSTD_CCtx* compression_context() {
  thread_local const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                                ZSTD_freeCCtx);
  return context.get();
}
ZSTD_DCtx* decompression_context() {
  thread_local const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                                ZSTD_freeDCtx);
  return context.get();
}

// Bytes written, or 0 if they are more than `capacity`.
size_t compress(Compression compression, Bytes payload, char* out, size_t capacity) {
  if (compression == Compression::kLz4) {
    return static_cast<size_t>(LZ4_compress_default(
        payload.data(), out, static_cast<int>(payload.size()), static_cast<int>(capacity)));
  }
  const size_t size = ZSTD_compressCCtx(compression_context(), out, capacity, payload.data(),
                                        payload.size(), kZstdLevel);
  return ZSTD_isError(size) != 0 ? 0 : size;
}

}  // namespace

bool append_compressed(Buffer& out, Compression compression, Bytes payload) {
  if (compression == Compression::kNone || payload.size() > kPayloadMax) return false;
  const size_t start = out.size();
  put_varint(out, payload.size());
  const size_t header = out.size() - start;
  const size_t most = payload.size() - payload.size() / 8;
  if (most <= header) {
    out.resize(start);
    return false;
  }
  out.resize(start + most);
  const size_t size = compress(compression, payload, out.data() + start + header, most - header);
  out.resize(size == 0 ? start : start + header + size);
  return size > 0;
}

bool decompress(Compression compression, Bytes stored, Buffer& out) {
  Decoder in(stored);
  const uint64_t size = in.varint();
  if (in.failed() || size > kPayloadMax) return false;
  const Bytes bytes = in.rest();
  // Neither makes more than 255 times as much of its input (LZ4), or says so first (Zstandard): a
  // damaged size must not ask for gigabytes.
  if (compression == Compression::kLz4) {
    if (size / 255 > bytes.size()) return false;
    out.resize(size);
    return LZ4_decompress_safe(bytes.data(), out.data(), static_cast<int>(bytes.size()),
                               static_cast<int>(size)) == static_cast<int>(size);
  }
  if (compression != Compression::kZstd) return false;
  if (ZSTD_getFrameContentSize(bytes.data(), bytes.size()) != size) return false;
  out.resize(size);
  return ZSTD_decompressDCtx(decompression_context(), out.data(), size, bytes.data(),
                             bytes.size()) == size;
}

}  // namespace revenant::sstable
