// One LSM database in one directory: WAL, memtables, SSTables, manifest.
//
//   write ─> commit queue: WAL append ─> (sync) ─> memtable ─> acknowledge
//                                                     │ full: frozen, flushed by a job
//   get, scan <─ view {memtables, SSTables} <─────────┴─> level 0 ─> compaction jobs ─> …
//
// A Db has one owner: all calls come from tasks of one node. Calls from several tasks interleave at
// every suspension; a read works on a reference-counted view of its own. Flushes and compactions
// are jobs that share nothing; the owner installs what they return.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/env/environment.h"
#include "engine/lsm/compaction/key_spans.h"
#include "engine/lsm/options.h"
#include "engine/lsm/snapshot.h"
#include "engine/lsm/write_batch.h"
#include "engine/sstable/range_tombstone.h"
#include "engine/sstable/read_counters.h"

namespace revenant::lsm {

struct LevelMetrics {
  uint64_t sstables = 0;
  uint64_t bytes = 0;
  uint64_t entries = 0;
  uint64_t tombstones = 0;
};

struct LsmMetrics {
  std::vector<LevelMetrics> levels;
  uint64_t memtable_bytes = 0;      // encoded, all memtables
  uint64_t wal_bytes = 0;           // of live segments
  uint64_t user_bytes_written = 0;  // keys and values of every write accepted since open
  uint64_t flushes = 0;
  uint64_t compactions = 0;
  uint64_t compactions_abandoned = 0;  // an older write arrived under a purged tombstone
  std::array<uint64_t, kPurgeReasons>
      purge_decisions{};  // by PurgeReason, tombstones as compactions met them
  uint64_t shadowed_dropped =
      0;  // cells dropped because a newer one of their key was in the same merge
  uint64_t cells_not_owned = 0, bytes_not_owned = 0;  // that cleanups dropped: keys and values
  uint64_t anticompactions = 0;      // SSTables that repairs of some of their keys split
  uint64_t bytes_anticompacted = 0;  // written for that
  uint64_t unreadable_sstables = 0;  // that compactions met, and leave alone since
  uint64_t disk_full = 0;            // times that a full disk made the Db read-only
  uint64_t stalls = 0;
  Duration stall_time;
  sstable::ReadCounters reads;
  uint64_t block_cache_hits = 0, block_cache_misses = 0;
};

struct RecoveryInfo {
  uint64_t wal_records = 0;        // replayed
  uint64_t wal_dropped_bytes = 0;  // damaged, or after a damage
  std::string wal_damage;          // the first one: file, offset, what; empty if there is none
  uint64_t orphans_removed = 0;    // files no version names
};

// How a read is done.
struct ReadOptions {
  const Snapshot* snapshot = nullptr;  // null: what has arrived by now
  sstable::ReadCounters* counters =
      nullptr;  // gets this read's costs added; metrics() has them too
  env::Cause cause{env::CauseKind::kClientRead};
};

// Goes over the winning cells of a range, one per user key that has entries, tombstones and values
// that ended too, as of the moment the scan began (or of its snapshot). A key that only range
// tombstones cover is not among them. Works on a pinned view. Moves may suspend. Must not outlive
// the Db.
class Scan {
 public:
  virtual ~Scan() = default;
  // A new scan stands on its first cell.
  virtual bool valid() const = 0;
  virtual void seek_to_first() = 0;
  virtual void seek_to_last() = 0;
  virtual void seek(Bytes key) = 0;           // the first not before it
  virtual void seek_for_prev(Bytes key) = 0;  // the last not after it
  virtual void next() = 0;                    // only while valid()
  virtual void prev() = 0;                    // likewise
  virtual Bytes key() const = 0;              // lives until the next move
  virtual CellView cell() const = 0;          // likewise
  virtual Result<void> status() const = 0;    // why valid() is false although cells may follow
  // What is deleted as a whole in the range: the range tombstones it sees, ascending by start, each
  // as far as it lies in SSTables that overlap the range.
  virtual std::vector<sstable::RangeTombstone> range_tombstones() const = 0;
};

class Db {
 public:
  // Opens or creates the database in `directory` and recovers it from any crash. Suspends.
  static Result<std::unique_ptr<Db>> open(env::Environment environment, LsmOptions options,
                                          std::string directory);
  // Neither suspends nor does I/O; unsynced data stays at risk. Call close() first for an orderly
  // end.
  ~Db();

