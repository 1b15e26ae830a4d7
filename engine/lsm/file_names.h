// Names of a database's files. CURRENT holds the name of the manifest in force; all others carry
// their number.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/ids.h"

namespace revenant::lsm {

enum class FileKind { kSstable, kWal, kManifest, kTemporary };

struct FileName {
  FileKind kind;
  FileNumber number;
  friend auto operator<=>(const FileName&, const FileName&) = default;
};

inline std::string to_string(FileName name) {
  switch (name.kind) {
    case FileKind::kSstable:
      return fmt::format("{}.sst", name.number);  // as sstable_path in compaction/sstable_meta.h
    case FileKind::kWal:
      return fmt::format("{}.wal", name.number);
    case FileKind::kManifest:
      return fmt::format("MANIFEST-{}", name.number);
    case FileKind::kTemporary:
      return fmt::format("{}.tmp", name.number);
  }
  return {};
}

inline std::string path_of(const std::string& directory, FileName name) {
  return directory + "/" + to_string(name);
}
inline std::string current_path(const std::string& directory) { return directory + "/CURRENT"; }

// Nothing for CURRENT and for names that are not ours.
inline std::optional<FileName> parse_file_name(std::string_view name) {
  constexpr std::string_view kManifestPrefix = "MANIFEST-";
  const bool manifest = name.starts_with(kManifestPrefix);
  std::string_view digits =
      manifest ? name.substr(kManifestPrefix.size()) : name.substr(0, name.find('.'));
  FileName result{FileKind::kManifest, {}};
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), result.number.value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (manifest) return result;
  const std::string_view extension = name.substr(digits.size());
  if (extension == ".sst") {
    result.kind = FileKind::kSstable;
  } else if (extension == ".wal") {
    result.kind = FileKind::kWal;
  } else if (extension == ".tmp") {
    result.kind = FileKind::kTemporary;
  } else {
    return std::nullopt;
  }
  return result;
}

}  // namespace revenant::lsm
