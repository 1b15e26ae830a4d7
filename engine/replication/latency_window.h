// The latencies of a coordinator's recent reads, for percentiles of them: the last 256, looked at
// anew after every 16th.
//
// Cassandra keeps a histogram for each table that decays over 15 minutes and looks at it every 50
// ms.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/settings.h"
#include "engine/base/time.h"

namespace revenant::replication {

class LatencyWindow {
 public:
  // `share` of the latencies are at or below the percentile.
  explicit LatencyWindow(Probability share) : share_(share) {}

  void add(Duration latency) {
    if (latencies_.size() < kLatencies) {
      latencies_.push_back(latency);
    } else {
      latencies_[added_ % kLatencies] = latency;
    }
    if (++added_ % kPeriod == 0) look();
  }

  // Nothing before the first 16.
  std::optional<Duration> percentile() const { return percentile_; }

 private:
  static constexpr size_t kLatencies = 256, kPeriod = 16;

  void look() {
    std::vector<Duration> sorted = latencies_;
    std::ranges::sort(sorted);
    const auto count = static_cast<int64_t>(sorted.size());
    // The least rank with at least this share at or below it.
    const int64_t rank = (count * share_.ppb + 999'999'999) / 1'000'000'000;
    percentile_ = sorted[static_cast<size_t>(std::clamp<int64_t>(rank, 1, count) - 1)];
  }

  Probability share_;
  std::vector<Duration> latencies_;
  uint64_t added_ = 0;
  std::optional<Duration> percentile_;
};

}  // namespace revenant::replication
