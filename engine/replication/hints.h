// Hinted handoff: writes a coordinator keeps for replicas that did not take them, in append-only
// files of its own, one series per target. Like Cassandra's, hints are written to the file system
// at once and never synced: a process kill keeps them, a power loss may not.
//
//   hints/TARGET-NUMBER.log    a WAL segment (engine/wal) of records: created (fixed 8, ns) | storage key | cell
//
// A file is deleted when all its hints were acknowledged. A hint that is too old is dropped unsent:
// the tombstone that it may have to lose against could be gone (Cassandra's Hint expiry;
// lsm::GcRule::late_write_max says what is too old).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/env/environment.h"
#include "engine/env/sync.h"
#include "engine/replication/messages.h"
#include "engine/replication/options.h"
#include "engine/wal/wal.h"

namespace revenant::replication {

struct HintMetrics {
  uint64_t written = 0;
  uint64_t delivered = 0;
  uint64_t expired = 0;        // too old when their turn came
  uint64_t beyond_window = 0;  // not written: the target has been down for longer
  uint64_t beyond_size = 0;    // not written: too much is kept for the target already
  uint64_t failed = 0;         // not written: an error of the disk
};

class Hints {
 public:
  // Hints of `age_max` or more are dropped.
  Hints(env::Environment environment, const HintOptions& options, Duration age_max,
        Defects defects = {}, std::string directory = "hints");

  // Finds the hints of an earlier life. Suspends.
  Result<void> open();

  // All that is kept and can be read now, in order for each target. Suspends.
  using Visit = std::function<void(NodeId target, const Buffer& key, const Cell& cell)>;
  void visit(const Visit& visit);

  // Keeps one write for `target`; false after an error of the disk. Suspends. `created` is when it
  // was first kept, by another node perhaps.
  bool add(NodeId target, Bytes storage_key, const CellView& cell);
  bool add(NodeId target, Bytes storage_key, const CellView& cell, Instant created);

  bool pending(NodeId target) const;
  // Whether more is kept for `target` than HintOptions::max_size_per_host: the coordinator of a
  // write then keeps no other. Hints that another node hands over are taken all the same.
  bool full(NodeId target) const;
  // Suspends until there is a hint for anyone.
  void wait_until_pending();
  uint64_t pending_bytes() const;

  // Sends what is kept for `target` in order, through `deliver` (which suspends, and says whether
  // it was acknowledged). Stops at the first failure; acknowledged files are deleted. One replay
  // per target at a time.
  using Deliver = std::function<bool(Buffer key, const Cell& cell, Instant created)>;
  void replay(NodeId target, const Deliver& deliver);
  // Likewise all that is kept for `target` by now, also where another replay is at it. Whether
  // nothing of that is left.
  bool flush(NodeId target, const Deliver& deliver);

  // Drops all that is kept by now. Suspends.
  void discard();
  // From now on.
  void set_age_max(Duration age_max) { age_max_ = age_max; }

  HintMetrics& metrics() { return metrics_; }

 private:
  struct Series {
    explicit Series(env::Tasks& tasks) : appending(tasks, "lock of a hint file") {}
    env::Mutex appending;                    // held over an append and over closing the newest file
    std::map<uint64_t, uint64_t> files;      // number → bytes, oldest first
    std::unique_ptr<wal::WalWriter> writer;  // of the newest file, if it is of this life
    bool replaying = false;

    uint64_t bytes() const;
  };

  struct Hint {
    Instant created;
    Buffer key;
    Cell cell;
  };
  std::string path(NodeId target, uint64_t number) const;
  // Of one file, up to its torn end.
  Result<std::vector<Hint>> read(NodeId target, uint64_t number);
  Series& series_of(NodeId target);
  // Of the files with lower numbers.
  void replay_below(uint64_t limit, NodeId target, const Deliver& deliver);

  env::Environment environment_;
  HintOptions options_;
  Duration age_max_;
  Defects defects_;
  const std::string directory_;
  std::map<NodeId, Series> series_;
  env::WaitList added_;
  env::WaitList replayed_;  // woken when a replay ends
  uint64_t next_number_ = 1;
  HintMetrics metrics_;
};

}  // namespace revenant::replication
