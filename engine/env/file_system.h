// Files as a log-structured store needs them: append, sync, read anywhere, list, rename, remove.
// Paths are relative to the node's own root and use '/'; directories are one level of names ("db",
// "hints").
//
// What survives: append() and create alone promise nothing at a power loss. sync() makes a file's
// bytes durable, sync_directory() makes its creations, renames and removals durable. Calls may
// suspend the calling task.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/env/cause.h"

namespace revenant::env {

class AppendFile {
 public:
  // Closes the file; neither syncs nor suspends.
  virtual ~AppendFile() = default;
  // On error the tail of the file is unknown: abandon it.
  virtual Result<void> append(Bytes data, Cause cause) = 0;
  // After a failed sync the unsynced bytes may be lost although a later sync succeeds: treat it as
  // final.
  virtual Result<void> sync(Cause cause) = 0;
  virtual uint64_t size() const = 0;
};

class ReadFile {
 public:
  virtual ~ReadFile() = default;
  // Reads up to `size` bytes at `offset` into `out` (replaced); fewer only at the end of the file.
  virtual Result<void> read(uint64_t offset, uint64_t size, Buffer& out, Cause cause) = 0;
  virtual uint64_t size() const = 0;
  // The whole file, if it lies in memory for as long as this object lives: to be used in place
  // instead of read(). Empty: it does not.
  virtual Bytes mapped() const { return {}; }
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // The file must not exist: names are never reused.
  virtual Result<std::unique_ptr<AppendFile>> create(const std::string& path) = 0;
  // The same for a log, which gets many small appends. Zeros may follow what was appended, up to the
  // file's end.
  virtual Result<std::unique_ptr<AppendFile>> create_log(const std::string& path) {
    return create(path);
  }
  virtual Result<std::unique_ptr<ReadFile>> open(const std::string& path) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  // Replaces `to` if it exists; atomic.
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual bool exists(const std::string& path) = 0;
  // Names in the directory, sorted. An absent directory is empty.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  virtual Result<void> make_directory(const std::string& directory) = 0;  // there already: fine
  virtual Result<void> sync_directory(const std::string& directory, Cause cause) = 0;
};

}  // namespace revenant::env
