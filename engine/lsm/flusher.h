// Turns frozen memtables into SSTables of level 0 (or deeper, if the strategy says so), the oldest
// first, one at a time, besides whatever else runs.
//
//   active ── freeze ──> frozen ── job: write SSTable ──> install {SSTable in, memtable and log
//   segment out}
#pragma once

#include "engine/lsm/compactor.h"
#include "engine/lsm/core.h"

namespace revenant::lsm {

// Writes what is to be kept of a memtable to SSTable `number`; what a flush and a recovery run as a
// job. The entries of `watched` keys (sorted) are added to `told`. It is marked as repaired then.
Result<SstableMetaPtr> write_memtable(env::FileSystem& files, const Memtable& memtable,
                                      const std::string& directory,
                                      const sstable::SstableOptions& options, FileNumber number,
                                      Instant now, std::vector<SequenceNumber> snapshots,
                                      const std::vector<Buffer>& watched,
                                      std::vector<env::WatchedEntry>& told,
                                      std::optional<Instant> repaired_at = std::nullopt);

class Flusher {
 public:
  Flusher(Core& core, Compactor& compactor) : core_(core), compactor_(compactor) {}

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
  Compactor& compactor_;  // says where a flush goes, and is told when it is there
  bool running_ = false;
  std::optional<FileNumber> retire_below_;  // segments, once nothing is frozen
};

}  // namespace revenant::lsm
