#include "engine/lsm/log_record.h"

#include "engine/base/coding.h"

namespace revenant::lsm {
namespace {

constexpr uint8_t kRange = 255;
constexpr auto kGreatestKind = static_cast<uint8_t>(CellKind::kExpiring);

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
  if (cell.kind != CellKind::kValue) put_fixed(out, cell.deletion_time.ns);
  if (!cell.is_tombstone()) put_bytes(out, cell.value);
}

void append_log_record_range(Buffer& out, Bytes start, Bytes end, const CellView& tombstone) {
  put_fixed(out, kRange);
  put_fixed(out, tombstone.version.value);
  put_bytes(out, start);
  put_bytes(out, end);
  put_fixed(out, tombstone.deletion_time.ns);
}

Result<LogRecordHeader> decode_log_record_header(Bytes record) {
  Decoder in(record);
  LogRecordHeader header;
  header.first.value = in.fixed<uint64_t>();
  header.entries = in.varint();
  if (in.failed() || header.entries == 0) return malformed();
  return header;
}

Result<void> decode_log_record(Bytes record,
                               const std::function<void(const LogRecordEntry&)>& visit) {
  Decoder in(record);
  LogRecordEntry entry;
  entry.sequence.value = in.fixed<uint64_t>();
  const uint64_t first = entry.sequence.value;
  for (uint64_t left = in.varint(); left > 0; --left, ++entry.sequence.value) {
    const auto kind = in.fixed<uint8_t>();
    const bool is_range = kind == kRange;
    CellView& cell = entry.cell;
    cell = {.kind = is_range ? CellKind::kTombstone : static_cast<CellKind>(kind),
            .version = {in.fixed<uint64_t>()},
            .deletion_time = {},
            .value = {}};
    entry.key = in.bytes();
    entry.end = is_range ? in.bytes() : Bytes();
    if (cell.kind != CellKind::kValue) cell.deletion_time.ns = in.fixed<int64_t>();
    if (!cell.is_tombstone()) cell.value = in.bytes();
    if (in.failed() || (is_range ? entry.key >= entry.end : kind > kGreatestKind)) {
      return malformed();
    }
    visit(entry);
  }
  if (in.failed() || !in.empty() || entry.sequence.value == first) return malformed();
  return {};
}

}  // namespace revenant::lsm
