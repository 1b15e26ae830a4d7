// A cell is what one write left for one key: a value, a value that expires, or a tombstone. Both of
// the latter have a local time: when the deletion was made, and when the value ends. An expired
// value is the tombstone of its own write, deleted at that moment (Cassandra's rule for TTLs).
#pragma once

#include <cstdint>

#include "engine/base/bytes.h"
#include "engine/base/ids.h"
#include "engine/base/time.h"

namespace revenant {

enum class CellKind : uint8_t { kTombstone = 0, kValue = 1, kExpiring = 2 };

struct CellView {
  CellKind kind = CellKind::kValue;
  Version version;
  // Tombstones: by the clock that stamped the delete; gc_grace counts from it. Expiring values: when
  // they end.
  Instant deletion_time;
  Bytes value;  // not of tombstones

  bool is_tombstone() const { return kind == CellKind::kTombstone; }
  // What it is at the moment `now`: an expiring value whose time has come is a tombstone.
  CellView at(Instant now) const {
    if (kind != CellKind::kExpiring || now < deletion_time) return *this;
    return {CellKind::kTombstone, version, deletion_time, {}};
  }
};

struct Cell {
  CellKind kind = CellKind::kValue;
  Version version;
  Instant deletion_time;
  Buffer value;

  Cell() = default;
  explicit Cell(const CellView& v)
      : kind(v.kind), version(v.version), deletion_time(v.deletion_time), value(v.value) {}
  CellView view() const { return {kind, version, deletion_time, value}; }
  bool is_tombstone() const { return kind == CellKind::kTombstone; }
};

// > 0: a wins over b; < 0: b wins; 0: they are copies of one cell. The same answer on every node,
// in every order of arrival and at every moment: greater version; then tombstone over expiring value
// over value; then later local time; then larger bytes (the order of Cassandra's Cells.reconcile).
inline int compare_cells(const CellView& a, const CellView& b) {
  if (a.version != b.version) return a.version > b.version ? 1 : -1;
  if (a.kind != b.kind) {
    if (a.is_tombstone() || b.is_tombstone()) return a.is_tombstone() ? 1 : -1;
    return a.kind == CellKind::kExpiring ? 1 : -1;
  }
  if (a.kind != CellKind::kValue && a.deletion_time != b.deletion_time) {
    return a.deletion_time > b.deletion_time ? 1 : -1;
  }
  return a.is_tombstone() ? 0 : a.value.compare(b.value);
}

}  // namespace revenant