  // Waits for running jobs, syncs the log. No calls after it.
  Result<void> close();

  // Returns when the batch is visible, and durable as wal.sync promises. After an I/O error of the
  // log the Db is fenced: every later write fails with that error. Where it would have to wait for
  // compactions that an unreadable SSTable keeps from coming, it fails with that one's. `source` only labels the event
  // sink's notice.
  Result<void> write(WriteBatch batch, env::ApplySource source = env::ApplySource::kClient);

  // The winning cell of the key, tombstones too, of the key itself or of a range; an expiring value
  // as it was written, whether it has ended or not (CellView::at). Nothing if the Db holds none.
  Result<std::optional<Cell>> get(Bytes key, const ReadOptions& options = {});
  // The same for several keys, in their order, as of one moment.
  Result<std::vector<std::optional<Cell>>> multi_get(std::span<const Bytes> keys,
                                                     const ReadOptions& options = {});

  // Keys with least <= key < limit; an empty limit has no end.
  Result<std::unique_ptr<Scan>> scan(Bytes least, Bytes limit, const ReadOptions& options = {});

  // What is visible now stays readable while it lives.
  Snapshot snapshot();

  // What GcRule knows of repairs from now on, in mode repair: each piece must be true of all replicas
  // and durably known. Compactions that this makes due begin.
  void set_repaired(std::shared_ptr<const RepairedRanges> repaired);
  // From now on, in mode timeout. Compactions that this makes due begin.
  void set_gc_grace(Duration gc_grace);
  const GcRule& gc() const;
  // Of these keys older writes may still arrive, from nodes that held them before: compactions that
  // begin from now on purge none of their tombstones. Null: there are none.
  void set_streaming(std::shared_ptr<const KeySpans> streaming);

  // --- incremental repair: one session at a time, of a strategy that keeps all in level 0 ---
  // Flushes, and takes the SSTables that no session has marked; of these keys alone, for which it
  // splits those that hold others too (null: all keys). `pinned`: no compaction touches them until
  // the session ends. Without an error end_repair() must follow.
  Result<void> begin_repair(bool pinned, std::shared_ptr<const KeySpans> spans = nullptr);
  bool in_repair() const;
  // As scan, of what was taken alone.
  Result<std::unique_ptr<Scan>> scan_unrepaired(Bytes least, Bytes limit,
                                                const ReadOptions& options = {});
  // Marks what was taken as repaired, as far as it is still there, and makes one more SSTable, marked
  // too, of what other replicas sent.
  Result<void> mark_repaired(Instant at, const std::map<Buffer, Cell>& received);
  void end_repair();

  // Flushes what the memtable holds now and waits for it.
  Result<void> flush();
  // Flushes, then merges all SSTables (a major compaction) and waits for it. Tombstones go by the
  // purge rule. If one of them cannot be read, its error; nothing is lost then.
  Result<void> compact();
  // A major compaction that drops all keys but those that `owned` names; asked once the inputs are
  // known, so that what is written later stays. Nothing tells of what was dropped.
  Result<void> cleanup(const std::function<KeySpans()>& owned);
  // Forgets all that was written before the call, and perhaps some of what is written during it. No
  // tombstone tells of it: what comes again from elsewhere is there again. For good once it returns.
  Result<void> truncate();
  // Waits until no flush or compaction runs or is due.
  void wait_idle();

  LsmMetrics metrics() const;
  // Keys and values of all live cells and tombstones in memtables and SSTables: what space
  // amplification divides.
  uint64_t physical_bytes() const;
  const RecoveryInfo& recovery() const;

 private:
  struct Impl;
  explicit Db(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // shared with the background tasks
};

}  // namespace revenant::lsm
