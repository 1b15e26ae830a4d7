#include "engine/wal/wal.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/checksum.h"
#include "engine/base/coding.h"
#include "engine/wal/wal_reader.h"

namespace revenant::wal {
namespace {

void append_record(Buffer& out, Bytes payload) {
  CHECK(payload.size() <= UINT32_MAX, "payload of {} bytes", payload.size());
  const size_t start = out.size();
  put_fixed(out, uint32_t{0});  // the checksum's place
  put_fixed(out, static_cast<uint32_t>(payload.size()));
  out.append(payload);
  const uint32_t checksum = checksum32(Bytes(out).substr(start + sizeof checksum));
  std::memcpy(out.data() + start, &checksum, sizeof checksum);
}

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
  CHECK(!sync_failed_, "a segment whose sync failed is abandoned");
  Result<void> result = file_->sync(cause_);
  sync_failed_ = !result.has_value();
  return result;
}

uint64_t WalWriter::size() const { return file_->size(); }

void WalWriter::begin_write() {
  CHECK(!tail_unknown_ && !sync_failed_, "a segment that failed is abandoned");
  scratch_.clear();
  if (file_->size() == 0) scratch_ = segment_header();
}

Result<void> WalWriter::write() {
  Result<void> result = file_->append(scratch_, cause_);
  tail_unknown_ = !result.has_value();
  return result;
}

Result<WalReplay> replay_wal(env::ReadFile& file,
                             const std::function<Result<void>(Bytes payload)>& record,
                             env::Cause cause) {
  WalReader reader(file, cause);
  WalReplay replay;
  for (;;) {
    ASSIGN_OR_RETURN(const std::optional<WalPiece> piece, reader.next());
    replay.valid_bytes = piece.has_value() ? piece->offset : file.size();
    if (!piece.has_value() || piece->damage.has_value()) {
      if (piece.has_value()) replay.end = WalEnd::kTorn;
      if (piece.has_value() && piece->damage == WalDamage::kHeader) {
        return error(ErrorCode::kCorruption, "offset 0: {}", to_string(*piece->damage));
      }
      replay.dropped_bytes = file.size() - replay.valid_bytes;
      return replay;
    }
    if (auto taken = record(piece->payload); !taken.has_value())
      return error(taken.error().code, "offset {}: {}", piece->offset, taken.error().message);
    ++replay.records;
    replay.valid_bytes = piece->offset + piece->size;
  }
}

}  // namespace revenant::wal
