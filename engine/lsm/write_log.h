// The segments of one Db's write-ahead log. A segment holds what went into one memtable: it is
// begun by the memtable's first write and let go when the memtable's SSTable is installed.
//
//   segments   7 ──────> 9 ──────> 12           9 released: files below 10 are obsolete
//   memtables  flushing  waiting   active
//
// With wal.segment_size a segment may hold what went into several memtables, one after the other; it
// is let go with the last of them:
//
//   segments   7 ────────────────> 12           7 stays: a recovery meets what is flushed again
//   memtables  flushed   waiting   active
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/defects.h"
#include "engine/base/ids.h"
#include "engine/env/file_system.h"
#include "engine/wal/wal.h"

namespace revenant::lsm {

class WriteLog {
 public:
  WriteLog(env::FileSystem& files, std::string directory, Defects defects)
      : files_(files), directory_(std::move(directory)), defects_(defects) {}

  // True: the next append needs begin() first.
  bool needs_segment() const { return !open_; }
  Result<void> begin(FileNumber number);
  // Appends to the newest segment. `least_version` is that of the record's entries. kNoSpace: the
  // segment must end here, see tail_unknown(); any other error ends the log.
  Result<void> append(Bytes record, Version least_version);
  // The newest segment gets no more, if it has so many bytes; its number, or nothing if it was never
  // begun.
  std::optional<FileNumber> end(uint64_t bytes_min = 0);
  // Whether writes to come go to this segment.
  bool open(FileNumber number) const { return open_ && segments_.back()->number == number; }

  // Makes all that was appended before this call durable, oldest first, so that what is durable is
  // always a prefix. Appends may go on meanwhile.
  Result<void> sync();
  bool unsynced() const;
  // An append or a sync failed: the log takes and promises no more.
  bool failed() const { return failure_.has_value(); }
  // The disk was full, and part of a record may stand at the end of a segment that is not released.
  bool tail_unknown() const { return full_segment_.has_value(); }

  // Forgets the segments below `number`; what they hold is in SSTables.
  std::vector<FileNumber> release(FileNumber number);

  uint64_t bytes() const;
  // Over all segments that a recovery would replay.
  std::optional<Version> least_version() const;

 private:
  struct Segment {
    FileNumber number;
    wal::WalWriter writer;
    Version least_version = Version::max();
    bool entry_durable = false;  // in the directory
    bool unsynced = false;       // bytes
  };

  env::FileSystem& files_;
  const std::string directory_;
  const Defects defects_;
  std::deque<std::shared_ptr<Segment>> segments_;  // ascending
  bool open_ = false;                              // segments_.back() takes appends
  std::optional<Error> failure_;  // of an append or a sync: there is no more of either
  std::optional<FileNumber> full_segment_;
};

}  // namespace revenant::lsm
