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
  FileNumber run = {};  // of all files; none: each is one of its own
  // A file is closed once it is this large, before one of these keys, and before it overlaps more
  // than this of the grandparents (both in key order); but not the last number's.
  uint64_t file_bytes_max = UINT64_MAX;
  std::vector<Buffer> boundaries = {};
  uint64_t grandparent_bytes_max = UINT64_MAX;
  std::vector<SstableMetaPtr> grandparents = {};
  std::optional<Instant> repaired_at = {};
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

  // Closes the file in progress if `user_key`, the next to be added, is to begin a new one; true if
  // it did. add() does the same.
  Result<bool> close_before(Bytes user_key);
  // The files closed since the last call, durable; none is in progress. They hold all that was
  // added up to limit_of_closed().
  Result<std::vector<SstableMetaPtr>> take_closed();
  Buffer limit_of_closed() const { return last_user_key_ + '\0'; }

  const std::vector<FileNumber>& created() const { return created_; }
  uint64_t bytes() const {
    return closed_bytes_ + (builder_ != nullptr ? builder_->file_bytes() : 0);
  }

 private:
  bool must_end_before(Bytes user_key);
  Result<void> open_file();
  Result<void> close_file();
  // Moves the parts of range tombstones that lie before `limit` to the file, all if there is none.
  void take_range_tombstones(const std::optional<Buffer>& limit);

  env::FileSystem& files_;
  const SstableWriterOptions options_;
  std::unique_ptr<sstable::SstableBuilder> builder_;       // of created_.back(), or null
  std::vector<sstable::RangeTombstone> range_tombstones_;  // of files to come
  Buffer last_user_key_;                                   // of the last file begun
  std::vector<FileNumber> created_;
  std::vector<SstableMetaPtr> finished_;  // not yet taken
  Buffer greatest_key_;                   // of the last file closed
  uint64_t closed_bytes_ = 0;
  size_t next_boundary_ = 0;
  size_t next_grandparent_ = 0;     // the first that does not lie before the last key
  uint64_t grandparent_bytes_ = 0;  // passed since the last file that they ended
  bool added_ = false;              // a key, ever
};

}  // namespace revenant::lsm
