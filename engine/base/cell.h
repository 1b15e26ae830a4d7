// A cell is what one write left for one key: a value, or a tombstone with the time of the deletion.
#pragma once

#include <cstdint>

#include "engine/base/bytes.h"
#include "engine/base/ids.h"
#include "engine/base/time.h"

namespace revenant {

enum class CellKind : uint8_t { kTombstone = 0, kValue = 1 };

struct CellView {
  CellKind kind = CellKind::kValue;
  Version version;
  Instant
      deletion_time;  // tombstones only: by the clock that stamped the delete; gc_grace counts from it
  Bytes value;        // values only

  bool is_tombstone() const { return kind == CellKind::kTombstone; }
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

// > 0: a wins over b; < 0: b wins; 0: they are copies of one cell. The same answer on every node
// and in every order of arrival: greater version; then tombstone over value; then later deletion
// time; then larger bytes (the order of Cassandra's Cells.reconcile).
inline int compare_cells(const CellView& a, const CellView& b) {
  if (a.version != b.version) return a.version > b.version ? 1 : -1;
  if (a.kind != b.kind) return a.is_tombstone() ? 1 : -1;
  if (a.is_tombstone()) {
    if (a.deletion_time == b.deletion_time) return 0;
    return a.deletion_time > b.deletion_time ? 1 : -1;
  }
  return a.value.compare(b.value);
}

}  // namespace revenant
