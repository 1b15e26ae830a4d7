// Revenant's storage engine beside LevelDB and RocksDB: db_bench's workloads on this machine's file
// system, in real time. Each store runs in a program of its own (tests/bench), one after another,
// several rounds, so that what else the machine does meets all of them.
#pragma once

#include <ostream>
#include <string>

namespace revenant::sim {

struct BenchEngineOptions {
  uint64_t num = 1'000'000;  // entries, db_bench's default
  int rounds = 3;
  std::string directory = "results/bench";  // of the databases; removed afterwards
  bool json = false;
};

// Prints microseconds per operation and operations per second (medians over the rounds), ratios to
// the faster of the two others, write amplification and peak memory. Returns the exit code: 2 when
// one of the programs was not built.
int bench_engine(std::ostream& out, const BenchEngineOptions& options);

}  // namespace revenant::sim
