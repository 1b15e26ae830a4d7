// An order of transactions that keeps real time, found by trying: for histories of which no graph can be made, as a value was
// written twice (Knossos's multi-registers).
//
// Events are taken in the order of time. A configuration is what the keys hold, and which of the transactions that are
// open have had their effect; when one ends, those are kept in which it has had, after whichever others go before
// it. Memory grows with what is open at a time. Not looked at: appends, compare-and-set, adds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/history/history.h"

namespace revenant::check::serial {

struct RealTimeOrder {
  enum class Outcome { kFound, kNone, kUndecided };
  Outcome outcome = Outcome::kUndecided;
  std::vector<uint32_t> order = {};  // found: operations
  uint32_t unexplained = 0;          // none: the operation up to the end of which there is none
  std::string limit = {};            // undecided: what it was
};

// Keeps `values` values at the most, of all configurations together.
RealTimeOrder find_real_time_order(const history::History& history, uint64_t values = 20'000'000);

}  // namespace revenant::check::serial
