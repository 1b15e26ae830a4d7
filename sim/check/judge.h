// Judges a run as it goes: every read against what was acknowledged before it began and against
// what every replica took and purged, and at the end every key's final cells.
//
//   read returns version v, and an acknowledged delete d wins over v:
//     some replica that took d has purged it  → resurrected   (the delete cannot win there any more)
//     every replica that took d still has it  → stale         (it will win once the replicas meet)
//
// Either way deleted data was visible to a client. So it is where no version says so: the value was
// acknowledged before the delete was called, and had the greater stamp.
//
// A scan that returns no cell of a key that it passed has read nothing there. It tells of no version,
// so it is believed wherever a tombstone or a value that expires may have hidden what was there.
//
// A purge is unsafe while another replica of the key has something older and not the tombstone:
// from then on nothing but chance keeps the deleted value from coming back. The hazard of a key
// lasts until those replicas have the delete or something newer, or no disk that holds the value.
//
// A replica whose disk is replaced has nothing any more, as far as this knows: what a restored or
// exchanged disk brings along is not known of before it is purged, so keys_at_risk may be too low.
//
// A value that expires is deleted when it ends, by its own version: so long after its
// acknowledgement as it lives, when it has surely ended if the nodes' clocks agree. A truncation
// deletes all that was written before it.
//
// The opposite failures: a value that ended before its time, and a tombstone that is still there
// although time, or repair, lets it go.
//
// What it does not verify: real-time order among overlapping operations (linearizability),
// sessions; a tombstone lost by a power loss still counts as taken, so what returns then is called
// stale.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/client/client.h"
#include "engine/ring/topology.h"
#include "sim/check/key_history.h"
#include "sim/check/violation.h"
#include "sim/record/metrics.h"
#include "sim/record/observer.h"

namespace revenant::sim {

// One key that came back.
struct Resurrection {
  uint64_t key;
  Instant deleted, returned;  // delete acknowledged; read completed
  NodeId purged_by;
  Instant purged;
  std::vector<NodeId> from;  // replicas that answered with the deleted version
};

// Deleted data that a client saw: the first time for each key.
struct VisibleReturn {
  uint64_t key;
  Version deletion, value;  // stamps of the delete and of what was read
  Instant deleted, returned;
  std::vector<NodeId> from;  // replicas that answered with it; none known of a scan
};

class Judge final : public Observer {
 public:
  // `at_risk_after`: how long after its acknowledgement a delete must have reached every replica.
  // Where the coordinator stamps, a write tried twice has two stamps of which the client knows one:
  // then a value under another stamp proves nothing. The reference outlives the judge; a key's replicas
  // are those of the moment. `left_out_before`: repair leaves out the tombstones of a key that are
  // older, at this moment; null if it leaves out none.
  using GcBefore = std::function<Instant(uint64_t key)>;
  Judge(const ring::Topology& topology, Duration at_risk_after,
        replication::Timestamps timestamps = replication::Timestamps::kClient,
        GcBefore left_out_before = nullptr)
      : topology_(topology),
        at_risk_after_(at_risk_after),
        timestamps_(timestamps),
        left_out_before_(std::move(left_out_before)) {}

  void write_began(uint64_t key, WriteId write, Instant at) override;
  void operation(const Operation& operation) override;
  void preloaded(uint64_t key, WriteId write, Version version) override;
  void applied(Instant at, NodeId node, uint64_t key, const CellView& cell,
               env::ApplySource source) override;
  void purged(Instant at, NodeId node, uint64_t key, Version version) override;
  void disk_replaced(Instant at, NodeId node) override;
  void cleaned(Instant at, NodeId node) override;
  void truncated(Instant began, Instant at, Version version) override;
  void final_cell(NodeId node, uint64_t key, const CellView& cell) override;
  void final_unread(NodeId node) override { unread_.push_back(node); }

  // Hazards that still last are counted up to here, and values end up to here.
  void end_hazards(Instant end);
  // Once, after the last final_cell. A tombstone of a key deleted before `gc_before(key)` is one that
  // some replica may have purged by the rule, so that no other need hold it.
  void finish(const GcBefore& gc_before);

  void report(Metrics& metrics) const;
  uint64_t stale_reads() const { return stale_reads_; }
  const std::vector<Resurrection>& resurrections() const {
    return resurrections_;
  }  // the first of each key
  const std::vector<VisibleReturn>& visible_returns() const { return visible_returns_; }
  const std::vector<Violation>& violations() const {
    return violations_;
  }  // the first few of each check

