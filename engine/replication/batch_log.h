// The batch log: batches that some coordinator has begun and that this node sees through if the
// coordinator does not. What makes a batch of several keys atomic, though not isolated
// (Cassandra: system.batches, BatchlogManager).
//
//   coordinator ── StoreBatch ──> two other nodes ── acknowledged by both
//               ── the writes ──> replicas        ── each has its level
//               ── RemoveBatch ─> the two
//
//   an entry that is older than two write timeouts: its holder sends the writes itself, and keeps
//   it until every replica has them or a hint is kept for it
//
// Entries lie in memory and in a log of their own, which is synced whenever the engine's own log
// would be before it acknowledges (not if that syncs periodically). An entry that is too old is
// dropped unsent, as a hint is: the tombstones that it may have to lose against could be gone.
//
//   batches/NUMBER.log   a WAL segment of records: 1 | StoreBatch, or 0 | BatchId
//
// Simplification: Cassandra gives up on replicas that neither answer nor get a hint; here the entry
// stays.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "engine/env/environment.h"
#include "engine/env/sync.h"
#include "engine/lsm/options.h"
#include "engine/replication/messenger.h"
#include "engine/replication/options.h"
#include "engine/wal/wal.h"

namespace revenant::replication {

struct BatchLogMetrics {
  uint64_t stored = 0;
  uint64_t replayed = 0;  // entries whose writes were sent from here, and reached every replica
  uint64_t expired = 0;   // too old when their turn came
};

class BatchLog {
 public:
  // Sends an entry's writes to their replicas (suspends); whether each has them, or a hint does.
  using Deliver = std::function<bool(const StoredBatch& batch)>;

  // What an earlier life left. Suspends.
  struct Recovered {
    std::map<BatchId, StoredBatch> entries;
    std::vector<uint64_t> files;
  };
  static Result<Recovered> recover(env::Environment environment);

  // Serves kStoreBatch and kRemoveBatch. Entries of `age_max` or more are dropped.
  BatchLog(env::Environment environment, Messenger& messenger, const ReplicationOptions& options,
           lsm::WalSync sync, Duration age_max, Recovered recovered, Deliver deliver);

  // Once the node can deliver: replays what an earlier life left.
  void start();

  // Delivers all entries there are by now, however young. Those that are left.
  std::vector<StoredBatch> flush();

  // Drops all entries. Suspends.
  void discard();
  // From now on.
  void set_age_max(Duration age_max) { age_max_ = age_max; }

  const BatchLogMetrics& metrics() const { return metrics_; }

 private:
  void serve_store(NodeId from, uint64_t id, Bytes body);
  void serve_remove(NodeId from, uint64_t id, Bytes body);
  // Appends, and syncs if the engine would. Suspends.
  bool write(Bytes record);
  void remove(BatchId id);
  // The entries alone in a new file, and the older files gone.
  bool rewrite();
  // Delivers those whose coordinator should have ended by now, over and over: from the first entry
  // on, for most nodes never have one.
  void start_replaying();
  void replay();
  // Those of at least this age.
  std::vector<BatchId> due(Duration age) const;
  void deliver_all(const std::vector<BatchId>& ids);

  env::Environment environment_;
  Messenger& messenger_;
  const BatchLogOptions options_;
  const Duration timeout_;
  const bool synced_;
  Duration age_max_;
  const Defects defects_;
  const Deliver deliver_;
  bool replaying_ = false;
  std::map<BatchId, StoredBatch> entries_;
  env::Mutex appending_;
  env::WaitList stored_;
  std::vector<uint64_t> files_;  // the last one is being written, if there is a writer
  std::unique_ptr<wal::WalWriter> writer_;
  uint64_t next_number_ = 1;
  BatchLogMetrics metrics_;
};

}  // namespace revenant::replication
