// Which ranges were repaired on all their replicas, and when: what purge mode repair goes by. Each
// replica of a range keeps what it was told at the end of a session, and gives it to its Db only
// once it is durable here.
//
//   repairs/NUMBER.log   a WAL segment (engine/wal) of records: least key | limit | began (fixed 8, ns)
//
// A record is a fact about the past of all replicas, so it stays true whatever this node loses, and
// adding it twice or in another order changes nothing (RepairedRanges). That is why a new life reads
// every file there is, damaged ones as far as they go, and why a file that a crash left behind does no
// harm: what is lost only keeps tombstones until the next repair. A file of many more records than
// there are pieces is replaced by one that holds just those.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/env/environment.h"
#include "engine/env/sync.h"
#include "engine/lsm/compaction/repaired_ranges.h"
#include "engine/ring/ring.h"
#include "engine/wal/wal.h"

namespace revenant::replication {

class RepairHistory {
 public:
  explicit RepairHistory(env::Environment environment);

  // Takes over what earlier lives kept, as far as it can be made durable. Suspends.
  Result<void> open();

  // Keeps one range that a session repaired which began at `began`. Durable, and part of ranges(),
  // once it returns without an error. Suspends.
  Result<void> add(ring::TokenRange range, Instant began);

  // Never null; a new one after each add().
  std::shared_ptr<const lsm::RepairedRanges> ranges() const { return ranges_; }

 private:
  std::string path(uint64_t number) const;
  Result<void> append(const std::vector<lsm::RepairedRanges::Piece>& pieces);
  // Begins a file that holds `pieces`; those before it go.
  Result<void> begin_file(const std::vector<lsm::RepairedRanges::Piece>& pieces);

  env::Environment environment_;
  env::Mutex writing_;
  std::shared_ptr<const lsm::RepairedRanges> ranges_;
  std::vector<uint64_t> files_;  // numbers, the one that is written last
  uint64_t next_number_ = 1;
  std::unique_ptr<wal::WalWriter> writer_;  // null: the next add begins a file
  uint64_t records_ = 0;                    // in the file that is written
};

}  // namespace revenant::replication
