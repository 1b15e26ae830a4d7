// Runs what the strategy picks, several compactions at a time if max_background_jobs allows and
// their inputs are apart (a flush may run besides).
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
//
// An incremental compaction installs each output once it is whole, and lets go of the inputs that
// lie before it, so that it needs little room. A purged tombstone's input stays until no input that
// may hold what it shadowed is left, for a crash would bring that back (ScyllaDB writes such
// tombstones to SSTables of their own instead):
//
//   inputs    X [ a(deleted) ][ … ]      Y [ a ……… z ]        X's first piece stays until Y goes
//
// A compaction may be split by key into subcompactions, which are jobs of their own and are
// installed as one.
//
// What an incremental repair has marked (SstableMeta::repaired_at) and what it has not are two sets
// that are picked from in turn and never merged, for a tombstone may be known everywhere while the
// value beside it is not. The purge rule asks both. A session takes what is unrepaired; it is busy
// until the session ends, so that what was compared is what is marked. One that is about some keys
// alone splits the SSTables that hold others too (anticompaction.h).
//
// One whose input cannot be read gives up its outputs. That input is set aside: to picks it is busy
// until the database is opened again, so what lies beside it is compacted on (Cassandra: suspect
// SSTables). Its keys answer from the blocks that can be read; a major compaction, and a write that
// waits for compactions which now cannot come, get the error.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/lsm/compaction/compaction_job.h"
#include "engine/lsm/compaction/picker.h"
#include "engine/lsm/core.h"

namespace revenant::lsm {

class Compactor {
 public:
  explicit Compactor(Core& core);

  // Starts compactions that are due, as many as may run.
  void schedule();
  // Merges all SSTables and waits for it. With `owned`, asked once nothing else is written: all but
  // these keys are dropped.
  Result<void> compact_all(const std::function<KeySpans()>& owned = nullptr);
  // Forgets all SSTables, whatever is in them.
  Result<void> drop_all();
  bool idle() const { return workers_ == 0 && !major_; }
  // Why nothing is compacted any more although it may be due; nothing if that is not so.
  std::optional<Error> stuck() const { return idle() ? unreadable_ : std::nullopt; }
  uint64_t set_aside() const { return set_aside_; }  // SSTables
  // Lets what waits for its time look whether the Db is closing.
  void wake() { check_changed_.wake_all(); }

  // --- a session of incremental repair; strategies that keep all in level 0 ---
  // Waits for running compactions, and takes what is unrepaired, of these keys alone: what holds
  // others too is split first. `spans` null: all keys. `pinned`: until end_session() no compaction
  // touches it.
  Result<std::shared_ptr<const SstableSet>> begin_session(bool pinned,
                                                          std::shared_ptr<const KeySpans> spans);
  // Marks those of `taken` that are still there, and with them `received`, if there is one, once no
  // compaction runs.
  Result<void> mark_repaired(const SstableSet& taken, Instant at, SstableMetaPtr received);
  void end_session();

  // Where a flushed SSTable goes. It counts as being written there until flush_installed().
  int place_flush(const SstableMeta& flushed);
  void flush_installed();

  // What compactions that begin from now on know of repairs.
  void set_repaired(std::shared_ptr<const RepairedRanges> repaired);
  // And from what age on tombstones may go, in mode timeout.
  void set_gc_grace(Duration gc_grace);
  const GcRule& gc() const { return gc_; }
  // Of compactions that begin from now on.
  void set_streaming(std::shared_ptr<const KeySpans> streaming) {
    streaming_ = std::move(streaming);
  }

  // Bytes that compactions have to rewrite until none is due.
  uint64_t pending_bytes();

 private:
  // One compaction from pick to end.
  struct Execution;
  // What is written now; picks keep away from it.
  class Claim;
  enum class Ending { kInstalled, kAbandoned, kUnreadable };

  void make_picker();
  // Until nothing else is written, so that what follows before the next suspension has the SSTables
  // to itself; `of_session`: entries of running_ that are its own.
  Result<void> wait_for_others(const char* why, uint64_t of_session = 0);
  // Splits what is unrepaired and holds keys of the spans and others. The unrepaired SSTables of the
  // spans alone.
  Result<std::vector<FileNumber>> anticompact_all(const std::shared_ptr<const KeySpans>& spans);
  // Adds the half that is to be marked, if there is one.
  Result<void> anticompact_one(const SstableMetaPtr& input,
                               const std::shared_ptr<const KeySpans>& spans,
                               std::vector<FileNumber>& within);
  void run();
  LsmState state(const Levels& levels) const;
  // Of each of the two sets what `pick_from` picks, the unrepaired one first.
  template <typename PickFrom>
  std::optional<CompactionPick> pick_of_sets(PickFrom pick_from) const;
  Result<void> execute(CompactionPick pick);
  Result<void> move(const CompactionPick& pick);
  Result<Ending> compact(CompactionPick& pick, bool keep_tombstones);
  Result<Ending> drive(Execution& execution);
  Result<Ending> drive_split(Execution& execution, const std::vector<Buffer>& keys);
  CompactionJob::State advance(CompactionJob& job, bool at_output);
  CompactionRequest make_request(const CompactionPick& pick, const View& view, Instant now,
                                 bool keep_tombstones);
  void add_bystanders(CompactionRequest& request, const View& view);
  // Installs what a job made, if that is still safe; waits for room if the disk is full.
  Result<Ending> settle(Execution& execution, CompactionOutcome outcome,
                        std::optional<Bytes> position);
  Result<Ending> install(Execution& execution, const CompactionOutcome& outcome,
                         std::optional<Bytes> position);
  void discard(const CompactionOutcome& outcome);
  // After a job that failed: kUnreadable with the input set aside, or the error of a write.
  Result<Ending> give_up(const CompactionOutcome& outcome);
  // A full disk is tried again, later; any other error ends the database.
  void failed(const Error& failure);
  void report(const CompactionPick& pick, size_t inputs, const CompactionOutcome& outcome,
              Ending ending);

  // Picks again when time alone makes a compaction due. Costs nothing while no SSTable holds
  // tombstones.
  void arm_check();

  Core& core_;
  GcRule gc_;
  std::unique_ptr<const CompactionPicker> picker_;  // a function of the options and gc_
  int workers_ = 0;                                 // tasks that pick and compact
  bool major_ = false;                              // a major compaction runs
  std::shared_ptr<const KeySpans> owned_;           // it is a cleanup, which keeps these
  std::shared_ptr<const KeySpans> streaming_;       // null: none
  int majors_waiting_ = 0;                          // for the workers to end
  std::vector<RunningCompaction> running_;          // and an entry for each SSTable set aside
  uint64_t set_aside_ = 0;
  std::optional<FileNumber> session_;  // names the entry of running_ of what a session has pinned
  std::optional<Error> unreadable_;    // why the first of these was
  std::optional<uint64_t> pending_as_of_;  // Core::edits that pending_bytes_ was counted at
  uint64_t pending_bytes_ = 0;
  std::optional<Instant> check_at_;
  bool check_armed_ = false;
  env::WaitList check_changed_;
};

}  // namespace revenant::lsm
