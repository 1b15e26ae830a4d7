// Whether the other replicas had their chance to learn of a delete: by what is counted until its
// tombstone may go. The modes are ScyllaDB's (tombstone_gc); timeout is Cassandra's gc_grace_seconds.
//
//   mode        a tombstone may go if the key was deleted before
//   timeout     now − gc_grace
//   repair      the last repair of its key's range began − propagation_delay; without one, never
//   immediate   now
//   disabled    never
//
// In mode repair nobody need hurry: a tombstone waits until every replica is known to hold it. The
// delay is for writes that come late and out of order. Mode immediate promises nothing where a
// replica may miss a delete; it is for data that only expires.
//
// ScyllaDB also holds gc_before back to the oldest write in the commit log; here that is an input of
// the purge rule of its own (purge.h). Of this file only that rule, its estimates for whole SSTables
// and repair's filter need to know.
#pragma once

#include <array>
#include <memory>

#include "engine/base/cell.h"
#include "engine/base/settings.h"
#include "engine/lsm/compaction/repaired_ranges.h"

namespace revenant::lsm {

enum class TombstoneGc : uint8_t { kTimeout, kRepair, kImmediate, kDisabled };
constexpr auto enum_names(TombstoneGc) {
  using enum TombstoneGc;
  return std::array{
      EnumName<TombstoneGc>{kTimeout, "timeout", "gc_grace after the delete"},
      EnumName<TombstoneGc>{kRepair, "repair",
                            "once its range was repaired, by a session that began more than "
                            "propagation_delay after the delete; at once if there is one replica"},
      EnumName<TombstoneGc>{kImmediate, "immediate",
                            "at once: deleted data comes back if a replica missed the delete"},
      EnumName<TombstoneGc>{kDisabled, "disabled", "never"},
  };
}

// The tombstones that the mode lets go: those made before this instant.
struct GcBefore {
  Instant before{INT64_MIN};
  bool passed(const CellView& tombstone) const { return tombstone.deletion_time < before; }
};

struct GcRule {
  TombstoneGc mode = TombstoneGc::kTimeout;
  Duration gc_grace = days(10);
  Duration propagation_delay = hours(1);
  std::shared_ptr<const RepairedRanges> repaired = nullptr;  // null: nothing was

  GcBefore of(Bytes key, Instant now) const;
  // For tombstones of every key of the range, and for those of some key.
  GcBefore of_all(const KeyRange& range, Instant now) const;
  GcBefore of_some(const KeyRange& range, Instant now) const;

  // The first instant at which a tombstone of this deletion time may have passed, for all or for
  // some key of the range; never() if time alone does not bring it about.
  Instant passes_for_all(Instant deletion_time, const KeyRange& range) const;
  Instant passes_for_some(Instant deletion_time, const KeyRange& range) const;

  // How old a write kept for another replica may be when it is delivered. A tombstone that beats it
  // may be gone after that (ScyllaDB issue 23712: hints that lived for gc_grace under mode repair).
  // The last two modes give no reason for a limit; Cassandra's stays.
  Duration late_write_max() const {
    return mode == TombstoneGc::kRepair ? propagation_delay : gc_grace;
  }

 private:
  GcBefore before(std::optional<Instant> repaired_at, Instant now) const;
  Instant passes(Instant deletion_time, GcBefore by_repair) const;
};

}  // namespace revenant::lsm
