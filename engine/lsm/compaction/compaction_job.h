// The job that merges SSTables. It shares nothing: it opens its own handles, reads past every
// cache, and returns what it made by value; the owner installs it or throws it away.
//
//   inputs ─> merge ─> retention ─> may_purge? ─> outputs (closed at output_bytes_max)
//                                       └─ purged: the list that the owner checks against what
//                                       arrived meanwhile
//
// Of each key the winners of the present and of the snapshots stay (retention.h).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/env/file_system.h"
#include "engine/lsm/compaction/purge.h"
#include "engine/lsm/compaction/sstable_meta.h"
#include "engine/sstable/options.h"
#include "engine/sstable/sstable_reader.h"

namespace revenant::lsm {

// An SSTable that is not an input but whose range overlaps theirs. The filter is asked only whether
// it may contain a key, which reads nothing and changes nothing: it may be shared with the owner.
struct Bystander {
  SstableMetaPtr meta;
  std::shared_ptr<const sstable::SstableReader> filter;
};

struct CompactionRequest {
  std::string directory;
  sstable::SstableOptions sstable;
  int from = 0, to = 0;  // levels
  std::vector<SstableMetaPtr> inputs;
  uint64_t output_bytes_max = UINT64_MAX;
  // Numbers for the outputs. The last one takes all that is left.
  FileNumber first_output;
  uint64_t output_numbers = 1;

  // What the purge rule needs, as of the job's start. For memtables and log the least version over
  // all their keys: coarser than Cassandra's least version of the partition, never less safe.
  Instant now;
  Duration gc_grace;
  std::vector<Bystander> bystanders;
  std::optional<Version> least_version_memtables;
  std::optional<Version> least_version_log;
  std::vector<SequenceNumber> snapshots;  // ascending
  PurgeGuards guards;

  // Called now and then while the job runs.
  std::function<void()> between_steps;
};

struct PurgedTombstone {
  Buffer key;
  Version version;
  Buffer end;  // of a range tombstone; empty for one of a single key
};

struct CompactionOutcome {
  Result<void> status;              // on error nothing below but `created` is of use
  std::vector<FileNumber> created;  // every file begun
  std::vector<SstableMetaPtr>
      outputs;  // in key order, synced, their directory too; none if nothing is left
  std::vector<PurgedTombstone> purged;
  std::array<uint64_t, kPurgeReasons> decisions{};  // by PurgeReason, tombstones that won
  uint64_t shadowed = 0;                            // entries dropped because they lost
  uint64_t bytes_read = 0, bytes_written = 0;
};

CompactionOutcome run_compaction(env::FileSystem& files, const CompactionRequest& request);

}  // namespace revenant::lsm
