// What the parts of a Db share: its environment, the view that reads pin, its counters, and how it
// ends.
//
//   CommitQueue ─┐                        ┌─> view {active, frozen…, SSTables}   replaced as a
//   whole, Flusher ─────┼──> Core ── install ────┤                                     never
//   changed Compactor ───┘     │                  └─> manifest (one edit at a time)
//                      └─ progress: woken whenever a job ends, for all that wait for room, a flush
//                      or an end
//
// Everything runs on the owner's tasks, so what lies between two suspensions is atomic. Two locks
// order what suspends: `commit_lock` (no write is between its log record and its memtable while
// held) and, within it, the manifest's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/env/environment.h"
#include "engine/env/sync.h"
#include "engine/lsm/db.h"
#include "engine/lsm/log_record.h"
#include "engine/lsm/manifest.h"
#include "engine/lsm/memtable.h"
#include "engine/lsm/obsolete_files.h"
#include "engine/lsm/options.h"
#include "engine/lsm/rate_limiter.h"
#include "engine/lsm/snapshot.h"
#include "engine/lsm/sstable_set.h"
#include "engine/lsm/table_cache.h"
#include "engine/lsm/write_log.h"
#include "engine/sstable/block_cache.h"

namespace revenant::lsm {

// A memtable that takes no more writes.
struct FrozenMemtable {
  std::shared_ptr<Memtable> memtable;
  FileNumber segment;  // of the log that holds the same writes
};

// All that a Db holds at one moment. A read works on one view to its end.
struct View {
  std::shared_ptr<Memtable> active;
  std::vector<FrozenMemtable> frozen;  // newest first
  std::shared_ptr<const SstableSet> sstables;

  std::optional<Version> least_version_memtables() const;
};

class Core;
// Puts one write that is in the log into the memtable, and tells the observer.
void apply(Core& core, Memtable& memtable, const LogRecordEntry& write, env::ApplySource source);

class Core {
 public:
  // Time to the next attempt on a full disk. RocksDB: bgerror_resume_retry_interval, 1 s.
  static constexpr Duration kRoomRetry = seconds(1);

  Core(env::Environment environment, LsmOptions options, std::string directory);
  Core(const Core&) = delete;

  env::Environment env;
  const LsmOptions options;
  const std::string directory;

  std::shared_ptr<const View> view;
  uint64_t edits = 0;  // installed so far: the SSTables are the same while it is
  WriteLog log;
  SequenceNumber last_sequence;  // of the last visible write
  LsmMetrics metrics;            // counters; metrics() of Db fills in what is looked up
  RecoveryInfo recovery;
  sstable::BlockCache block_cache;
  TableCache tables;
  std::shared_ptr<ObsoleteFiles> obsolete_files;
  std::shared_ptr<SnapshotList> snapshots;

  RateLimiter rate_limiter;  // of flushes and compactions

  env::Mutex commit_lock;
  env::WaitList progress;

  FileNumber new_file_number() { return reserve_file_numbers(1); }
  FileNumber reserve_file_numbers(uint64_t count);
  // Once, at open: takes over what recovery found and writes it as a new manifest. `owner` owns
  // this object.
  Result<void> start(const ManifestEdit& recovered, std::weak_ptr<void> owner);

  // --- how it ends ---
  // The first error of log, manifest or a job: nothing is written after it. A full disk is no end:
  // see out_of_space().
  void fence(const Error& failure);
  bool fenced() const { return failure_.has_value(); }
  bool closing() const { return closing_.is_set(); }
  bool stopped() const { return fenced() || closing(); }
  // The error that a write gets, if it gets one.
  Result<void> writable() const;

  // --- a full disk ---
  //
  //   log append ─┐                                           ┌─> flush what is frozen ─┐
  //   flush ──────┼─ kNoSpace ─> read-only ─ every second: ───┤                         ├─> writable
  //   manifest ───┘                                           └─> a new manifest ───────┘
  //
  // A log segment whose last record may be there in part takes no more and must never be followed by
  // another: its memtable is flushed and it is released before the next write. Compactions that find
  // no room give up their outputs and try again; they alone do not stop writes.

  // Writes fail with this error until room_again(). Reads go on.
  void out_of_space(const Error& failure);
  // Something that had failed for want of room has succeeded.
  void room_again();
  // Suspends until the next attempt is due, or the Db ends.
  void retry_later() { sleep_or_close("room on the disk", kRoomRetry); }
  void begin_closing();
  void wait_for_background();
  // Suspends for `time`, or until the Db closes.
  void sleep_or_close(const char* why, Duration time) { closing_.wait_for(why, time); }

  // Suspends who wrote these bytes in the background until the rate limiter lets it go on.
  void keep_to_rate(uint64_t bytes);

  // Starts a task that keeps this object alive and that close() waits for.
  void background(const char* name, std::move_only_function<void()> body);

  // --- changes of the view ---
  // Freezes the active memtable, which is not empty. With the commit lock held.
  void freeze_active();
  // Each is given the memtables that become active, for as long as it is in here.
  std::vector<std::vector<std::shared_ptr<Memtable>>*> memtable_watchers;

  // Makes the edit durable, then visible; the `flushed` memtable leaves the view with it. Returns
  // at the instant it became visible. kNoSpace: nothing has changed, the same edit may be tried again
  // once there is room. Any other error fences.
  Result<void> install(ManifestEdit edit, const Memtable* flushed = nullptr);
  // Likewise, and tries again until there is room. kUnavailable if the Db closes before.
  Result<void> install_when_there_is_room(const ManifestEdit& edit,
                                          const Memtable* flushed = nullptr);
  // Has a file removed that no view and no manifest names.
  void remove_soon(FileName name);

 private:
  Result<void> write_edit(ManifestEdit& edit);
  std::shared_ptr<Memtable> new_memtable() const;
  Result<void> create_manifest();
  ManifestEdit whole_state() const;
  void start_cleaner();
  void remove_obsolete_files();

  env::Mutex manifest_lock_;
  std::optional<Manifest> manifest_;
  uint64_t manifest_bytes_max_ = 0;
  bool manifest_full_ = false;  // its end is unknown after kNoSpace: it takes no more edits
  FileNumber next_file_;
  FileNumber log_number_;  // these two as the manifest has them
  SequenceNumber flushed_sequence_;
  std::optional<Error> failure_;
  std::optional<Error> no_space_;
  env::Event closing_;
  int background_tasks_ = 0;
  bool cleaner_runs_ = false;
  std::weak_ptr<void> owner_;
};

}  // namespace revenant::lsm
