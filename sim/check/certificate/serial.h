// Verifies what the checker of transactions says, on the recorded steps themselves and in the plainest way: it shares
// no code with the search for anomalies.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "sim/history/history.h"

namespace revenant::check {

enum class DependencyKind : uint8_t {
  kWriteWrite,  // `to` wrote a later version of the key than `from`
  kWriteRead,   // `to` read what `from` wrote
  kReadWrite,   // `from` read a version that is older than what `to` wrote
  kSession,     // of one session, `from` before `to`
  kRealTime,    // `from` had ended when `to` began
};

std::string_view to_string(DependencyKind kind);

// `from` must come before `to`: both are operations of the history.
struct Dependency {
  DependencyKind kind;
  uint32_t from, to;
  uint32_t key = 0;           // of the first three kinds
  history::Value wrote = {};  // by `from`; read-write: what it read
  history::Value then = {};   // written, or read, by `to`
  uint32_t seen_by =
      ~uint32_t{0};  // write-write: who read a list that tells their order, or read the later one
                     // and had seen the earlier
};

// Whether each of them is so, and each begins where the one before it ends, the first where the last ends. The error
// says which is not. An operation of unknown outcome must have been read by somebody.
Result<void> verify_cycle(const history::History& history, const std::vector<Dependency>& cycle);

// Whether two transactions replaced the same version of a key: each read it before it wrote.
Result<void> verify_lost_update(const history::History& history,
                                const std::vector<Dependency>& cycle);

enum class RealTime { kIgnored, kRespected };

// Whether the transactions, one after the other in this order, would have read what they did: all that succeeded
// are in it, none that failed.
Result<void> verify_serial_order(const history::History& history,
                                 const std::vector<uint32_t>& order, RealTime real_time);

struct SnapshotEvent {
  uint32_t operation;
  bool is_commit;  // otherwise its start
};

// Whether transactions that start and commit in this order would have read what they did, each from the versions
// committed when it started, and none that overlap have written the same key.
Result<void> verify_snapshot_order(const history::History& history,
                                   const std::vector<SnapshotEvent>& events, RealTime real_time);

}  // namespace revenant::check
