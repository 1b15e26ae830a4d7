// What an event, a task and a switch cost on this machine, in processor time.
#pragma once

#include <cstdint>
#include <ostream>

namespace revenant::sim {

struct KernelBenchOptions {
  int rounds = 9;
  uint64_t events = 2'000'000;    // timer events a round
  uint64_t tasks = 1'000'000;     // tasks started and ended a round
  uint64_t switches = 2'000'000;  // park and unpark pairs a round
};

// Prints a line per measurement, best and median of the rounds, and the fingerprint of each, which
// must be the same on every machine.
void bench_kernel(std::ostream& out, const KernelBenchOptions& options = {});

// Timer events a second, at best, of so many fibers that sleep again and again.
double timer_events_per_second(uint64_t fibers, const KernelBenchOptions& options = {});

}  // namespace revenant::sim
