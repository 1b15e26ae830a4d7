// When the deletions of an SSTable happened: how many of its tombstones are droppable at any later
// time is answered from it without reading them.
//
//   bins     0     width   2 width  3 width …       width: a power of two of nanoseconds
//   count    12      0       7         1            bins of no tombstone are not kept
//
// It begins with a width of 1 ns, so that a few different times stay exact. When there are more
// than kBinsMax bins, the width doubles and neighbours become one. Within a bin, tombstones are
// taken to be spread evenly. Cassandra's TombstoneHistogram merges the two bins that are nearest
// instead, and rounds to 60 s first.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/coding.h"
#include "engine/base/time.h"

namespace revenant::sstable {

class TombstoneHistogram {
 public:
  static constexpr size_t kBinsMax = 100;  // Cassandra: TOMBSTONE_HISTOGRAM_BIN_SIZE

  void add(Instant deletion_time);

  uint64_t count() const { return count_; }
  // Tombstones with a deletion time before `time`, about.
  double before(Instant time) const;
  // The first instant at which before() reaches `count`, about; nothing if it never does.
  std::optional<Instant> reaches(double count) const;

  void append_to(Buffer& out) const;
  static TombstoneHistogram decode(Decoder& in);

  friend bool operator==(const TombstoneHistogram&, const TombstoneHistogram&) = default;

 private:
  struct Bin {
    int64_t index;  // times from index << shift_ to the next index
    uint64_t count;
    friend bool operator==(const Bin&, const Bin&) = default;
  };
  void widen();
  double width() const { return static_cast<double>(uint64_t{1} << shift_); }
  double begin_of(const Bin& bin) const { return static_cast<double>(bin.index) * width(); }

  uint32_t shift_ = 0;
  uint64_t count_ = 0;
  std::vector<Bin> bins_;  // ascending
};

}  // namespace revenant::sstable
