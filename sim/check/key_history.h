// What an observer who sees everything knows about one key: which writes were acknowledged when,
// which replica took and purged which tombstone, and the newest cell each replica was given.
#pragma once

#include <optional>
#include <vector>

#include "engine/base/cell.h"
#include "engine/base/ids.h"
#include "engine/base/time.h"

namespace revenant::sim {

struct AcknowledgedWrite {
  Version version;
  bool is_delete = false;
  Instant invoked, acknowledged;
  Instant lives_until = {};  // of a value that expires: it ends no sooner
};

struct TombstoneTaker {
  NodeId node;
  std::optional<Instant> purged;
};
struct Tombstone {
  Version version;
  Instant deletion_time;  // by the clock that stamped it; never() if no replica was seen to take it
  std::vector<TombstoneTaker> takers;

  bool purged_somewhere() const;
  bool taken_by(NodeId node) const;
};

class KeyHistory {
 public:
  void acknowledge(const AcknowledgedWrite& write);  // in the order of acknowledgement
  void apply(NodeId node, const CellView& cell);
  void purge(NodeId node, Version version, Instant at);
  // This replica lost all it had. What it purged stays purged.
  void forget(NodeId node);

  // The winner among the writes acknowledged before `t`; null if there is none.
  const AcknowledgedWrite* newest_before(Instant t) const;
  // Of the writes acknowledged before `t` that win over a value of version `v` (over any trace: 0),
  // the one acknowledged first, and their number.
  struct Missed {
    const AcknowledgedWrite* first = nullptr;
    uint64_t count = 0;
  };
  Missed missed_by(Version v, Instant t) const;
  // An acknowledged delete (before `t`) that wins over a value of version `v`; null if there is none.
  const AcknowledgedWrite* delete_over(Version v, Instant t) const;
  // One that a replica has purged.
  struct Purge {
    const AcknowledgedWrite* deletion = nullptr;
    TombstoneTaker by;
  };
  std::optional<Purge> purged_delete_over(Version v, Instant t) const;
  // A tombstone, acknowledged or not, at or above this version, that some replica took.
  bool tombstone_at_or_above(Version v) const;
  // Whether something that some replica took, acknowledged or not, may hide a value of this version
  // from who is told of live cells alone: a tombstone, or a newer value that expires.
  bool may_hide(Version v) const;
  // One of them that may have left no trace: it was purged, or repair left it out when it filled a
  // replaced disk, for it is older than this.
  bool traceless_at_or_above(Version v, Instant left_out_before) const;
  // The newest version this replica was ever given; 0 if none.
  Version newest_on(NodeId node) const;
  const Tombstone* tombstone(Version version) const;
  const std::vector<AcknowledgedWrite>& acknowledged() const { return acknowledged_; }

 private:
  TombstoneTaker& taker_of(Version version, NodeId node);
  // Index of the last write acknowledged before t, plus one.
  size_t end_before(Instant t) const;

  std::vector<AcknowledgedWrite> acknowledged_;
  std::vector<uint32_t> winner_;  // of acknowledged_[0…i], its index
  std::vector<Tombstone> tombstones_;
  std::vector<std::pair<NodeId, Version>> newest_;
  Version newest_expiring_;
};

}  // namespace revenant::sim
