// Writes that arrive, are logged and become visible together.
#pragma once

#include <vector>

#include "engine/base/cell.h"
#include "engine/env/event_sink.h"

namespace revenant::lsm {

struct WriteBatch {
  struct Entry {
    Buffer key;
    Cell cell;  // version and deletion time as given; with sequence versions the Db fills the
                // version in
  };
  std::vector<Entry> entries;

  void put(Bytes key, Bytes value, Version version = {}) {
    Cell cell;
    cell.kind = CellKind::kValue;
    cell.version = version;
    cell.value = Buffer(value);
    entries.push_back({Buffer(key), std::move(cell)});
  }
  void remove(Bytes key, Instant deletion_time, Version version = {}) {
    Cell cell;
    cell.kind = CellKind::kTombstone;
    cell.version = version;
    cell.deletion_time = deletion_time;
    entries.push_back({Buffer(key), std::move(cell)});
  }
};

}  // namespace revenant::lsm
