// A history taken apart by key: what holds of a history of several keys exactly if it holds of each key's part
// (linearizability, staleness) is decided there.
#pragma once

#include <vector>

#include "sim/history/history.h"

namespace revenant::history {

// One operation of a key. A scan is a read of each key that it returned: that it is atomic nobody says.
struct KeyOperation {
  Kind kind;
  Outcome outcome;
  int64_t invoked, completed;
  Value argument, result;
  uint32_t operation;    // in the history
  uint64_t version = 0;  // Operation's, or Step's
};

// By key. Transactions are left out: no single key tells whether they are right; so are keys that are added to.
std::vector<std::vector<KeyOperation>> by_key(const History& history);

}  // namespace revenant::history
