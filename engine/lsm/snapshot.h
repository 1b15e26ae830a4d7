// Snapshots: a moment of a Db that stays readable. A snapshot is a sequence number; while it lives,
// flushes and compactions keep for each key the cell that wins among those which had arrived by
// then.
#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "engine/base/ids.h"

namespace revenant::lsm {

// Those that live, of one Db.
class SnapshotList {
 public:
  // Ascending, each once.
  std::vector<SequenceNumber> sequences() const {
    std::vector<SequenceNumber> result(live_.begin(), live_.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
  }

 private:
  friend class Snapshot;
  std::multiset<SequenceNumber> live_;
};

// Released when it is destroyed, which may be after its Db. Belongs to the Db's owner.
class Snapshot {
 public:
  Snapshot(std::shared_ptr<SnapshotList> list, SequenceNumber sequence)
      : list_(std::move(list)), place_(list_->live_.insert(sequence)) {}
  ~Snapshot() {
    if (list_ != nullptr) list_->live_.erase(place_);
  }
  Snapshot(Snapshot&& other) noexcept = default;  // the moved-from list is null
  Snapshot& operator=(Snapshot&&) = delete;

  // Of the last write it sees.
  SequenceNumber sequence() const { return *place_; }

 private:
  std::shared_ptr<SnapshotList> list_;
  std::multiset<SequenceNumber>::iterator place_;
};

}  // namespace revenant::lsm
