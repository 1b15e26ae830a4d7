// What a file is for, told by its name: faults may concern one kind of file only. The names are the
// engine's (engine/lsm/file_names.h, engine/replication/hints.cc); a test holds this against them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "engine/base/settings.h"

namespace revenant::sim {

enum class FileKind : uint8_t { kAny, kWal, kSstable, kManifest, kHints, kDirectory };
constexpr auto enum_names(FileKind) {
  return std::array{
      EnumName<FileKind>{FileKind::kAny, "any", "all files and directories"},
      EnumName<FileKind>{FileKind::kWal, "wal", "segments of the write-ahead log"},
      EnumName<FileKind>{FileKind::kSstable, "sstable", "SSTables"},
      EnumName<FileKind>{FileKind::kManifest, "manifest", "manifests, CURRENT and its successor"},
      EnumName<FileKind>{FileKind::kHints, "hints", "logs of hints"},
      EnumName<FileKind>{FileKind::kDirectory, "directory", "directories: only their syncs"},
  };
}

// kAny for a name that is none of the engine's.
constexpr FileKind file_kind_of(std::string_view path) {
  if (path.starts_with("hints/")) return FileKind::kHints;
  if (path.ends_with(".wal")) return FileKind::kWal;
  if (path.ends_with(".sst")) return FileKind::kSstable;
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const bool manifest =
      name.starts_with("MANIFEST-") || name == "CURRENT" || name.ends_with(".tmp");
  return manifest ? FileKind::kManifest : FileKind::kAny;
}

}  // namespace revenant::sim
