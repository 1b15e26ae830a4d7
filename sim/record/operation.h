// One client operation as the history keeps it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/client/client.h"
#include "sim/scenario/operation_kind.h"

namespace revenant::sim {

// Names a write for ever: 1, 2, … in the order in which writes begin, the preload's first. Every
// value carries one.
struct WriteId {
  uint64_t value = 0;
  friend constexpr auto operator<=>(WriteId, WriteId) = default;
};

// One live cell that a scan returned.
struct ScannedCell {
  uint64_t key;
  Version version;
  WriteId write;
};

struct Operation {
  std::string_view workload;
  uint32_t session = 0;
  OperationKind kind = OperationKind::kRead;
  uint64_t key = 0;  // index (sim/workload/key.h); where a scan starts
  WriteId write;     // writes: itself. Reads: the write that the value names; 0 if none was found
  Instant intended;  // when it should have begun: latency counts from here
  Instant invoked, completed;  // virtual time
  client::Outcome outcome = client::Outcome::kUnknown;
  Version version;     // writes: their stamp. Reads: the winner's, a tombstone's too; 0 if no trace
  bool found = false;  // reads: a live value
  bool damaged = false;          // reads: the value is not one that any write makes
  NodeId coordinator;            // asked first
  std::optional<WriteId> batch;  // writes: the first of the atomic batch that it is of
  std::optional<Duration> ttl;   // writes of values that expire
  std::vector<replication::ReplicaAnswer> answers;
  std::vector<ScannedCell> scanned;
  bool scanned_to_end = false;  // scans: there was nothing after them
};

}  // namespace revenant::sim
