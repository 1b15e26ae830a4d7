// Writes one SSTable; sstable_reader.h is the inverse and sstable_format.h the layout.
#pragma once

#include <memory>
#include <vector>

#include "engine/env/file_system.h"
#include "engine/sstable/internal_key.h"
#include "engine/sstable/options.h"

namespace revenant::sstable {

// Stored in the file and in the manifest.
struct SstableProperties {
  uint64_t entries = 0;
  uint64_t tombstones = 0;
  Buffer least_key, greatest_key;  // user keys
  Version least_version, greatest_version;
  SequenceNumber least_sequence, greatest_sequence;
  Instant least_deletion_time = Instant::never();  // of its tombstones
  Instant greatest_deletion_time{INT64_MIN};
  uint64_t key_bytes = 0, value_bytes = 0;  // as given, before prefix compression
};

class SstableBuilder {
 public:
  SstableBuilder(std::unique_ptr<env::AppendFile> file, const SstableOptions& options,
                 env::Cause cause);
  ~SstableBuilder();  // unfinished: the file is left as it is, for its owner to remove

  // Keys strictly ascending (compare_internal_keys).
  Result<void> add(Bytes internal_key, Bytes value);
  // Writes filter, index, properties and footer, and syncs the file (not its directory). At least
  // one entry.
  Result<SstableProperties> finish();

  uint64_t file_bytes() const;  // written so far, with the block in progress
  uint64_t entries() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace revenant::sstable
