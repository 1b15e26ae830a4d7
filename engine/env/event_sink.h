// What the engine tells an observer. Calls never suspend, draw or change the engine's course; the
// default sink ignores everything.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/cell.h"
#include "engine/base/ids.h"
#include "engine/env/cause.h"

namespace revenant::env {

enum class ApplySource : uint8_t { kClient, kHint, kReadRepair, kRepair, kRecovery };

enum class StallCause : uint8_t { kMemtables, kLevel0 };

struct CompactionEvent {
  int from = 0, to = 0;         // levels
  int inputs = 0, outputs = 0;  // SSTables
  uint64_t bytes_read = 0, bytes_written = 0;
  uint64_t tombstones_purged = 0;
  bool installed = true;  // false: given up because an older write arrived meanwhile
};

class EventSink {
 public:
  virtual ~EventSink() = default;
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
};

}  // namespace revenant::env
