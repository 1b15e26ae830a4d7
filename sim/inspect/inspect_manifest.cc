#include <fmt/format.h>

#include "engine/lsm/manifest_edit.h"
#include "engine/wal/wal_reader.h"
#include "sim/inspect/bytes_file.h"
#include "sim/inspect/inspect.h"

namespace revenant::sim {

InspectReport inspect_manifest(const std::string& path, Bytes file) {
  InspectReport report{.kind = "manifest", .path = path};
  InspectTable table{"edits",
                     {"offset", "log number", "next file", "last sequence", "removed", "added"}};
  BytesFile bytes(file);
  wal::WalReader reader(bytes);
  const auto number = [](const auto& value) {
    return value.has_value() ? nlohmann::ordered_json(value->value) : nlohmann::ordered_json();
  };
  for (;;) {
    const auto piece = reader.next();
    if (!piece.has_value() || !piece->has_value()) break;
    const wal::WalPiece& p = **piece;
    if (p.damage.has_value()) {
      report.damage.push_back({path, p.offset, std::string(to_string(*p.damage))});
      continue;
    }
    const auto edit = lsm::decode_manifest_edit(p.payload);
    if (!edit.has_value()) {
      report.damage.push_back({path, p.offset, edit.error().message});
      continue;
    }
    std::string removed, added;
    for (const FileNumber gone : edit->removed) removed += fmt::format(" {}", gone);
    for (const auto& [level, meta] : edit->added)
      added += fmt::format(" {}@L{}", meta->number, level);
    table.rows.push_back({p.offset, number(edit->log_number), number(edit->next_file),
                          number(edit->last_sequence), removed.substr(removed.empty() ? 0 : 1),
                          added.substr(added.empty() ? 0 : 1)});
  }
  report.facts = {{"bytes", file.size()}, {"edits", table.rows.size()}};
  report.tables.push_back(std::move(table));
  return report;
}

}  // namespace revenant::sim
