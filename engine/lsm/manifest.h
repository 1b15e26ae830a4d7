// The log of edits that says what a database consists of. CURRENT names the manifest in force; a
// new one begins with an edit that makes the whole state, and is durable before CURRENT names it:
//
//   write MANIFEST-9, sync │ sync directory │ write 10.tmp, sync │ rename to CURRENT │ sync
//   directory
//
// so a crash at any point leaves CURRENT naming a whole manifest, the old one or the new one.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/base/defects.h"
#include "engine/env/file_system.h"
#include "engine/lsm/manifest_edit.h"
#include "engine/wal/wal.h"

namespace revenant::lsm {

class Manifest {
 public:
  // Creates manifest `number` with `whole` as its first edit and makes it the current one; number +
  // 1 is used for the temporary file.
  static Result<Manifest> create(env::FileSystem& files, const std::string& directory,
                                 FileNumber number, const ManifestEdit& whole);

  // Appends and syncs. After an error the manifest's end is unknown: it takes no more.
  Result<void> append(const ManifestEdit& edit, Defects defects = {});

  FileNumber number() const { return number_; }
  uint64_t bytes() const { return writer_.size(); }

 private:
  Manifest(FileNumber number, wal::WalWriter writer)
      : number_(number), writer_(std::move(writer)) {}

  FileNumber number_;
  wal::WalWriter writer_;
};

// What the current manifest says, as one edit; nothing if there is no CURRENT. A torn end is left
// out: it was never acted on. kCorruption names the file and the offset of the edit that cannot be:
// one that removes what is not there, or makes SSTables of a level below 0 overlap.
struct ManifestContents {
  FileNumber number;
  ManifestEdit whole;
};
Result<std::optional<ManifestContents>> read_current_manifest(env::FileSystem& files,
                                                              const std::string& directory);

}  // namespace revenant::lsm
