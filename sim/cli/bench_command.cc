#include <iostream>

#include "sim/cli/bench_kernel.h"
#include "sim/cli/command.h"

namespace revenant::sim {

int bench_main(const Arguments& arguments) {
  CommandLine line("bench [PART]", "Measures this build on this machine, in real time.");
  line.operand("part", 1, "kernel; all of them if left out.");
  const auto values = line.parse(arguments);
  if (!values) return values.error().code;
  bench_kernel(std::cout);
  return 0;
}

}  // namespace revenant::sim
