// The newest writes, sorted in memory: a skip list in an arena. Entries are only ever inserted, so
// an iterator stays valid while others insert; it may then meet entries that came later, and tells
// them by their sequence.
//
//   level 2   head ─────────────────────> c@8 ──────────────> nil
//   level 1   head ───────> b@4 ────────> c@8 ──────────────> nil
//   level 0   head ─> a@3 > b@4 > b@1 ──> c@8 ─> c@2 ─> f@7 > nil
//
// A point read mostly asks for what is not here, and a search costs a dozen cache misses; so each key
// sets four bits in one word of a filter, and one miss says no (as RocksDB's
// memtable_whole_key_filtering).
//
// An entry with the same internal key as one that is there is a defect: a sequence is handed out
// once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/cell.h"
#include "engine/lsm/arena.h"
#include "engine/sstable/internal_key.h"
#include "engine/sstable/iterator.h"
#include "engine/sstable/range_tombstone.h"

namespace revenant::lsm {

class Memtable : public std::enable_shared_from_this<Memtable> {
 public:
  // `expected_bytes`: about as much as it will hold, which its filter is made for.
  explicit Memtable(uint64_t expected_bytes = 4 << 20);
  Memtable(const Memtable&) = delete;

  void insert(Bytes user_key, const CellView& cell, SequenceNumber sequence);
  void insert(sstable::RangeTombstone tombstone);

  // The winning cell among the key's entries that arrived up to `bound`; its view lives as long as
  // the memtable. Range tombstones take no part.
  std::optional<CellView> get(Bytes user_key, SequenceNumber bound = SequenceNumber::max()) const;

  // As they were written.
  const std::vector<sstable::RangeTombstone>& range_tombstones() const { return range_tombstones_; }
  // Cut for searching; for the owner's thread. Lives until the next insert of one.
  const sstable::RangeTombstones& cut_range_tombstones() const;

  // Whether an entry of the key with version <= `version` arrived after `after`.
  bool holds_older(Bytes user_key, Version version, SequenceNumber after) const;
  // Likewise for any key of [start, end).
  bool holds_older(Bytes start, Bytes end, Version version, SequenceNumber after) const;

  // Over the entries. Keeps the memtable alive.
  std::unique_ptr<sstable::Iterator> iterate() const;

  bool empty() const { return entries_ == 0 && range_tombstones_.empty(); }
  uint64_t entries() const { return entries_; }  // of single keys
  // Encoded size: (internal) keys and values, with 8 bytes for their lengths. Not what the arena
  // takes.
  uint64_t bytes() const { return bytes_; }
  uint64_t payload_bytes() const { return payload_bytes_; }  // keys and values as given
  Version least_version() const { return least_version_; }
  Version greatest_version() const { return greatest_version_; }
  SequenceNumber greatest_sequence() const { return greatest_sequence_; }

 private:
  friend class MemtableIterator;
  static constexpr int kHeightMax = 12;  // enough for 4^12 entries
  struct Node;

  // The first node not before the key with this trailer; `previous` gets its predecessor at each
  // level.
  Node* seek(Bytes user_key, const char* trailer, Node** previous) const;
  const Node* last() const;  // null if empty
  void account(Version version, SequenceNumber sequence);

  std::vector<uint64_t> filter_;
  Arena arena_;
  Node* head_;
  int height_ = 1;
  uint64_t entries_ = 0;
  uint64_t bytes_ = 0;
  uint64_t payload_bytes_ = 0;
  Version least_version_ = Version::max();
  Version greatest_version_;
  SequenceNumber greatest_sequence_;
  std::vector<sstable::RangeTombstone> range_tombstones_;
  mutable sstable::RangeTombstones cut_;
  mutable size_t cut_count_ = 0;  // of range_tombstones_ that are in cut_
};

}  // namespace revenant::lsm
