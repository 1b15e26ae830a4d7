// The purge rule: the one place that decides whether a tombstone may be forgotten.
//
// A tombstone of version v shadows every cell of its key with a version <= v. It may go only when
// no such cell can still turn up on this node, and when every other replica had its chance to learn
// of the delete. All inputs are explicit and local to the node; the answer carries its reason.
// Compaction and every later caller use this function and no other. Repair, which compares what other
// nodes hold, can ask only for the second half (tombstone_gc.h), by the same GcRule.
#pragma once

#include <array>
#include <optional>

#include "engine/base/cell.h"
#include "engine/base/settings.h"
#include "engine/lsm/compaction/tombstone_gc.h"

namespace revenant::lsm {

enum class PurgeReason : uint8_t {
  kPurged,          // dropped
  kKeptByGrace,     // younger than gc_grace by the node's clock; mode immediate: deleted after now
  kKeptBySstable,   // an overlapping SSTable outside the compaction may hold a cell it shadows
  kKeptByMemtable,  // a memtable holds, or may hold, one
  kKeptByLog,       // a log that may still be replayed holds one
  kKeptBySnapshot,  // a cell it shadows is kept for a snapshot
  kKeptByRepair,  // no repair of its range is known to have begun long enough after the delete, or
                  // its SSTable is unrepaired
  kKeptByMode,    // tombstone_gc is disabled
  kKeptByStreaming,  // its range is being sent to this node
};
inline constexpr size_t kPurgeReasons = 9;
std::string_view to_string(PurgeReason reason);

// Each input is a guard that a scenario can remove, so that the bug it prevents can be switched on.
struct PurgeGuards {
  bool grace = true;
  bool sstables = true;
  bool memtables = true;
  bool log = true;
  bool snapshots = true;
  bool streaming = true;

  template <typename V>
  void describe(V& v) {
    v.field("grace", grace, "Keep tombstones until tombstone_gc lets them go.");
    v.field("sstables", sstables,
            "Keep a tombstone while an overlapping SSTable may hold what it shadows.");
    v.field("memtables", memtables, "Keep a tombstone while a memtable may hold what it shadows.");
    v.field("log", log,
            "Keep a tombstone while a replayable log segment may hold what it shadows.");
    v.field("snapshots", snapshots,
            "Keep a tombstone while what it shadows is kept for a snapshot.");
    v.field("streaming", streaming,
            "Keep the tombstones of a range while the node is being sent it (operations: "
            "bootstrap, decommission, replace, move): what they shadow may be on its way.");
  }
};

// What the node knows at one moment about one key. A least version is absent where nothing can hold
// the key.
struct PurgeInputs {
  TombstoneGc mode = TombstoneGc::kTimeout;
  GcBefore gc;              // by GcRule, of the node's clock and of the repairs it knows of
  bool unrepaired = false;  // it would have to be repaired first (only_purge_repaired_tombstones)
  std::optional<Version>
      least_version_sstables;  // over overlapping SSTables not being compacted that may hold it
  std::optional<Version> least_version_memtables;  // over all memtables
  std::optional<Version> least_version_log;        // over log segments a recovery would replay
  std::optional<Version> least_version_snapshots;  // over cells kept only for snapshots
  bool streaming = false;                          // other nodes are sending the key's range
};

PurgeReason may_purge(const CellView& tombstone, const PurgeInputs& inputs,
                      const PurgeGuards& guards);

}  // namespace revenant::lsm
