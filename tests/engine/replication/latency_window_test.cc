#include "engine/replication/latency_window.h"

#include <gtest/gtest.h>

#include "engine/base/random.h"

namespace revenant::replication {
namespace {

TEST(LatencyWindowTest, ThePercentileIsTheLeastLatencyThatSoManyDoNotExceed) {
  for (int64_t percent : {1, 50, 99, 100}) {
    Random random(static_cast<uint64_t>(percent), "latencies");
    LatencyWindow window(Probability{percent * 10'000'000});
    std::vector<Duration> all;
    for (int i = 1; i <= 2000; ++i) {
      all.push_back(microseconds(static_cast<int64_t>(random.below(1000))));
      window.add(all.back());
      if (i < 16) {
        EXPECT_FALSE(window.percentile().has_value());
      }
      if (i % 16 != 0) continue;
      const size_t count = std::min<size_t>(all.size(), 256);
      const std::vector<Duration> recent(all.end() - static_cast<std::ptrdiff_t>(count), all.end());
      const Duration found = *window.percentile();
      const auto at_most = [&](Duration limit) {
        return std::ranges::count_if(recent, [&](Duration d) { return d <= limit; }) * 100;
      };
      const auto wanted = static_cast<int64_t>(count) * percent;
      EXPECT_GE(at_most(found), wanted);
      EXPECT_LT(at_most(found - Duration{1}), wanted);
    }
  }
}

}  // namespace
}  // namespace revenant::replication
