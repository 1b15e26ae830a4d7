// The only door workloads use: picks a coordinator, stamps writes, retries, and says what is known
// of the outcome.
//
// Where clients stamp their writes (replication.timestamps), a stamp is the client's clock in
// microseconds, raised where needed so that one client's
// stamps ascend (as the drivers' monotonic generators do). A retry keeps its timestamp, so it is
// the same write. A coordinator that left a request unanswered is avoided for a second, and twice
// as long after each further silence, up to a minute (the reconnection policy of Cassandra's Java
// driver).
#pragma once

#include <optional>
#include <vector>

#include "engine/env/environment.h"
#include "engine/replication/messenger.h"
#include "engine/replication/options.h"

namespace revenant::client {

enum class Outcome : uint8_t {
  kOk,
  kFail,     // surely not applied (writes), no answer (reads)
  kUnknown,  // a write that may or may not have been applied, now or later
};
std::string_view to_string(Outcome outcome);

struct ClientOptions {
  std::vector<NodeId> coordinators;  // taken in turn; at least one
  replication::ConsistencyLevel read, write;
  replication::Timestamps timestamps = replication::Timestamps::kClient;
  Duration read_timeout, write_timeout;  // the coordinators'; the client waits half as long again
  int64_t retries = 0;  // after the first attempt, while the outcome is unknown or unavailable
  uint64_t page_size = 5000;  // cells that a scan asks for at a time; at least 1
};

// How one operation differs from the client's options.
struct CallOptions {
  std::optional<replication::ConsistencyLevel> level = {};
  std::optional<NodeId> coordinator = {};  // of the first attempt; one of the client's
  std::optional<Duration> ttl = {};        // puts: the value expires so long after it is written
};

struct WriteResult {
  Outcome outcome = Outcome::kUnknown;
  NodeId coordinator;  // asked first
  Version version;     // the stamp; 0: not known, for the coordinator gave one and did not answer
  int64_t attempts = 0;
};
struct ReadResult {
  Outcome outcome = Outcome::kFail;
  std::optional<Cell> cell;  // the winner, tombstones too
  std::vector<replication::ReplicaAnswer> answers;
  NodeId coordinator;  // asked first
};
struct ScanResult {
  Outcome outcome = Outcome::kFail;
  NodeId coordinator;  // asked first
  std::vector<replication::KeyedCell>
      cells;            // live ones, in token order; of a scan that failed none
  bool to_end = false;  // there are no more
};

class Client {
 public:
  // `messenger` and the environment's references outlive the client. One operation at a time per
  // client for the stamps to order them; more at a time are fine.
  Client(env::Environment environment, replication::Messenger& messenger, ClientOptions options);

  // Takes the next turn: whom an operation that names no coordinator would ask first, for callers
  // that must know beforehand and name it.
  NodeId take_turn() { return options_.coordinators[next_coordinator()]; }

  // All suspend.
  WriteResult put(Bytes key, Bytes value, const CallOptions& call = {});
  WriteResult remove(Bytes key, const CallOptions& call = {});
  // All of these in the end, or none, under one stamp (replication/batch_log.h).
  WriteResult batch(std::vector<replication::ClientBatch::Put> puts, const CallOptions& call = {});
  ReadResult get(Bytes key, const CallOptions& call = {});
  // Up to `cells_max` live cells from the token of `from` on, page by page: each a request of its own,
  // so that the pages may show different moments.
  ScanResult scan(Bytes from, uint64_t cells_max, const CallOptions& call = {});

 private:
  WriteResult write(Bytes key, CellKind kind, Bytes value, const CallOptions& call);
  // Up to `cells_max` live cells from this key on, by attempts that begin at `coordinator`.
  std::optional<std::vector<replication::KeyedCell>> scan_page(Buffer least, uint64_t cells_max,
                                                               const CallOptions& call,
                                                               size_t coordinator);
  // Sends the write until its outcome is known or the attempts are over. `result` has its stamp.
  WriteResult send_write(replication::Verb verb, Bytes body, const CallOptions& call,
                         WriteResult result);
  // One attempt at the coordinator of this position: its answer, or nothing at the timeout.
  std::optional<Buffer> ask(size_t coordinator, replication::Verb verb, Bytes body,
                            Duration timeout);
  // Of an operation's first attempt, and of one after it.
  size_t first_coordinator(const CallOptions& call);
  size_t next_coordinator();
  Version stamp();

  env::Environment environment_;
  replication::Messenger& messenger_;
  ClientOptions options_;
  size_t turn_ = 0;
  struct Avoidance {
    Instant until{INT64_MIN};
    int silences = 0;  // in a row
  };
  std::vector<Avoidance> avoid_;  // by position in options_.coordinators
  Version last_stamp_;
};

}  // namespace revenant::client
