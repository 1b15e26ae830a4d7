#include "engine/wal/wal.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/checksum.h"
#include "engine/base/coding.h"

namespace revenant::wal {
namespace {

constexpr Bytes kMagic = "revnt.wl";
constexpr uint32_t kFormatVersion = 1;
static_assert(kMagic.size() + sizeof kFormatVersion + sizeof(uint32_t) == kSegmentHeaderSize);

// Bytes asked of the file at a time; a longer record is read whole.
constexpr uint64_t kReadSize = 256 << 10;

Buffer segment_header() {
  Buffer header(kMagic);
  put_fixed(header, kFormatVersion);
  put_fixed(header, checksum32(header));
  return header;
}

void append_record(Buffer& out, Bytes payload) {
  CHECK(payload.size() <= UINT32_MAX, "payload of {} bytes", payload.size());
  const size_t start = out.size();
  put_fixed(out, uint32_t{0});  // the checksum's place
  put_fixed(out, static_cast<uint32_t>(payload.size()));
  out.append(payload);
  const uint32_t checksum = checksum32(Bytes(out).substr(start + sizeof checksum));
  std::memcpy(out.data() + start, &checksum, sizeof checksum);
}

// A view of the file that moves forward. What it shows lives until the next call.
class Window {
 public:
  Window(env::ReadFile& file, env::Cause cause) : file_(file), cause_(cause) {}

  // The bytes from `offset` on: at least `size`, or as many as the file has.
  Result<Bytes> at(uint64_t offset, uint64_t size) {
    if (offset + size > start_ + bytes_.size()) {
      RETURN_IF_ERROR(file_.read(offset, std::max(size, kReadSize), bytes_, cause_));
      start_ = offset;
    }
    return Bytes(bytes_).substr(offset - start_);
  }

 private:
  env::ReadFile& file_;
  env::Cause cause_;
  Buffer bytes_;
  uint64_t start_ = 0;
};

}  // namespace

WalWriter::WalWriter(std::unique_ptr<env::AppendFile> file, env::Cause cause)
    : file_(std::move(file)), cause_(cause) {
  CHECK(file_->size() == 0, "size={}", file_->size());
}

Result<void> WalWriter::append(Bytes payload) {
  begin_write();
  append_record(scratch_, payload);
  return write();
}

Result<void> WalWriter::append_all(const std::vector<Bytes>& payloads) {
  if (payloads.empty()) return {};
  begin_write();
  for (Bytes payload : payloads) append_record(scratch_, payload);
  return write();
}

Result<void> WalWriter::sync() {
  CHECK(!failed_, "a segment that failed is abandoned");
  Result<void> result = file_->sync(cause_);
  failed_ = !result.has_value();
  return result;
}

uint64_t WalWriter::size() const { return file_->size(); }

void WalWriter::begin_write() {
  CHECK(!failed_, "a segment that failed is abandoned");
  scratch_.clear();
  if (file_->size() == 0) scratch_ = segment_header();
}

Result<void> WalWriter::write() {
  Result<void> result = file_->append(scratch_, cause_);
  failed_ = !result.has_value();
  return result;
}

Result<WalReplay> replay_wal(env::ReadFile& file,
                             const std::function<Result<void>(Bytes payload)>& record,
                             env::Cause cause) {
  Window window(file, cause);
  WalReplay replay;
  const auto ended = [&](WalEnd end) {
    replay.dropped_bytes = file.size() - replay.valid_bytes;
    replay.end = end;
    return replay;
  };

  ASSIGN_OR_RETURN(Bytes header, window.at(0, kSegmentHeaderSize));
  header = header.substr(0, kSegmentHeaderSize);
  if (header.size() < kSegmentHeaderSize || header == Buffer(kSegmentHeaderSize, '\0')) {
    return ended(WalEnd::kTorn);
  }
  // The header lies in one sector, which is written whole or not at all: this is no torn write.
  if (header != segment_header()) {
    return error(ErrorCode::kCorruption, "offset 0: not the header of a log of format {}",
                 kFormatVersion);
  }
  replay.valid_bytes = kSegmentHeaderSize;

  for (;;) {
    const uint64_t left = file.size() - replay.valid_bytes;
    if (left == 0) return ended(WalEnd::kClean);
    if (left < kRecordHeaderSize) return ended(WalEnd::kTorn);
    ASSIGN_OR_RETURN(Bytes bytes, window.at(replay.valid_bytes, kRecordHeaderSize));
    if (bytes.size() < kRecordHeaderSize) return ended(WalEnd::kTorn);

    const uint64_t size = kRecordHeaderSize + get_fixed<uint32_t>(bytes.data() + 4);
    // Before reading: a torn length must not ask for gigabytes.
    if (size > left) return ended(WalEnd::kTorn);
    ASSIGN_OR_RETURN(bytes, window.at(replay.valid_bytes, size));
    if (bytes.size() < size) return ended(WalEnd::kTorn);
    bytes = bytes.substr(0, size);
    if (get_fixed<uint32_t>(bytes.data()) != checksum32(bytes.substr(4))) {
      return ended(WalEnd::kTorn);
    }
    RETURN_IF_ERROR(record(bytes.substr(kRecordHeaderSize)));
    ++replay.records;
    replay.valid_bytes += size;
  }
}

}  // namespace revenant::wal
