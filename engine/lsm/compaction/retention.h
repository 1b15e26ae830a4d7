// Which entries of sorted input a flush or a compaction keeps.
//
// A reader sees the winner among the cells that arrived up to its bound. The bounds are the
// snapshots that live, and the present. An entry stays if it wins for one of them; a range tombstone
// that covers the key takes part, and what it beats goes.
//
//   key k, the winner first        bounds: 4, 7, now       kept
//     v30, arrived 9                        now             yes
//     v20, arrived 5                     7                  yes
//     v15, arrived 6                                        no: who sees it also sees v20
//     v10, arrived 2                  4                     yes
//
// Going down that order an entry is seen by the bounds from its arrival up to the earliest arrival
// above it; so one number tells what is left to serve.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/sstable/internal_key.h"
#include "engine/sstable/iterator.h"
#include "engine/sstable/range_tombstone.h"

namespace revenant::lsm {

// The bounds, and which of them the cells of one key have served.
class Bounds {
 public:
  // `snapshots` ascending, each once.
  explicit Bounds(std::vector<SequenceNumber> snapshots) : snapshots_(std::move(snapshots)) {}

  void restart() { served_from_ = kNone; }
  // The next cell in the order of winning: whether some bound sees it.
  bool serve(SequenceNumber arrived);
  // Whether a snapshot was taken before this arrived.
  bool before(SequenceNumber arrived) const {
    return !snapshots_.empty() && snapshots_.front() < arrived;
  }

 private:
  static constexpr uint64_t kNone = UINT64_MAX;
  const std::vector<SequenceNumber> snapshots_;
  uint64_t served_from_ = kNone;  // bounds from here on have their winner
};

// Goes over the user keys of which something is kept.
class Retention {
 public:
  struct Entry {
    Buffer key;    // internal
    Buffer value;  // as entries encode it
    CellView cell() const { return sstable::entry_cell(sstable::parse_internal_key(key), value); }
  };

  // Values that ended before `now` become tombstones. `ranges` outlives it and stays in force
  // wherever the entries go.
  Retention(std::unique_ptr<sstable::Iterator> entries, const sstable::RangeTombstones& ranges,
            std::vector<SequenceNumber> snapshots, Instant now)
      : entries_(std::move(entries)), ranges_(ranges), bounds_(std::move(snapshots)), now_(now) {}

  void seek_to_first();
  void seek(Bytes user_key);  // to the first that is not before it
  bool valid() const { return valid_; }
  void next() { find(); }  // only while valid()

  // All live until the next move.
  Bytes user_key() const { return sstable::user_key_of(kept_.front().key); }
  std::span<const Entry> kept() const { return kept_; }  // in the order of internal keys

  // Why valid() is false although entries may follow.
  Result<void> status() const { return entries_->status(); }
  uint64_t dropped() const { return dropped_; }  // entries passed over

 private:
  void find();
  // Takes the entries of the same key and version that come next.
  void read_ties(Bytes user_key, Version version);
  void serve_ties(std::span<const sstable::RangeMarker>& markers);
  void keep(Entry& entry);

  std::unique_ptr<sstable::Iterator> entries_;
  const sstable::RangeTombstones& ranges_;
  Bounds bounds_;
  const Instant now_;
  bool valid_ = false;
  Buffer key_;               // the user key whose entries are being read
  std::vector<Entry> ties_;  // of one version
  std::vector<Entry> kept_;
  uint64_t dropped_ = 0;
};

}  // namespace revenant::lsm
