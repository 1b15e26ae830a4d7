#include "engine/lsm/compaction/repaired_ranges.h"

#include <algorithm>
#include <iterator>

namespace revenant::lsm {

// Makes a piece begin at `key`.
RepairedRanges::Starts::iterator RepairedRanges::split(const Buffer& key) {
  return starts_.try_emplace(key, piece_of(key)->second).first;
}

RepairedRanges::Starts::const_iterator RepairedRanges::piece_of(Bytes key) const {
  return std::prev(starts_.upper_bound(key));
}

void RepairedRanges::add(const Piece& repaired) {
  if (!repaired.limit.empty() && repaired.limit <= repaired.least) return;
  auto piece = split(repaired.least);
  const auto end = repaired.limit.empty() ? starts_.end() : split(repaired.limit);
  // An optional without a value is less than any with one.
  for (; piece != end; ++piece)
    piece->second = std::max(piece->second, std::optional(repaired.began));
  // Pieces that have become equal to the one before them, up to the one after the range.
  const auto stop = end == starts_.end() ? end : std::next(end);
  for (piece = starts_.find(repaired.least); piece != stop;) {
    const bool same = piece != starts_.begin() && std::prev(piece)->second == piece->second;
    piece = same ? starts_.erase(piece) : std::next(piece);
  }
}

std::optional<Instant> RepairedRanges::at(Bytes key) const { return piece_of(key)->second; }

std::optional<Instant> RepairedRanges::earliest(const KeyRange& range) const {
  auto piece = piece_of(range.least);
  std::optional<Instant> result = piece->second;
  for (++piece; piece != starts_.end() && piece->first <= range.greatest; ++piece)
    result = std::min(result, piece->second);
  return result;
}

std::optional<Instant> RepairedRanges::latest(const KeyRange& range) const {
  auto piece = piece_of(range.least);
  std::optional<Instant> result = piece->second;
  for (++piece; piece != starts_.end() && piece->first <= range.greatest; ++piece)
    result = std::max(result, piece->second);
  return result;
}

std::vector<RepairedRanges::Piece> RepairedRanges::pieces() const {
  std::vector<Piece> result;
  for (auto piece = starts_.begin(); piece != starts_.end(); ++piece) {
    const auto next = std::next(piece);
    if (piece->second.has_value())
      result.push_back(
          {piece->first, next == starts_.end() ? Buffer() : next->first, *piece->second});
  }
  return result;
}

}  // namespace revenant::lsm
