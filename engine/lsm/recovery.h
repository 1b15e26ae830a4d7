// Brings a directory back to a consistent database after any crash.
//
//   CURRENT ─> manifest ─> {SSTables, log number, last sequence}
//   segments from the log number on, in order ─> memtable ─> SSTable of level 0
//   new manifest, durable ─> only then: old segments, old manifest and orphans are removed
//
// The recovered state is a prefix of the writes in their order of arrival. Each log record begins
// with the sequence after the last one of the record before it, over segments too: what follows a
// torn end or a hole is dropped, and because the new manifest's log number lies above every
// segment, no later recovery can meet it. A crash during recovery leaves the old manifest in force,
// and the next one starts over.
//
// Not told apart from a torn end: a log that was damaged after it had been synced.
#pragma once

#include <memory>

#include "engine/lsm/core.h"

namespace revenant::lsm {

// `owner` owns `core`, which is fresh. Suspends.
Result<void> recover(Core& core, std::weak_ptr<void> owner);

}  // namespace revenant::lsm
