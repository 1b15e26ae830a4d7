// The job that merges SSTables. It shares nothing: it opens its own handles, reads past every
// cache, and returns what it made by value; the owner installs it or throws it away.
//
//   inputs ─> merge ─> retention ─> may_purge? ─> outputs (cut as the pick says)
//                                       └─ purged: the list that the owner checks against what
//                                       arrived meanwhile
//
// It can pause: after so many bytes, so that its owner can hold it to a rate, and where an output
// ends, so that its owner can install what is done and let go of the inputs that lie before it.
//
// Of each key the winners of the present and of the snapshots stay (retention.h).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/env/event_sink.h"
#include "engine/env/file_system.h"
#include "engine/lsm/compaction/key_spans.h"
#include "engine/lsm/compaction/purge.h"
#include "engine/lsm/compaction/sstable_meta.h"
#include "engine/sstable/options.h"
#include "engine/sstable/sstable_reader.h"

namespace revenant::lsm {

// An SSTable that is not an input but whose range overlaps theirs. The filter is asked only whether
// it may contain a key, which reads nothing and changes nothing: it may be shared with the owner. One
// that lies in the owner's block cache says yes to all keys (RocksDB never asks: it goes by ranges).
struct Bystander {
  SstableMetaPtr meta;
  std::shared_ptr<const sstable::SstableReader> filter;
};

struct CompactionRequest {
  std::string directory;
  sstable::SstableOptions sstable;
  int from = 0, to = 0;  // levels
  std::vector<SstableMetaPtr> inputs;
  Buffer least, limit;  // only user keys from `least` and below `limit`; empty: no bound
  // Where outputs end, as in CompactionPick.
  uint64_t output_bytes_max = UINT64_MAX;
  uint64_t grandparent_bytes_max = UINT64_MAX;
  std::vector<SstableMetaPtr> grandparents;
  std::vector<Buffer> boundaries;
  // Numbers for the outputs. The last one takes all that is left.
  FileNumber first_output;
  uint64_t output_numbers = 1;
  FileNumber run;  // of the outputs; none: each is one of its own

  // What the purge rule needs, as of the job's start. For memtables and log the least version over
  // all their keys: coarser than Cassandra's least version of the partition, never less safe.
  Instant now;
  GcRule gc;
  std::vector<Bystander> bystanders;
  std::optional<Version> least_version_memtables;
  std::optional<Version> least_version_log;
  std::vector<SequenceNumber> snapshots;  // ascending
  PurgeGuards guards;
  std::shared_ptr<const KeySpans> streaming;  // keys that the node is being sent; null: none
  // A cleanup drops all other keys, whatever the purge rule says: nothing of them is left in the
  // inputs, which go at once. Range tombstones stay. Null: all are owned.
  std::shared_ptr<const KeySpans> owned;
  std::optional<Instant> repaired_at;  // of the inputs, and so of the outputs
  bool only_repaired = false;          // tombstones go only then

  std::vector<Buffer> watched;  // keys whose entries are told about; sorted

  // Called now and then while the job runs.
  std::function<void()> between_steps;
};

struct PurgedTombstone {
  Buffer key;
  Version version;
  Buffer end;  // of a range tombstone; empty for one of a single key
};

// Of a job, or of a part of it.
struct CompactionOutcome {
  Result<void> status;  // on error nothing below but `unreadable` and `created` is of use
  std::optional<FileNumber> unreadable;  // the input whose reading ended it; none: a write did
  std::vector<FileNumber> created;       // every file begun
  std::vector<SstableMetaPtr>
      outputs;  // in key order, synced, their directory too; none if nothing is left
  std::vector<PurgedTombstone> purged;
  std::vector<env::WatchedEntry> watched;
  std::array<uint64_t, kPurgeReasons> decisions{};    // by PurgeReason, tombstones that won
  uint64_t shadowed = 0;                              // entries dropped because they lost
  uint64_t cells_not_owned = 0, bytes_not_owned = 0;  // dropped by a cleanup; keys and values
  uint64_t bytes_read = 0, bytes_written = 0;

  // Adds what came after this.
  void append(CompactionOutcome next);
};

class CompactionJob {
 public:
  // `files` must outlive it.
  CompactionJob(env::FileSystem& files, CompactionRequest request);
  ~CompactionJob();

  struct Pause {
    uint64_t bytes = UINT64_MAX;  // written since the last pause, about
    bool at_output = false;       // an output was closed
  };
  enum class State { kPaused, kClosedOutput, kEnded };
  // Merges on until a pause or the end. After kClosedOutput every key below position() that is
  // left lies in an output that is closed.
  State advance(Pause pause);
  Buffer position() const;
  uint64_t bytes_written() const;  // so far, in the output in progress too

  // What came since the last call, unless a part of it is still in an output in progress: after
  // kClosedOutput and kEnded.
  CompactionOutcome take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A whole job, from begin to end.
CompactionOutcome run_compaction(env::FileSystem& files, const CompactionRequest& request);

}  // namespace revenant::lsm
