// env::FileSystem on a real POSIX file system, under one root directory.
//
// sync() is fdatasync, which flushes a changed length too; sync_directory() is fsync of the
// directory; make_directory() syncs the parent, so that what is synced inside cannot vanish with
// the directory. Causes are ignored: the operating system keeps the books.
//
// The file system itself may be used from several threads at once, a handle from one at a time.
// Appends reach the operating system call by call, a log's without a call (mapped_log_file.h): what
// is not synced survives the process, not the machine. Errors: ENOENT becomes kNotFound, ENOSPC and
// EDQUOT kNoSpace, a path that leaves the root or a name that exists already kInvalid, the rest kIo
// with the system's words.
#pragma once

#include <memory>
#include <string>

#include "engine/base/result.h"
#include "engine/env/file_system.h"

namespace revenant::env {

struct PosixFileSystemOptions {
  // Files are read in place through a mapping (RocksDB's name; LevelDB does so always). Saves a call
  // and a copy for each block; but a medium that cannot be read, or somebody who truncates a file,
  // then ends the process by SIGBUS instead of failing one read. A file that cannot be mapped is
  // read by calls.
  bool allow_mmap_reads = false;
};

// Creates the root directory if it is missing (its parent must exist).
Result<std::unique_ptr<FileSystem>> open_posix_file_system(const std::string& root,
                                                           PosixFileSystemOptions options = {});

}  // namespace revenant::env
