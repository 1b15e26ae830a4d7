// Parts of the key space, for what concerns only some of a node's keys: those it is being sent, and
// those it owns.
#pragma once

#include <algorithm>
#include <vector>

#include "engine/base/bytes.h"

namespace revenant::lsm {

// Keys with least <= key < limit; an empty limit has no end.
struct KeySpan {
  Buffer least, limit;
  bool contains(Bytes key) const { return least <= key && (limit.empty() || key < limit); }
  // Any key of [start, end).
  bool overlaps(Bytes start, Bytes end) const {
    return least < end && (limit.empty() || start < limit);
  }
};
using KeySpans = std::vector<KeySpan>;  // in any order

inline bool contains(const KeySpans& spans, Bytes key) {
  return std::ranges::any_of(spans, [key](const KeySpan& span) { return span.contains(key); });
}
inline bool overlaps(const KeySpans& spans, Bytes start, Bytes end) {
  return std::ranges::any_of(spans, [&](const KeySpan& span) { return span.overlaps(start, end); });
}

}  // namespace revenant::lsm
