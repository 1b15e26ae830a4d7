// What writes, reads and scans of one database cost on this machine, in real time.
#pragma once

#include <ostream>

namespace revenant::sim {

struct BenchDbOptions {
  uint64_t keys = 200'000;
  int rounds = 3;
};

// One Db on a simulated disk that takes no virtual time, so that only the engine's own work is
// left. Prints a line per measurement: best and median nanoseconds per operation.
void bench_db(std::ostream& out, const BenchDbOptions& options = {});

}  // namespace revenant::sim
