#include "engine/lsm/log_record.h"

#include "engine/base/coding.h"

namespace revenant::lsm {
namespace {

std::unexpected<Error> malformed() {
  return error(ErrorCode::kCorruption, "a log record passes its checksum but is malformed");
}

}  // namespace

void append_log_record_header(Buffer& out, SequenceNumber first, uint64_t entries) {
  put_fixed(out, first.value);
  put_varint(out, entries);
}

void append_log_record_entry(Buffer& out, Bytes key, const CellView& cell) {
  put_fixed(out, static_cast<uint8_t>(cell.kind));
  put_fixed(out, cell.version.value);
  put_bytes(out, key);
  if (cell.is_tombstone()) {
    put_fixed(out, cell.deletion_time.ns);
  } else {
    put_bytes(out, cell.value);
  }
}

Result<LogRecordHeader> decode_log_record_header(Bytes record) {
  Decoder in(record);
  LogRecordHeader header;
  header.first.value = in.fixed<uint64_t>();
  header.entries = in.varint();
  if (in.failed() || header.entries == 0) return malformed();
  return header;
}

Result<void> decode_log_record(
    Bytes record,
    const std::function<void(SequenceNumber sequence, Bytes key, const CellView& cell)>& entry) {
  Decoder in(record);
  SequenceNumber sequence{in.fixed<uint64_t>()};
  for (uint64_t left = in.varint(); left > 0; --left, ++sequence.value) {
    const auto kind = in.fixed<uint8_t>();
    CellView cell{.kind = static_cast<CellKind>(kind),
                  .version = {in.fixed<uint64_t>()},
                  .deletion_time = {},
                  .value = {}};
    const Bytes key = in.bytes();
    if (cell.is_tombstone()) {
      cell.deletion_time.ns = in.fixed<int64_t>();
    } else {
      cell.value = in.bytes();
    }
    if (in.failed() || kind > static_cast<uint8_t>(CellKind::kValue)) return malformed();
    entry(sequence, key, cell);
  }
  if (in.failed() || !in.empty()) return malformed();
  return {};
}

}  // namespace revenant::lsm
