// Cassandra's TimeWindowCompactionStrategy, for data that expires: SSTables are gathered by the
// window of time that their newest write falls into, and windows are never merged with each other,
// so that a whole window can go when it has expired.
//
//   time     | 10:00   | 11:00   | 12:00        now
//   windows  |    A    |    B    | c d e f      a closed window becomes one SSTable,
//                                               the current one is size-tiered
//
// The newest window that has something to do goes first. An SSTable of which every cell is a
// tombstone, or has expired, past grace, and that no older data overlaps, is compacted alone before
// all else, at most once in expired_sstable_check_frequency: the purge rule then leaves nothing.
//
// Source: TimeWindowCompactionStrategy (Cassandra 4): getWindowBoundsInMillis, newestBucket,
// getNextNonExpiredSSTables. Differences: an expired SSTable is read, for every tombstone goes
// through the one purge rule (Cassandra drops it unread); unsafe_aggressive_sstable_expiration is
// not there. Versions are taken to be microseconds: a database with sequence versions has no use
// for this strategy.
#pragma once

#include <memory>

#include "engine/lsm/compaction/picker.h"

namespace revenant::lsm {

std::unique_ptr<CompactionPicker> make_time_window_picker(const CompactionOptions& options,
                                                          const PickerContext& context);

}  // namespace revenant::lsm