 private:
  struct FinalCell {
    NodeId node;
    CellKind kind;
    Version version;
    Instant deletion_time;
    uint64_t value_hash;
  };
  struct Delete {
    Instant due;
    uint64_t key;
    Version version;
  };

  KeyHistory& history(uint64_t key);
  // From its end on a value that expires counts as deleted.
  void end_values(Instant now);
  void remember_stamp(WriteId write, Version stamp);
  // Of the write that made the value, if it is known: another one than the cell has.
  bool under_wrong_stamp(WriteId write, Version version) const;
  void judge_read(const Operation& read, uint64_t key, Version version, bool found, WriteId write,
                  bool damaged);
  // Of the keys that a scan passed it returned those that have a value.
  void judge_left_out(const Operation& scan);
  void judge_put(uint64_t key, const AcknowledgedWrite& write);
  // Of a read that returned a value: whether its write had failed, and whether an older value than
  // a read before it.
  void see_value(const Operation& read, uint64_t key, Version version, WriteId write);
  // If what this read returned had been deleted, that is noted.
  void see_deleted(const Operation& read, uint64_t key, Version version);
  // Whether another replica than those that took the tombstone holds what it deletes.
  bool is_hazard(uint64_t key, const Tombstone& tombstone) const;
  // Looks again at a key's hazard, if there is one.
  void weigh_hazard(uint64_t key, Instant now);
  void weigh_risks(Instant now);
  void judge_final(uint64_t key, const std::vector<FinalCell>& cells, Instant gc_before);
  // Of a batch some writes are there and others have left no trace.
  void judge_batches();
  void violate(std::string_view check, std::string_view cause, uint64_t key, Instant at,
               std::string story);

  const ring::Topology& topology_;
  Duration at_risk_after_;
  replication::Timestamps timestamps_;
  GcBefore left_out_before_;
  std::vector<KeyHistory> keys_;
  std::vector<uint64_t> key_of_write_{UINT64_MAX};  // by WriteId
  std::vector<Version> stamp_of_write_;             // likewise; 0 until it has ended
  // By when they end: key, version and when they were written.
  struct Expiring {
    uint64_t key;
    Version version;
    Instant invoked;
  };
  std::multimap<Instant, Expiring> expiring_;
  std::deque<Delete> deletes_;                 // whose time to reach every replica has not ended
  std::vector<bool> at_risk_;                  // by key
  std::vector<bool> resurrected_;              // by key
  std::vector<std::vector<FinalCell>> final_;  // by key
  std::vector<NodeId> unread_;                 // replicas that say nothing about agreement
  std::map<uint64_t, AcknowledgedWrite> overruled_;  // by key: a delete stamped below what it met
  std::map<uint64_t, Version> overruled_by_;         // likewise: the stamp of that
  struct Hazard {
    Version tombstone;
    Instant since;
  };
  std::map<Buffer, uint64_t> by_storage_key_;  // keys, once something scans
  uint64_t keys_in_order_ = 0;                 // those that are in there: the first so many
  std::map<uint64_t, Hazard> hazards_;         // by key, those that last
  std::vector<bool> hazardous_;                // by key: ever
  std::vector<bool> seen_deleted_;             // by key
  std::vector<VisibleReturn> visible_returns_;
  std::vector<Resurrection> resurrections_;
  std::vector<Violation> violations_;

  uint64_t reads_ = 0, stale_reads_ = 0, resurrected_reads_ = 0, thin_air_reads_ = 0,
           lost_updates_ = 0;
  uint64_t deleted_reads_ = 0, unsafe_purges_ = 0, hazard_keys_ = 0;
  Duration hazard_time_;
  uint64_t keys_at_risk_ = 0, resurrected_at_end_ = 0, lost_writes_ = 0, diverged_keys_ = 0;
  Duration staleness_sum_, staleness_max_;
  uint64_t versions_missed_ = 0, versions_missed_max_ = 0;
  // By key: the newest value that a read returned, and when that read ended.
  struct Returned {
    Version version;
    Instant completed;
  };
  std::map<uint64_t, Returned> returned_;
  std::set<WriteId> failed_;  // writes whose clients had no success
  uint64_t failed_writes_seen_ = 0, reads_gone_back_ = 0;
  struct BatchedWrite {
    uint64_t key;
    Version version;
  };
  std::map<WriteId, std::vector<BatchedWrite>> batches_;  // by the first of their writes
  uint64_t torn_batches_ = 0;
  uint64_t early_expiries_ = 0, overdue_tombstones_ = 0;
  Duration overdue_max_;
};

}  // namespace revenant::sim
