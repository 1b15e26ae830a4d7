// Which SSTables of a Db are open: up to max_open_files of them, those used last. An open one has
// its descriptor in memory, and its index and filter too unless cache_index_and_filter_blocks lets
// them come and go.
//
//   used last ──> 17 <──> 12 <──> 31 <──> 9 ──> closed when another one opens
//
// Closing one that is still read from only forgets it here: the read holds its reader to its end.
#pragma once

#include <memory>
#include <string>

#include "engine/env/file_system.h"
#include "engine/lsm/options.h"
#include "engine/lsm/sstable_set.h"

namespace revenant::lsm {

class TableCache {
 public:
  // All outlive it.
  TableCache(env::FileSystem& files, std::string directory, const LsmOptions& options,
             sstable::BlockCache& block_cache)
      : files_(files),
        directory_(std::move(directory)),
        max_open_files_(options.max_open_files),
        options_(options.sstable),
        block_cache_(block_cache) {}
  ~TableCache();
  TableCache(const TableCache&) = delete;

  // Opens it if it is not; suspends then.
  Result<std::shared_ptr<sstable::SstableReader>> open(Sstable& sstable, env::Cause cause);
  // Without holding it: the reader of one that stays open as long as it lives, or null.
  sstable::SstableReader* kept_open(const Sstable& sstable) const {
    return max_open_files_ < 0 ? sstable.reader_.get() : nullptr;
  }

 private:
  sstable::MetadataCaching metadata_caching(const Sstable& sstable) const;
  void close_least_used();

  env::FileSystem& files_;
  const std::string directory_;
  const int64_t max_open_files_;  // below 0: no limit
  const sstable::SstableOptions& options_;
  sstable::BlockCache& block_cache_;
  Sstable::Use uses_;  // of the open ones, a ring from the last used
};

}  // namespace revenant::lsm
