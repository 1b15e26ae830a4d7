#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/lsm/file_names.h"
#include "engine/lsm/manifest_edit.h"
#include "engine/wal/wal_reader.h"
#include "sim/inspect/bytes_file.h"
#include "sim/inspect/inspect.h"

namespace revenant::sim {
namespace {

using lsm::FileKind;
using lsm::FileName;

class LsmInspection {
 public:
  explicit LsmInspection(const Directory& directory) : directory_(directory) {
    report_.kind = "lsm";
    report_.path = directory.path;
  }

  InspectReport run() && {
    const std::string manifest = current();
    if (!manifest.empty()) read_manifest(manifest);
    report_.facts.emplace_back("manifest", manifest);
    report_.facts.emplace_back("log number", log_number_.value);
    report_.facts.emplace_back("last sequence", last_sequence_.value);
    report_.facts.emplace_back("SSTables", live_.size());
    tables();
    logs();
    others(manifest);
    return std::move(report_);
  }

 private:
  std::string path(const std::string& name) const { return directory_.path + "/" + name; }
  void damaged(const std::string& name, std::string what) {
    report_.damage.push_back({path(name), 0, std::move(what)});
  }
  bool exists(const std::string& name) const {
    return std::ranges::binary_search(directory_.names, name);
  }
  // The file's bytes; a file that cannot be read is damaged.
  std::optional<Buffer> read(const std::string& name) {
    if (!exists(name)) {
      damaged(name, "missing");
      return std::nullopt;
    }
    auto bytes = directory_.read(name);
    if (bytes.has_value()) return std::move(*bytes);
    damaged(name, bytes.error().message);
    return std::nullopt;
  }
  void take_damage(const InspectReport& part) {
    report_.damage.insert(report_.damage.end(), part.damage.begin(), part.damage.end());
  }

  std::string current() {
    const auto bytes = read("CURRENT");
    if (!bytes.has_value()) return "";
    const auto name = lsm::parse_file_name(*bytes);
    if (name.has_value() && name->kind == FileKind::kManifest) return *bytes;
    damaged("CURRENT", fmt::format("'{}' names no manifest", printable(bytes->substr(0, 64))));
    return "";
  }

  // As recovery does, but past damage too.
  void read_manifest(const std::string& name) {
    const auto bytes = read(name);
    if (!bytes.has_value()) return;
    take_damage(inspect_manifest(path(name), *bytes));
    BytesFile file(*bytes);
    wal::WalReader reader(file);
    for (;;) {
      const auto piece = reader.next();
      if (!piece.has_value() || !piece->has_value()) return;
      if ((*piece)->damage.has_value()) continue;
      const auto edit = lsm::decode_manifest_edit((*piece)->payload);
      if (!edit.has_value()) continue;
      log_number_ = edit->log_number.value_or(log_number_);
      last_sequence_ = edit->last_sequence.value_or(last_sequence_);
      for (const FileNumber number : edit->removed) live_.erase(number);
      for (const auto& added : edit->added) live_[added.meta->number] = added;
    }
  }

  void tables() {
    InspectTable table{
        "sstables",
        {"level", "file", "bytes", "entries", "tombstones", "least key", "greatest key", "state"}};
    std::vector<const lsm::ManifestEdit::Added*> sorted;
    for (const auto& [number, added] : live_) sorted.push_back(&added);
    std::ranges::sort(sorted, [](const auto* a, const auto* b) {
      return std::pair(a->level, Bytes(a->meta->least_key())) <
             std::pair(b->level, Bytes(b->meta->least_key()));
    });
    for (const auto* added : sorted) {
      const lsm::SstableMeta& meta = *added->meta;
      const std::string name = to_string(FileName{FileKind::kSstable, meta.number});
      const size_t before = report_.damage.size();
      if (const auto bytes = read(name)) {
        take_damage(inspect_sstable(path(name), *bytes));
        if (bytes->size() != meta.file_bytes) {
          damaged(name, fmt::format("{} bytes, and the manifest says {}", bytes->size(),
                                    meta.file_bytes));
        }
      }
      table.rows.push_back({added->level, name, meta.file_bytes, meta.properties.entries,
                            meta.properties.tombstones, printable(meta.least_key()),
                            printable(meta.greatest_key()),
                            report_.damage.size() == before ? "whole" : "damaged"});
    }
    report_.tables.push_back(std::move(table));
  }

  void logs() {
    InspectTable table{"logs", {"file", "bytes", "records", "state"}};
    for (const std::string& name : directory_.names) {
      const auto parsed = lsm::parse_file_name(name);
      if (!parsed.has_value() || parsed->kind != FileKind::kWal) continue;
      const auto bytes = read(name);
      if (!bytes.has_value()) continue;
      const InspectReport log = inspect_wal(path(name), *bytes);
      const bool obsolete = parsed->number < log_number_;
      // A segment is empty until its first record.
      if (!obsolete && !bytes->empty()) take_damage(log);
      table.rows.push_back({name, bytes->size(), log.facts[2].second,
                            obsolete                        ? "obsolete"
                            : log.whole() || bytes->empty() ? "whole"
                                                            : "damaged"});
    }
    report_.tables.push_back(std::move(table));
  }

  // Files that the next open removes, and files that are not the database's.
  void others(const std::string& manifest) {
    InspectTable table{"others", {"file", "what"}};
    for (const std::string& name : directory_.names) {
      if (name == "CURRENT" || name == manifest) continue;
      const auto parsed = lsm::parse_file_name(name);
      if (!parsed.has_value()) {
        table.rows.push_back({name, "not the database's"});
      } else if (parsed->kind == FileKind::kSstable ? !live_.contains(parsed->number)
                                                    : parsed->kind != FileKind::kWal) {
        table.rows.push_back({name, "orphan"});
      }
    }
    if (!table.rows.empty()) report_.tables.push_back(std::move(table));
  }

  const Directory& directory_;
  InspectReport report_;
  FileNumber log_number_;
  SequenceNumber last_sequence_;
  std::map<FileNumber, lsm::ManifestEdit::Added> live_;
};

}  // namespace

InspectReport inspect_lsm(const Directory& directory) { return LsmInspection(directory).run(); }

}  // namespace revenant::sim
