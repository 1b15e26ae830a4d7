// Writes one SSTable; sstable_reader.h is the inverse and sstable_format.h the layout.
#pragma once

#include <memory>
#include <vector>

#include "engine/env/file_system.h"
#include "engine/sstable/internal_key.h"
#include "engine/sstable/options.h"
#include "engine/sstable/range_tombstone.h"
#include "engine/sstable/tombstone_histogram.h"

namespace revenant::sstable {

// Stored in the file and in the manifest. Bounds are over entries and range tombstones.
struct SstableProperties {
  uint64_t entries = 0;
  uint64_t tombstones = 0;  // of single keys
  uint64_t expiring = 0;    // values that end by themselves
  uint64_t range_tombstones = 0;
  // User keys. The greatest may be where a range tombstone ends, which it does not cover.
  Buffer least_key, greatest_key;
  Version least_version = Version::max(), greatest_version;
  SequenceNumber least_sequence = SequenceNumber::max(), greatest_sequence;
  // Of its tombstones, and the ends of its expiring values.
  Instant least_deletion_time = Instant::never();
  Instant greatest_deletion_time{INT64_MIN};
  uint64_t key_bytes = 0, value_bytes = 0;  // as given, before prefix compression
  // What compactions for the sake of tombstones go by.
  TombstoneHistogram deletion_times;  // of tombstones, and the ends of expiring values
  uint64_t data_blocks = 0;
  uint64_t tombstone_dense_blocks = 0;    // of these, those that are mostly tombstones
  uint64_t most_deletions_in_window = 0;  // in deletion_window_size entries (SstableOptions)
};

class SstableBuilder {
 public:
  SstableBuilder(std::unique_ptr<env::AppendFile> file, const SstableOptions& options,
                 env::Cause cause);
  ~SstableBuilder();  // unfinished: the file is left as it is, for its owner to remove

  // Keys strictly ascending (compare_internal_keys).
  Result<void> add(Bytes internal_key, Bytes value);
  // In any order, between any two entries.
  void add(RangeTombstone tombstone);
  // Writes what follows the data, and syncs the file (not its directory). At least one entry or
  // range tombstone.
  Result<SstableProperties> finish();

  uint64_t file_bytes() const;  // written so far, with the block in progress
  uint64_t entries() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace revenant::sstable
