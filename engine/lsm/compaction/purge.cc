#include "engine/lsm/compaction/purge.h"

#include "engine/base/check.h"

namespace revenant::lsm {

std::string_view to_string(PurgeReason reason) {
  switch (reason) {
    case PurgeReason::kPurged:
      return "purged";
    case PurgeReason::kKeptByGrace:
      return "kept_by_grace";
    case PurgeReason::kKeptBySstable:
      return "kept_by_sstable";
    case PurgeReason::kKeptByMemtable:
      return "kept_by_memtable";
    case PurgeReason::kKeptByLog:
      return "kept_by_log";
    case PurgeReason::kKeptBySnapshot:
      return "kept_by_snapshot";
    case PurgeReason::kKeptByRepair:
      return "kept_by_repair";
    case PurgeReason::kKeptByMode:
      return "kept_by_mode";
    case PurgeReason::kKeptByStreaming:
      return "kept_by_streaming";
  }
  return "?";
}

namespace {

PurgeReason kept_by(TombstoneGc mode) {
  switch (mode) {
    case TombstoneGc::kTimeout:
    case TombstoneGc::kImmediate:
      return PurgeReason::kKeptByGrace;
    case TombstoneGc::kRepair:
      return PurgeReason::kKeptByRepair;
    case TombstoneGc::kDisabled:
      return PurgeReason::kKeptByMode;
  }
  return PurgeReason::kKeptByMode;
}

}  // namespace

PurgeReason may_purge(const CellView& tombstone, const PurgeInputs& inputs,
                      const PurgeGuards& guards) {
  CHECK(tombstone.is_tombstone());
  // A cell of the tombstone's own version loses against it (compare_cells), so it counts as
  // shadowed.
  const auto holds_shadowed = [&](const std::optional<Version>& least) {
    return least.has_value() && *least <= tombstone.version;
  };
  if (guards.grace && !inputs.gc.passed(tombstone)) return kept_by(inputs.mode);
  if (inputs.unrepaired) return PurgeReason::kKeptByRepair;
  if (guards.sstables && holds_shadowed(inputs.least_version_sstables)) {
    return PurgeReason::kKeptBySstable;
  }
  if (guards.memtables && holds_shadowed(inputs.least_version_memtables)) {
    return PurgeReason::kKeptByMemtable;
  }
  if (guards.log && holds_shadowed(inputs.least_version_log)) return PurgeReason::kKeptByLog;
  if (guards.snapshots && holds_shadowed(inputs.least_version_snapshots)) {
    return PurgeReason::kKeptBySnapshot;
  }
  if (guards.streaming && inputs.streaming) return PurgeReason::kKeptByStreaming;
  return PurgeReason::kPurged;
}

}  // namespace revenant::lsm
