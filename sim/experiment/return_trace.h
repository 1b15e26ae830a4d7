// How deleted data came back: what each replica took, purged and lost of some keys, from which the
// cause of a return is told.
//
//   the replica that answered ── took the value ──┬─ from a hint, late ────────> late_hint
//                                                 ├─ from a batch log, late ───> late_batch
//                                                 ├─ from repair ──> who had it ──> (again, for that one)
//                                                 ├─ from its log, purged before ─> log_replay
//                                                 ├─ with its range, purged before ─> late_stream
//                                                 └─ long ago: what became of the delete there?
//        never taken > missed_delete, or failed_write if the client of the value had been told so
//        and regained_range if it was no replica of the key by then
//        purged > purged_over_data    lost > lost_delete    a crash since then > torn_compaction
//        there > hidden_delete
//
// An observer like Lineage, and as costly: only in runs that are repeated for its sake.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "sim/check/judge.h"
#include "sim/record/observer.h"
#include "sim/scenario/atlas_options.h"

namespace revenant::sim {

class ReturnTrace final : public Observer {
 public:
  explicit ReturnTrace(std::set<uint64_t> keys) : keys_(std::move(keys)) {}

  void began() override { began_ = true; }
  void applied(Instant at, NodeId node, uint64_t key, const CellView& cell,
               env::ApplySource source) override;
  void purged(Instant at, NodeId node, uint64_t key, Version version) override;
  void operation(const Operation& operation) override;
  void machine(Instant at, NodeId node, std::string_view what) override;
  void disk_replaced(Instant at, NodeId node) override { replacements_[node].push_back(at); }
  void ring_changed(Instant at, const ring::Ring& ring) override;
  void truncated(Instant /*began*/, Instant at, Version) override { truncations_.push_back(at); }

  // Of a return that the run's judge saw, of one of the keys.
  ReturnCause cause(const VisibleReturn& seen) const;

 private:
  struct Taken {
    Instant at;
    Version version;
    env::ApplySource source;
  };
  struct Purge {
    Instant at;
    Version version;
  };
  struct OnReplica {
    std::vector<Taken> taken;  // in time
    std::vector<Purge> purged;
  };

  const OnReplica* on(uint64_t key, NodeId node) const;
  static const Taken* last_taken(const OnReplica& replica, Version version, Instant before);
  static bool purged_within(const OnReplica& replica, Version version, Instant from, Instant to);
  static bool any_within(const std::map<NodeId, std::vector<Instant>>& times, NodeId node,
                         Instant from, Instant to);
  // Another replica that had the value by itself and had not taken the delete by then.
  std::optional<NodeId> who_missed_it(const VisibleReturn& seen, NodeId but, Instant by) const;
  // Another replica that had the value by itself and still held the delete then: what it sent was
  // not all it had.
  std::optional<NodeId> who_passed_it_by(const VisibleReturn& seen, NodeId but, Instant by) const;
  // What became of the delete on a replica that has held the value since before it.
  ReturnCause fate_of_delete(const VisibleReturn& seen, NodeId node) const;

  bool was_replica(uint64_t key, NodeId node, Instant at) const;

  const std::set<uint64_t> keys_;
  bool began_ = false;
  std::map<uint64_t, std::map<NodeId, OnReplica>> replicas_;  // by key
  std::map<NodeId, std::vector<Instant>> power_losses_, kills_, replacements_;
  std::vector<Instant> truncations_;
  struct Holders {
    Instant since;
    std::vector<NodeId> replicas;
  };
  std::map<uint64_t, std::vector<Holders>> holders_;  // by key, in time
  std::set<Version> failed_;  // stamps of writes whose clients had no success
};

}  // namespace revenant::sim
