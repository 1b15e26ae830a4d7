// Reads one SSTable. Index, filter and properties are read at open. Properties are kept; data
// blocks, and partitions of the index if it has them, come through the cache; index and filter do the
// one or the other (MetadataCaching). Several tasks may read at once. What is damaged or missing gives kCorruption,
// naming the file and the offset.
#pragma once

#include <functional>
#include <memory>

#include "engine/env/file_system.h"
#include "engine/sstable/block_cache.h"
#include "engine/sstable/iterator.h"
#include "engine/sstable/read_counters.h"
#include "engine/sstable/sstable_builder.h"

namespace revenant::sstable {

// How a read is charged. `cache` null: read past the cache (jobs); `counters` null: not counted.
struct ReadContext {
  env::Cause cause{env::CauseKind::kClientRead};
  BlockCache* cache = nullptr;
  ReadCounters* counters = nullptr;
};

// What becomes of index and filter once an SSTable is open.
//
//                       filter     index, or its top level     partitions of the index
//   no cache            stay       stays                       through the cache of each read
//   cache               cache      cache                       cache
//   pin_top_level       cache      a top level stays           cache
//   pin                 stay       stays                       stay
//
// What stays is charged to the cache, if there is one.
struct MetadataCaching {
  BlockCache* cache = nullptr;  // that of the reads to come
  bool pin = false;
  bool pin_top_level = false;
};

class SstableReader {
 public:
  // Reads and checks footer, properties, index and filter. Errors name the file `name` and the
  // offset.
  static Result<std::shared_ptr<SstableReader>> open(std::unique_ptr<env::ReadFile> file,
                                                     FileNumber number, std::string name,
                                                     env::Cause cause,
                                                     const MetadataCaching& caching = {});
  ~SstableReader();

  const SstableProperties& properties() const;
  uint64_t file_bytes() const;
  FileNumber number() const;
  // Kept in memory: they cover keys that neither filter nor index knows of.
  const RangeTombstones& range_tombstones() const;

  // False: no entry of this user key is here. Counts a negative. Asks only a filter that stays: one in
  // the cache is get()'s to ask.
  bool may_contain(Bytes user_key, ReadCounters* counters) const;

  // Calls `visit` for the entries of `user_key` in order until it returns false. Counts one SSTable
  // consulted (unless a filter in the cache rules it out) and whether the filter (if there is one) told the truth. `visit`'s views live until
  // it returns.
  Result<void> get(Bytes user_key, const ReadContext& context,
                   const std::function<bool(const InternalKey&, Bytes value)>& visit);

  // The iterator keeps alive what it reads from. One with a cache reads block by block; one without
  // (a job's) reads further ahead the longer it goes on.
  std::unique_ptr<Iterator> iterate(const ReadContext& context);

 private:
  struct Impl;
  class IndexCursor;
  class Cursor;
  explicit SstableReader(std::unique_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace revenant::sstable
