#include "engine/lsm/table_cache.h"

#include <utility>

namespace revenant::lsm {

TableCache::~TableCache() {
  while (uses_.next != &uses_) uses_.next->unlink();
}

Result<std::shared_ptr<sstable::SstableReader>> TableCache::open(Sstable& sstable,
                                                                 env::Cause cause) {
  if (sstable.reader_ != nullptr && max_open_files_ < 0) return sstable.reader_;
  std::shared_ptr<sstable::SstableReader> reader = sstable.reader_;
  if (reader == nullptr) {
    const std::string path = sstable_path(directory_, sstable.meta().number);
    ASSIGN_OR_RETURN(auto file, files_.open(path));
    // Cached blocks go by it.
    FileNumber number = sstable.meta().number;
    if (options_.defects.has(Defect::kCacheOutlivesSstable)) number.value %= 64;
    ASSIGN_OR_RETURN(reader, sstable::SstableReader::open(std::move(file), number, path, cause,
                                                          metadata_caching(sstable)));
    // Another task may have opened it meanwhile; reads in progress go on with theirs.
    if (sstable.reader_ == nullptr) sstable.reader_ = reader;
    reader = sstable.reader_;
  }
  if (max_open_files_ < 0) return reader;
  const bool newly = !sstable.use_.linked();
  sstable.use_.unlink();
  sstable.use_.link_after(uses_);
  if (newly) close_least_used();
  return reader;
}

sstable::MetadataCaching TableCache::metadata_caching(const Sstable& sstable) const {
  if (!options_.cache_index_and_filter_blocks) return {};
  return {.cache = &block_cache_,
          .pin = options_.pin_l0_filter_and_index_blocks_in_cache && sstable.level() == 0,
          .pin_top_level = options_.pin_top_level_index_and_filter};
}

void TableCache::close_least_used() {
  Sstable::Use* use = uses_.next;
  for (int64_t kept = 0; kept < max_open_files_ && use != &uses_; ++kept) use = use->next;
  while (use != &uses_) {
    Sstable::Use* const next = use->next;
    use->sstable->reader_.reset();
    use->unlink();
    use = next;
  }
}

}  // namespace revenant::lsm
