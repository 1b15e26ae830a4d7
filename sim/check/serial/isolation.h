// Decides which isolation a history of transactions kept, by the cycles of what depends on what.
//
//   T1 --ww--> T2   T2 wrote the version after T1's          session    T1 before T2, of one session
//   T1 --wr--> T2   T2 read what T1 wrote                    real time  T1 had ended when T2 began
//   T1 --rw--> T2   T1 read the version before T2's
//
// A cycle is what no order of transactions can have. Which cycles an isolation forbids is its definition (Adya 1999;
// Cerone and Gotsman 2016 for snapshots): read committed those of ww and wr, snapshot isolation those in which no two
// rw are adjacent, serializability all. Versions that nobody read have no order (versions.h); where one is
// needed, every order is tried, by what it leads to (choices.h). For read atomic and causal consistency none is: who
// sees a write of a key, and reads another of it, shows that the other is the later (Biswas and Enea 2019; by clocks of
// sessions as in AWDIT, 2025).
//
// A read-only history, or one of which nothing was read, shows nothing. Real time is a chain of its ends, so it
// costs as much as there are transactions. Not looked at: predicates, scans, compare-and-set. Limits count edges
// looked at, never time.
#pragma once

#include <span>

#include "sim/check/serial/anomaly.h"

namespace revenant::check::serial {

enum class Isolation : uint8_t {
  kReadCommitted,
  kReadAtomic,
  kCausal,  // a transaction sees what those had seen, and its session had, whose writes it reads
  kSnapshot,
  kSessionSnapshot,  // a transaction's snapshot has all that its session committed before
  kStrongSnapshot,   // … all that was committed when it began
  kSerializable,
  kSessionSerializable,
  kStrictSerializable,
};

std::string_view to_string(Isolation isolation);

struct IsolationLimits {
  uint64_t edges = 500'000'000;  // looked at in search of one kind of cycle, or of an order
};

struct IsolationVerdict {
  enum class Outcome { kHolds, kViolated, kUndecided, kVacuous };
  Isolation isolation;
  Outcome outcome = Outcome::kVacuous;
  std::string limit = {};                  // undecided: what it was
  std::vector<Finding> findings = {};      // violated: the lightest first
  std::vector<uint32_t> order = {};        // serializability holds: operations
  std::vector<SnapshotEvent> events = {};  // snapshot isolation holds
};

// In the order asked for.
std::vector<IsolationVerdict> check_isolation(const history::History& history,
                                              std::span<const Isolation> isolations,
                                              const IsolationLimits& limits = {});

// As Elle calls it: with -process or -realtime if such an edge is in the cycle.
std::string name(const Finding& finding);

}  // namespace revenant::check::serial
