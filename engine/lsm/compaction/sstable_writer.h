// Writes sorted entries and range tombstones to one or more SSTables: the second half of a flush and
// of a compaction. The ranges of the SSTables are disjoint: a user key is never split, and range
// tombstones are cut right after the last key of each but the last:
//
//   entries      a  c  f │ g  k  m
//   tombstones     [c ───│── h)          first SSTable: [c, f\0)     second: [f\0, h)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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

  // Ascending. At its first call or before it: every range tombstone, in any order.
  void add(std::vector<sstable::RangeTombstone> tombstones);
  Result<void> add(Bytes internal_key, Bytes value);
  // Closes the last file and syncs the directory. The SSTables in key order; none if nothing was
  // added.
  Result<std::vector<SstableMetaPtr>> finish();

  const std::vector<FileNumber>& created() const { return created_; }

 private:
  Result<void> open_file();
  Result<void> close_file();
  // Moves the parts of range tombstones that lie before `limit` to the file, all if there is none.
  void take_range_tombstones(const std::optional<Buffer>& limit);

  env::FileSystem& files_;
  const SstableWriterOptions options_;
  std::unique_ptr<sstable::SstableBuilder> builder_;       // of created_.back(), or null
  std::vector<sstable::RangeTombstone> range_tombstones_;  // of files to come
  Buffer last_user_key_;                                   // in builder_'s file
  std::vector<FileNumber> created_;
  std::vector<SstableMetaPtr> finished_;
};

}  // namespace revenant::lsm
