#include "engine/sstable/range_tombstone.h"

#include <algorithm>
#include <tuple>

namespace revenant::sstable {
namespace {

// The winner first; of copies the one that arrived first, which more bounds see.
bool wins(const RangeMarker& a, const RangeMarker& b) {
  const int c = compare_cells(a.cell(), b.cell());
  return c != 0 ? c > 0 : a.sequence < b.sequence;
}

// Without those that lose to one which arrived earlier: no bound sees them win.
std::vector<RangeMarker> by_rank(std::vector<RangeMarker> markers) {
  std::ranges::sort(markers, wins);
  std::vector<RangeMarker> ranked;
  for (const RangeMarker& marker : markers) {
    if (ranked.empty() || marker.sequence < ranked.back().sequence) ranked.push_back(marker);
  }
  return ranked;
}

}  // namespace

void append_range_tombstone(Buffer& out, const RangeTombstone& tombstone) {
  put_bytes(out, tombstone.start);
  put_bytes(out, tombstone.end);
  put_fixed(out, tombstone.version.value);
  put_fixed(out, tombstone.sequence.value);
  put_fixed(out, tombstone.deletion_time.ns);
}

RangeTombstone decode_range_tombstone(Decoder& in) {
  RangeTombstone tombstone;
  tombstone.start = in.bytes();
  tombstone.end = in.bytes();
  tombstone.version.value = in.fixed<uint64_t>();
  tombstone.sequence.value = in.fixed<uint64_t>();
  tombstone.deletion_time.ns = in.fixed<int64_t>();
  if (tombstone.start >= tombstone.end) in.fail();
  return tombstone;
}

std::vector<RangeTombstone> join_pieces(std::vector<RangeTombstone> pieces) {
  // Pieces of one tombstone beside each other, in the order of their starts.
  std::ranges::sort(pieces, [](const RangeTombstone& a, const RangeTombstone& b) {
    return std::tie(a.version, a.sequence, a.deletion_time, a.start) <
           std::tie(b.version, b.sequence, b.deletion_time, b.start);
  });
  std::vector<RangeTombstone> joined;
  for (RangeTombstone& piece : pieces) {
    const bool goes_on = !joined.empty() && joined.back().version == piece.version &&
                         joined.back().sequence == piece.sequence &&
                         joined.back().deletion_time == piece.deletion_time &&
                         joined.back().end == piece.start;
    if (goes_on) {
      joined.back().end = std::move(piece.end);
    } else {
      joined.push_back(std::move(piece));
    }
  }
  std::ranges::sort(joined, [](const RangeTombstone& a, const RangeTombstone& b) {
    return std::tie(a.start, a.end, a.version, a.sequence) <
           std::tie(b.start, b.end, b.version, b.sequence);
  });
  return joined;
}

RangeTombstones::RangeTombstones(std::span<const RangeTombstone> tombstones) {
  std::vector<Bytes> cuts;
  std::vector<const RangeTombstone*> by_start;
  for (const RangeTombstone& tombstone : tombstones) {
    cuts.push_back(tombstone.start);
    cuts.push_back(tombstone.end);
    by_start.push_back(&tombstone);
  }
  std::ranges::sort(cuts);
  cuts.erase(std::ranges::unique(cuts).begin(), cuts.end());
  std::ranges::stable_sort(by_start, {}, [](const RangeTombstone* t) { return Bytes(t->start); });

  std::vector<const RangeTombstone*> open;
  auto next = by_start.begin();
  for (size_t i = 0; i + 1 < cuts.size(); ++i) {
    std::erase_if(open, [&](const RangeTombstone* t) { return t->end <= cuts[i]; });
    for (; next != by_start.end() && (*next)->start == cuts[i]; ++next) open.push_back(*next);
    if (open.empty()) continue;
    std::vector<RangeMarker> markers;
    for (const RangeTombstone* t : open) {
      markers.push_back({t->version, t->sequence, t->deletion_time});
    }
    ranges_.push_back({Buffer(cuts[i]), Buffer(cuts[i + 1]), by_rank(std::move(markers))});
  }
}

std::vector<RangeTombstone> RangeTombstones::list() const {
  std::vector<RangeTombstone> pieces;
  for (const Range& range : ranges_) {
    for (const RangeMarker& m : range.markers) {
      pieces.push_back({range.start, range.end, m.version, m.sequence, m.deletion_time});
    }
  }
  return join_pieces(std::move(pieces));
}

std::span<const RangeMarker> RangeTombstones::covering(Bytes user_key) const {
  const auto after = std::ranges::upper_bound(ranges_, user_key, {},
                                              [](const Range& r) { return Bytes(r.start); });
  if (after == ranges_.begin()) return {};
  const Range& range = *std::prev(after);
  return user_key < range.end ? std::span<const RangeMarker>(range.markers)
                              : std::span<const RangeMarker>();
}

std::optional<RangeMarker> RangeTombstones::winner(std::span<const RangeMarker> markers,
                                                   SequenceNumber bound) {
  const auto visible = std::ranges::find_if(
      markers, [&](const RangeMarker& marker) { return marker.sequence <= bound; });
  return visible == markers.end() ? std::nullopt : std::optional(*visible);
}

}  // namespace revenant::sstable
