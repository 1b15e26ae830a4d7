// What the engine tells an observer. Calls never suspend, draw or change the engine's course; the
// default sink ignores everything.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/cell.h"
#include "engine/base/ids.h"
#include "engine/env/cause.h"

namespace revenant::env {

enum class ApplySource : uint8_t {
  kClient,
  kHint,
  kReadRepair,
  kRepair,
  kRecovery,
  kStream,
  kHandoff,   // from a node that stood in for this one
  kBatchLog,  // replayed from a batch log
};

// Why a write had to wait.
enum class StallCause : uint8_t {
  kMemtables,        // stop: no memtable is left to write to
  kLevel0Slowdown,   // level 0 has too many SSTables
  kLevel0Stop,       // far too many
  kPendingSlowdown,  // compactions have too many bytes to rewrite yet
  kPendingStop,      // far too many
};
constexpr std::string_view to_string(StallCause cause) {
  switch (cause) {
    case StallCause::kMemtables:
      return "memtables";
    case StallCause::kLevel0Slowdown:
      return "level0_slowdown";
    case StallCause::kLevel0Stop:
      return "level0_stop";
    case StallCause::kPendingSlowdown:
      return "pending_compaction_bytes_slowdown";
    case StallCause::kPendingStop:
      return "pending_compaction_bytes_stop";
  }
  return "?";
}

struct CompactionEvent {
  int from = 0, to = 0;         // levels
  int inputs = 0, outputs = 0;  // SSTables
  uint64_t bytes_read = 0, bytes_written = 0;
  uint64_t tombstones_purged = 0;
  bool installed = true;  // false: given up because an older write arrived meanwhile
  // Why it was picked, and what else was due: one line for people. Lives as long as the call.
  std::string_view explanation = {};
};

// What a flush or a compaction did with one entry of a watched key.
struct WatchedEntry {
  Buffer key;
  CellKind kind = CellKind::kValue;
  Version version;
  FileNumber sstable;            // it was written to this one; none: purged
  std::string_view reason = {};  // of a tombstone in a compaction: what the purge rule said
};

// A point that work has reached: where a debugger would stop, and where a fault can be aimed. Those
// that have a call of their own below (flushed, compacted, purged) are not told twice.
struct Milestone {
  enum class Kind : uint8_t {
    kFlushBegins,
    kFlushInstalls,       // the manifest edit that makes its SSTable live is about to be written
    kCompactionBegins,    // into `level`
    kCompactionInstalls,  // as for a flush; into `level`, unless nothing is left of the inputs
    kManifestSwitches,    // a new manifest is about to be written, for CURRENT to name
    kHintStored,          // for `peer`
    kHintDelivered,       // `peer` acknowledged it
    kRepairBegins,        // a session of all ranges that the node owns first
    kRepairEnds,
  };
  Kind kind;
  std::optional<int> level = {};
  std::optional<NodeId> peer = {};
};

class EventSink {
 public:
  virtual ~EventSink() = default;

  // --- lineage: off unless some key is watched ---
  // Keys of which flushes and compactions tell each entry; sorted. Asked when one begins.
  virtual std::vector<Buffer> watched_keys() const { return {}; }
  // A flush (no inputs) or a part of a compaction was installed. `entries`: those of watched
  // keys that it kept or purged; of those in the inputs that are not here a newer cell won.
  virtual void rewritten(std::span<const FileNumber> /*inputs*/,
                         std::span<const WatchedEntry> /*entries*/) {}

  // --- what happened ---
  // The replica now holds this cell (it may lose against one it holds already).
  virtual void applied(Bytes /*key*/, const CellView& /*cell*/, ApplySource /*source*/) {}
  // It now holds this tombstone for every key of [start, end).
  virtual void range_applied(Bytes /*start*/, Bytes /*end*/, const CellView& /*tombstone*/,
                             ApplySource /*source*/) {}
  // The last trace of a tombstone is gone from this replica by the purge rule.
  virtual void purged(Bytes /*key*/, Version /*version*/) {}
  // Likewise of a range tombstone, for the keys of [start, end); it may live on for others.
  virtual void range_purged(Bytes /*start*/, Bytes /*end*/, Version /*version*/) {}
  virtual void flushed(FileNumber /*sstable*/, uint64_t /*entries*/, uint64_t /*bytes*/) {}
  virtual void compacted(const CompactionEvent&) {}
  virtual void stalled(StallCause /*cause*/, Duration /*time*/) {}
  virtual void reached(const Milestone&) {}
  // The node takes this other one for down from now on, or for up again. At its start, all are up.
  virtual void peer_marked(NodeId /*peer*/, bool /*up*/) {}
};

}  // namespace revenant::env
