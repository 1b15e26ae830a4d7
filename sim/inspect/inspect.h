// Decodes the files of a database, as much of a damaged one as can be decoded. Changes nothing: it
// works on bytes that somebody has read.
//
//   wal        every entry of every record, also of those behind damage
//   sstable    footer, properties, range tombstones, every data block; those too that no index names
//   manifest   every edit
//   lsm        a directory: what CURRENT's manifest names, and every file of it checked
//
// What it does not do: find, in an SSTable without an index, compressed blocks that lie behind a damaged
// one, or compare what files say of each other beyond lsm's checks.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "sim/inspect/report.h"

namespace revenant::sim {

// `path` only names the file in the report.
InspectReport inspect_wal(const std::string& path, Bytes file);
InspectReport inspect_sstable(const std::string& path, Bytes file);
InspectReport inspect_manifest(const std::string& path, Bytes file);

struct Directory {
  std::string path;
  std::vector<std::string> names;  // of its files, sorted
  std::function<Result<Buffer>(const std::string& name)> read;
};
InspectReport inspect_lsm(const Directory& directory);

}  // namespace revenant::sim
