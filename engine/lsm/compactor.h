// Runs what the strategy picks, one compaction at a time (a flush may run besides).
//
//   pick ─> request: inputs, bystanders, least versions as of now ─> job ─> still safe? ─> install
//   ─> pick …
//
// A job judges tombstones by what the Db held when it began. A write that arrives meanwhile under a
// purged tombstone (its key, a version not above) would return from the dead, so before installing,
// each purged tombstone is looked up in the memtables that took writes since then; if one holds
// such a write the result is thrown away, and the next attempt keeps all tombstones. Between that
// look and the installed edit no write may slip in: the commit lock is held, for the time of one
// manifest append and sync, by compactions that purged something.
#pragma once

#include <memory>
#include <optional>

#include "engine/lsm/compaction/compaction_job.h"
#include "engine/lsm/compaction/picker.h"
#include "engine/lsm/core.h"

namespace revenant::lsm {

class Compactor {
 public:
  explicit Compactor(Core& core);

  // Starts a compaction if one is due and none runs.
  void schedule();
  // Merges all SSTables and waits for it.
  Result<void> compact_all();
  bool idle() const { return !running_; }
  // Lets what waits for its time look whether the Db is closing.
  void wake() { check_changed_.wake_all(); }

 private:
  // What a compaction knew when it began.
  struct Start {
    std::shared_ptr<const View> view;
    SequenceNumber sequence;
    std::vector<std::shared_ptr<Memtable>> memtables;  // those that took writes since
  };

  void run();
  enum class Ending { kInstalled, kAbandoned };
  Result<Ending> compact(const CompactionPick& pick);
  Result<Ending> move(const CompactionPick& pick);
  Result<CompactionRequest> make_request(const CompactionPick& pick, const View& view, Instant now);
  Result<void> add_bystanders(CompactionRequest& request, const View& view);
  bool older_writes_arrived(const Start& start, const std::vector<PurgedTombstone>& purged) const;
  Result<Ending> install(const CompactionPick& pick, const Start& start,
                         const CompactionOutcome& outcome);
  void discard(const CompactionOutcome& outcome);
  // A full disk is tried again, later; any other error ends the database.
  void failed(const Error& failure);
  void report(const CompactionPick& pick, const CompactionOutcome& outcome, Ending ending);

  // Picks again when time alone makes a compaction due. Costs nothing while no SSTable holds
  // tombstones.
  void arm_check();

  Core& core_;
  const std::unique_ptr<CompactionPicker> picker_;
  bool running_ = false;
  int majors_waiting_ = 0;
  bool keep_tombstones_ = false;  // the next attempt, after one that was abandoned
  std::optional<Instant> check_at_;
  bool check_armed_ = false;
  env::WaitList check_changed_;
};

}  // namespace revenant::lsm
