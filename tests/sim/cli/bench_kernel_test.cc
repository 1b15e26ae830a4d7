#include "sim/cli/bench_kernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace revenant::sim {
namespace {

// The fingerprints are those of every machine; a few events are enough for them to differ when the
// kernel does.
TEST(BenchKernelTest, ATinyBenchmarkDoesTheSameWorkEverywhere) {
  std::ostringstream out;
  bench_kernel(out, {.rounds = 2, .events = 40'000, .tasks = 1'000, .switches = 1'000});
  for (const char* fingerprint :
       {"4b3a5060cf4a0abaa70930dcff532442", "cfce50ddc346e62c058c6db581223507",
        "be1ad30517329d29a1466cbd79e95f38", "40051e657a922f76854ea6ece9f7bb6b",
        "7a7ee8f1d4d4741d81d24b97a7f7464e", "ffa603e728258182a240d54c598f756d"}) {
    EXPECT_THAT(out.str(), ::testing::HasSubstr(fingerprint));
  }
}

}  // namespace
}  // namespace revenant::sim
