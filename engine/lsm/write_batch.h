// Writes that arrive, are logged and become visible together.
#pragma once

#include <vector>

#include "engine/base/cell.h"
#include "engine/env/event_sink.h"

namespace revenant::lsm {

struct WriteBatch {
  struct Entry {
    Buffer key;
    Cell cell;   // version and deletion time as given; with sequence versions the Db fills the
                 // version in
    Buffer end;  // not empty: `cell` is a tombstone of every key from `key` up to, not including,
                 // this one
    bool is_range() const { return !end.empty(); }
  };
  std::vector<Entry> entries;

  void put(Bytes key, Bytes value, Version version = {}) {
    add(key, {CellKind::kValue, version, {}, value});
  }
  // A value that ends at `expiry` by the node's clock.
  void put_until(Bytes key, Bytes value, Instant expiry, Version version = {}) {
    add(key, {CellKind::kExpiring, version, expiry, value});
  }
  void remove(Bytes key, Instant deletion_time, Version version = {}) {
    add(key, {CellKind::kTombstone, version, deletion_time, {}});
  }
  // Deletes the keys of [start, end); nothing if that is empty.
  void remove_range(Bytes start, Bytes end, Instant deletion_time, Version version = {}) {
    if (start >= end) return;
    add(start, {CellKind::kTombstone, version, deletion_time, {}});
    entries.back().end = end;
  }

 private:
  void add(Bytes key, const CellView& cell) { entries.push_back({Buffer(key), Cell(cell), {}}); }
};

}  // namespace revenant::lsm
