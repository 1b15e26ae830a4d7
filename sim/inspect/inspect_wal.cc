#include <fmt/format.h>

#include "engine/lsm/log_record.h"
#include "engine/wal/wal_format.h"
#include "engine/wal/wal_reader.h"
#include "sim/inspect/bytes_file.h"
#include "sim/inspect/inspect.h"

namespace revenant::sim {
namespace {

std::string kind_of(const lsm::LogRecordEntry& entry) {
  if (!entry.end.empty()) return "range delete";
  switch (entry.cell.kind) {
    case CellKind::kTombstone:
      return "delete";
    case CellKind::kExpiring:
      return "put, expires";
    case CellKind::kValue:
      return "put";
  }
  return "?";
}

}  // namespace

InspectReport inspect_wal(const std::string& path, Bytes file) {
  InspectReport report{.kind = "wal", .path = path};
  InspectTable entries{"entries",
                       {"offset", "sequence", "kind", "key", "end", "version", "value bytes"}};
  BytesFile bytes(file);
  wal::WalReader reader(bytes);
  uint64_t records = 0, next_sequence = 0, record_bytes = 0;
  for (;;) {
    const auto piece = reader.next();
    if (!piece.has_value() || !piece->has_value()) break;
    const wal::WalPiece& p = **piece;
    const auto damaged = [&](std::string_view what) {
      report.damage.push_back({path, p.offset, std::string(what)});
    };
    if (p.damage.has_value()) {
      damaged(to_string(*p.damage));
      continue;
    }
    ++records;
    record_bytes += p.size;
    if (const auto header = lsm::decode_log_record_header(p.payload); header.has_value()) {
      if (next_sequence != 0 && header->first.value != next_sequence && report.whole())
        damaged(fmt::format("sequence {} where {} should be", header->first.value, next_sequence));
      next_sequence = header->first.value + header->entries;
    }
    const auto decoded = lsm::decode_log_record(p.payload, [&](const lsm::LogRecordEntry& entry) {
      entries.rows.push_back({p.offset, entry.sequence.value, kind_of(entry), printable(entry.key),
                              printable(entry.end), entry.cell.version.value,
                              entry.cell.value.size()});
    });
    if (!decoded.has_value()) damaged(decoded.error().message);
  }
  report.facts = {{"bytes", file.size()},
                  {"format", wal::kFormatVersion},
                  {"records", records},
                  {"bytes of records", record_bytes}};
  report.tables.push_back(std::move(entries));
  return report;
}

}  // namespace revenant::sim
