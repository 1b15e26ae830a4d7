// Turns frozen memtables into SSTables of level 0, the oldest first, one at a time, besides
// whatever else runs.
//
//   active ── freeze ──> frozen ── job: write SSTable ──> install {SSTable in, memtable and log
//   segment out}
#pragma once

#include <functional>

#include "engine/lsm/core.h"

namespace revenant::lsm {

// Writes what is to be kept of a memtable to SSTable `number`; what a flush and a recovery run as a
// job.
Result<SstableMetaPtr> write_memtable(env::FileSystem& files, const Memtable& memtable,
                                      const std::string& directory,
                                      const sstable::SstableOptions& options, FileNumber number,
                                      Instant now, std::vector<SequenceNumber> snapshots);

class Flusher {
 public:
  // `flushed` is called after each installed flush.
  Flusher(Core& core, std::function<void()> flushed) : core_(core), flushed_(std::move(flushed)) {}

  // Freezes the active memtable, which is not empty, and sees to its flush. With the commit lock
  // held.
  void freeze();
  // The disk had no room for a record: sees to it that the newest segment, whose end is unknown, is
  // released and that writes go on after that. With the commit lock held.
  void retire_log();
  // As Db::flush.
  Result<void> flush();
  bool idle() const { return !running_; }

 private:
  void start();
  void run();
  Result<void> flush_oldest();

  Core& core_;
  std::function<void()> flushed_;
  bool running_ = false;
  std::optional<FileNumber> retire_below_;  // segments, once nothing is frozen
};

}  // namespace revenant::lsm
