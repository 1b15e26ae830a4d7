// Every byte of I/O has a cause, so that amplification can be told apart by what asked for it.
#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstdint>

namespace revenant::env {

enum class CauseKind : uint8_t {
  kClientRead,  // a read or scan for a client, on a replica
  kWal,
  kFlush,
  kCompaction,  // from level `from` into level `to`
  kManifest,
  kRecovery,  // reading manifest, tables' ends and logs at open
  kRepair,    // reading for Merkle trees
  kStream,    // reading for, and writing of, streamed differences
  kHint,
  kBatchLog,
  kReadRepair,
};

struct Cause {
  CauseKind kind = CauseKind::kClientRead;
  uint8_t from = 0, to = 0;  // levels; compaction only

  friend constexpr auto operator<=>(Cause, Cause) = default;
  static constexpr Cause compaction(int from, int to) {
    return {CauseKind::kCompaction, static_cast<uint8_t>(from), static_cast<uint8_t>(to)};
  }
};

// "client_read", "compaction_L0_L1": names in metrics and results.
std::string to_string(Cause cause);

}  // namespace revenant::env
