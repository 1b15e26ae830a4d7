// Brings a directory back to a consistent database after any crash.
//
//   CURRENT ─> manifest ─> {SSTables, log number, last sequence}
//   segments from the log number on, in order ─> memtable ─> SSTable of level 0
//   new manifest, durable ─> only then: old segments, old manifest and orphans are removed
//
// With wal.recovery_mode point_in_time the recovered state is a prefix of the writes in their order
// of arrival. Each log record begins with the sequence after the last one of the record before it,
// over segments too: what follows a damage or a hole is dropped, and because the new manifest's log
// number lies above every segment, no later recovery can meet it. A crash during recovery leaves the
// old manifest in force, and the next one starts over.
//
//   damage in a segment     point_in_time  tolerate_…_tail  absolute_…  skip_any_…
//   nothing whole after it  ends there     left out         error       left out
//   a whole record after    ends there     error            error       left out
//   the header              ends there     error            error       left out
//   a hole in sequences     ends there     taken            error       taken
//
// A torn end and a log that was damaged after it had been synced look alike; RecoveryInfo names the
// first damage.
#pragma once

#include <memory>

#include "engine/lsm/core.h"

namespace revenant::lsm {

// `owner` owns `core`, which is fresh. Suspends.
Result<void> recover(Core& core, std::weak_ptr<void> owner);

}  // namespace revenant::lsm
