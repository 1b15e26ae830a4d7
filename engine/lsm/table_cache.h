// Which SSTables of a Db are open: up to max_open_files of them, those used last. An open one has
// its descriptor, index and filter in memory.
//
//   used last ──> 17 <──> 12 <──> 31 <──> 9 ──> closed when another one opens
//
// Closing one that is still read from only forgets it here: the read holds its reader to its end.
#pragma once

#include <memory>
#include <string>

#include "engine/env/file_system.h"
#include "engine/lsm/sstable_set.h"

namespace revenant::lsm {

class TableCache {
 public:
  // `max_open_files` below 0: no limit.
  TableCache(env::FileSystem& files, std::string directory, int64_t max_open_files)
      : files_(files), directory_(std::move(directory)), max_open_files_(max_open_files) {}
  ~TableCache();
  TableCache(const TableCache&) = delete;

  // Opens it if it is not; suspends then.
  Result<std::shared_ptr<sstable::SstableReader>> open(Sstable& sstable, env::Cause cause);
  // Without holding it: the reader of one that stays open as long as it lives, or null.
  sstable::SstableReader* kept_open(const Sstable& sstable) const {
    return max_open_files_ < 0 ? sstable.reader_.get() : nullptr;
  }

 private:
  void close_least_used();

  env::FileSystem& files_;
  const std::string directory_;
  const int64_t max_open_files_;
  Sstable::Use uses_;  // of the open ones, a ring from the last used
};

}  // namespace revenant::lsm
