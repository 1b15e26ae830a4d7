// A histogram of durations with bounded relative error, in the manner of HdrHistogram: 256 linear
// steps in each power of two, so a quantile is too high by at most 1/256 of itself.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/time.h"

namespace revenant::sim {

class Histogram {
 public:
  void add(Duration value);
  uint64_t count() const { return count_; }
  double mean_ns() const;
  // The least bucket bound that at least `per_million` of the values do not exceed; zero without
  // values.
  Duration quantile(uint64_t per_million) const;
  Duration greatest() const { return greatest_; }

 private:
  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  double sum_ns_ = 0;
  Duration greatest_;
};

}  // namespace revenant::sim
