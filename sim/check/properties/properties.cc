#include "sim/check/properties/properties.h"

#include <array>

#include "sim/check/properties/constant_sum.h"
#include "sim/check/properties/counter.h"
#include "sim/check/properties/freshness.h"
#include "sim/check/properties/isolation.h"
#include "sim/check/properties/linearizable.h"
#include "sim/check/properties/long_fork.h"
#include "sim/check/properties/session.h"
#include "sim/check/properties/set.h"
#include "sim/check/properties/thin_air.h"

namespace revenant::check {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kHolds:
      return "holds";
    case Outcome::kViolated:
      return "violated";
    case Outcome::kUndecided:
      return "undecided";
    case Outcome::kVacuous:
      return "vacuous";
  }
  return "";
}

std::span<const Property> properties() {
  static constexpr std::array kProperties = {
      Property{"no_thin_air",
               "Reads return only what was written to their key, and not by what failed.",
               check_thin_air},
      Property{"fresh_reads",
               "A read returns the newest write that was acknowledged when it began; how far "
               "behind others are.",
               check_fresh_reads},
      Property{"linearizable",
               "Each operation takes effect at one moment between its invocation and its response.",
               check_linearizable},
      Property{"read_your_writes", "A session's read is not older than its own last write.",
               check_read_your_writes},
      Property{"monotonic_reads", "A session's read is not older than what it has read before.",
               check_monotonic_reads},
      Property{"monotonic_writes", "Reads see the writes of a session in its order.",
               check_monotonic_writes},
      Property{"writes_follow_reads", "Reads see a session's write after what it had read before.",
               check_writes_follow_reads},
      Property{"read_committed",
               "Transactions read what others committed, and writes are not mixed.",
               check_isolation_of<serial::Isolation::kReadCommitted>},
      Property{"read_atomic", "A transaction reads all of another's writes or none.",
               check_isolation_of<serial::Isolation::kReadAtomic>},
      Property{"causal", "A transaction sees all that led to what it reads.",
               check_isolation_of<serial::Isolation::kCausal>},
      Property{"snapshot_isolation",
               "Transactions read from snapshots; of two that overlap, one writes a key.",
               check_isolation_of<serial::Isolation::kSnapshot>},
      Property{"session_snapshot_isolation",
               "The same, and a snapshot has all that its session committed.",
               check_isolation_of<serial::Isolation::kSessionSnapshot>},
      Property{"strong_snapshot_isolation",
               "The same, and it has all that was committed when it began.",
               check_isolation_of<serial::Isolation::kStrongSnapshot>},
      Property{"serializable", "One order of the transactions explains what each read.",
               check_isolation_of<serial::Isolation::kSerializable>},
      Property{"session_serializable", "One that keeps the order of each session.",
               check_isolation_of<serial::Isolation::kSessionSerializable>},
      Property{"strict_serializable", "One that keeps the order of real time.",
               check_isolation_of<serial::Isolation::kStrictSerializable>},
      Property{"no_long_fork", "Two transactions do not each see one of two writes alone.",
               check_no_long_fork},
      Property{"constant_sum", "All that is read of a bank's accounts at a time adds up alike.",
               check_constant_sum},
      Property{"counter", "A read returns what was added, all that had been acknowledged with it.",
               check_counter},
      Property{"set", "What was added is not lost, and nothing else is found.", check_set},
      Property{"adds_in_order",
               "Who finds an element finds all that had been added before its add began.",
               check_adds_in_order},
  };
  return kProperties;
}

}  // namespace revenant::check
