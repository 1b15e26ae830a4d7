// A history of transactions over lists, as a strictly serializable store would have told it: what the checker's speed
// is measured on.
#pragma once

#include "sim/history/history.h"

namespace revenant::check::serial {

struct AppendShape {
  uint32_t transactions = 1'000'000;
  uint32_t sessions = 20;
  uint32_t steps_max = 4;      // of a transaction: reads and appends, as many of each
  uint32_t keys = 10;          // in use at a time
  uint32_t appends_max = 100;  // of a key, before another takes its place
};

history::History make_append_history(const AppendShape& shape, uint64_t seed);

}  // namespace revenant::check::serial
