// What is known of an SSTable without opening it. Which level it is in is not its own property but
// its place in Levels: a table may move without being rewritten.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/time.h"
#include "engine/sstable/sstable_builder.h"

namespace revenant::lsm {

struct SstableMeta {
  FileNumber number;
  uint64_t file_bytes = 0;
  Instant creation_time;  // by the node's clock
  // SSTables that one merge wrote share its run: their ranges are disjoint, together they are one
  // sorted run cut in pieces. A flushed one is a run of its own.
  FileNumber run;
  sstable::SstableProperties properties;
  // The moment of the incremental repair after which all replicas held what is in it; none: of what
  // is in it a replica may know nothing.
  std::optional<Instant> repaired_at = {};

  Bytes least_key() const { return properties.least_key; }
  Bytes greatest_key() const { return properties.greatest_key; }
  bool covers(Bytes user_key) const {
    return least_key() <= user_key && user_key <= greatest_key();
  }
};
using SstableMetaPtr = std::shared_ptr<const SstableMeta>;

// Level 0: tables that may overlap, greatest version first. Level 1 and deeper: disjoint ranges of
// user keys, in key order. With sequence versions each key's newest cell is in the first level that
// holds the key.
inline constexpr size_t kLevelsMax = 16;  // num_levels allows 12
using Levels = std::vector<std::vector<SstableMetaPtr>>;

// A closed range of user keys.
struct KeyRange {
  Buffer least, greatest;
  bool overlaps(const SstableMeta& sstable) const {
    return sstable.least_key() <= greatest && least <= sstable.greatest_key();
  }
  bool overlaps(const KeyRange& other) const {
    return other.least <= greatest && least <= other.greatest;
  }
  void extend(const SstableMeta& sstable) {
    if (sstable.least_key() < least) least = sstable.least_key();
    if (sstable.greatest_key() > greatest) greatest = sstable.greatest_key();
  }
};
inline KeyRange key_range(const SstableMeta& sstable) {
  return {Buffer(sstable.least_key()), Buffer(sstable.greatest_key())};
}
inline KeyRange key_range(const std::vector<SstableMetaPtr>& sstables) {  // at least one
  KeyRange range = key_range(*sstables.front());
  for (const SstableMetaPtr& sstable : sstables) range.extend(*sstable);
  return range;
}

// Those whose ranges overlap it, in their order.
inline std::vector<SstableMetaPtr> overlapping(const std::vector<SstableMetaPtr>& sstables,
                                               const KeyRange& range) {
  std::vector<SstableMetaPtr> result;
  for (const SstableMetaPtr& sstable : sstables) {
    if (range.overlaps(*sstable)) result.push_back(sstable);
  }
  return result;
}
inline uint64_t total_bytes(const std::vector<SstableMetaPtr>& sstables) {
  uint64_t sum = 0;
  for (const SstableMetaPtr& sstable : sstables) sum += sstable->file_bytes;
  return sum;
}

inline std::string sstable_path(const std::string& directory, FileNumber number) {
  return fmt::format("{}/{}.sst", directory, number);
}

}  // namespace revenant::lsm
