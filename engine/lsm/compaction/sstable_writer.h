// Writes sorted, unique user keys to one or more SSTables: the second half of a flush and of a
// compaction.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/env/file_system.h"
#include "engine/lsm/compaction/sstable_meta.h"
#include "engine/sstable/options.h"
#include "engine/sstable/sstable_builder.h"

namespace revenant::lsm {

struct SstableWriterOptions {
  std::string directory;
  sstable::SstableOptions sstable;
  env::Cause cause;
  Instant creation_time;
  FileNumber first_number;  // of `numbers` reserved ones, used in order
  uint64_t numbers = 1;
  uint64_t file_bytes_max =
      UINT64_MAX;  // a file is closed once it is this large, but for the last number's
};

class SstableWriter {
 public:
  SstableWriter(env::FileSystem& files, SstableWriterOptions options)
      : files_(files), options_(std::move(options)) {}

  // User keys strictly ascending.
  Result<void> add(Bytes internal_key, Bytes value);
  // Closes the last file and syncs the directory. The SSTables in key order; none if nothing was
  // added.
  Result<std::vector<SstableMetaPtr>> finish();

  const std::vector<FileNumber>& created() const { return created_; }

 private:
  Result<void> close_file();

  env::FileSystem& files_;
  const SstableWriterOptions options_;
  std::unique_ptr<sstable::SstableBuilder> builder_;  // of created_.back(), or null
  std::vector<FileNumber> created_;
  std::vector<SstableMetaPtr> finished_;
};

}  // namespace revenant::lsm
