// Range tombstones: one write that deletes every key from `start` up to, not including, `end`.
//
// They overlap as they please. To ask which of them covers a key they are cut where any of them
// starts or ends; between two cuts a fixed set covers every key, the winner first:
//
//   a   [b ─────────── m)  @7                      [b, f)  a@7
//   b         [f ──────────── t)  @9     ──>       [f, m)  b@9 a@7
//                                                  [m, t)  b@9
//
// A key under a range tombstone reads as if it held a tombstone of that version and deletion time.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/base/cell.h"
#include "engine/base/coding.h"

namespace revenant::sstable {

struct RangeTombstone {
  Buffer start, end;  // user keys, start < end
  Version version;
  SequenceNumber sequence;
  Instant deletion_time;

  friend bool operator==(const RangeTombstone&, const RangeTombstone&) = default;
};

// start: size v, bytes | end: size v, bytes | version 8 | sequence 8 | deletion time 8
void append_range_tombstone(Buffer& out, const RangeTombstone& tombstone);
// Takes one off the front; the decoder has failed() if there is none, or none that makes sense.
RangeTombstone decode_range_tombstone(Decoder& in);

// The same with pieces that touch and are otherwise alike made one, ascending by start.
std::vector<RangeTombstone> join_pieces(std::vector<RangeTombstone> pieces);

// What a range tombstone leaves at each key it covers.
struct RangeMarker {
  Version version;
  SequenceNumber sequence;
  Instant deletion_time;

  CellView cell() const { return {CellKind::kTombstone, version, deletion_time, {}}; }
};

// A set of them, cut into disjoint ranges. Never changes.
class RangeTombstones {
 public:
  struct Range {
    Buffer start, end;
    std::vector<RangeMarker>
        markers;  // the winner first, each with a smaller sequence than the last
  };

  RangeTombstones() = default;
  explicit RangeTombstones(std::span<const RangeTombstone> tombstones);

  bool empty() const { return ranges_.empty(); }
  const std::vector<Range>& ranges() const { return ranges_; }  // ascending

  // As range tombstones again, ascending by start; pieces that touch are one.
  std::vector<RangeTombstone> list() const;

  // What covers the key, the winner first; empty if nothing does.
  std::span<const RangeMarker> covering(Bytes user_key) const;
  // The winner among those that arrived up to `bound`.
  std::optional<RangeMarker> winner(Bytes user_key, SequenceNumber bound) const {
    return winner(covering(user_key), bound);
  }
  static std::optional<RangeMarker> winner(std::span<const RangeMarker> markers,
                                           SequenceNumber bound);

 private:
  std::vector<Range> ranges_;
};

}  // namespace revenant::sstable
