// What writes, reads and scans of one database cost on this machine, in real time.
#pragma once

#include <ostream>

namespace revenant::sim {

struct BenchEngineOptions {
  uint64_t keys = 200'000;
  int rounds = 3;
};

// One Db on a simulated disk that takes no virtual time, so that only the engine's own work is
// left. Prints a line per measurement: best and median nanoseconds per operation.
void bench_engine(std::ostream& out, const BenchEngineOptions& options = {});

}  // namespace revenant::sim
