// The keys that exist or once existed: 0…count-1. Shared by all workloads of a run; inserts add to
// it.
#pragma once

#include <cstdint>

namespace revenant::sim {

struct KeySpace {
  uint64_t count = 0;
};

}  // namespace revenant::sim
