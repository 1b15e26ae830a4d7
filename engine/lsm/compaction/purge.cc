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
  }
  return "?";
}

// Cassandra: localDeletionTime < gcBefore, where gcBefore = now - gc_grace_seconds (PurgeFunction).
bool past_grace(const CellView& tombstone, Instant now, Duration gc_grace) {
  int64_t gc_before;
  // A grace that reaches back beyond the first instant keeps everything.
  if (__builtin_sub_overflow(now.ns, gc_grace.ns, &gc_before)) return false;
  return tombstone.deletion_time.ns < gc_before;
}

PurgeReason may_purge(const CellView& tombstone, const PurgeInputs& inputs,
                      const PurgeGuards& guards) {
  CHECK(tombstone.is_tombstone());
  // A cell of the tombstone's own version loses against it (compare_cells), so it counts as
  // shadowed.
  const auto holds_shadowed = [&](const std::optional<Version>& least) {
    return least.has_value() && *least <= tombstone.version;
  };
  if (guards.grace && !past_grace(tombstone, inputs.now, inputs.gc_grace)) {
    return PurgeReason::kKeptByGrace;
  }
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
  return PurgeReason::kPurged;
}

}  // namespace revenant::lsm
