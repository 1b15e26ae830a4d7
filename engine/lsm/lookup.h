// Point reads.
//
//   memtables (all: they cost no I/O)  ─> best so far
//   SSTables that may hold the key, greatest version first ─> stop once best.version > the next
//   one's greatest
//
// With timestamps an older version may have arrived later, and a version may be in several sources
// (a hint and a retry, or two writes of one microsecond), so only a strictly greater version ends
// the search; compare_cells decides among equals. With sequence versions a key's newest cell is in
// the first level that holds it. The range tombstones of a source are asked with it, whatever its
// filter says of the key.
#pragma once

#include <optional>

#include "engine/lsm/core.h"

namespace revenant::lsm {

// The winner among what arrived up to `bound`. Adds its costs to `counters`.
Result<std::optional<Cell>> lookup(Core& core, const View& view, Bytes key, SequenceNumber bound,
                                   sstable::ReadCounters& counters, env::Cause cause);

}  // namespace revenant::lsm
