// A stream of random numbers with a name. Streams are derived from the run's seed and the name alone, so a new
// draw in one leaves all others alone. Every draw is portable: integers and IEEE arithmetic only, with our own
// exp and log (portable_math.h), never <random> or libm.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/settings.h"
#include "engine/base/time.h"

namespace revenant {

class Random {
 public:
  // The stream `name` of the run with this seed.
  Random(uint64_t seed, std::string_view name);

  // A stream of its own, derived from this stream's identity (not from its position).
  Random fork(std::string_view name) const;

  uint64_t next();                              // 64 uniform bits
  uint64_t below(uint64_t bound);               // uniform in [0, bound), unbiased; bound > 0
  int64_t between(int64_t least, int64_t greatest);  // uniform, both included
  bool chance(Probability p);                   // draws nothing when p is 0 or 1
  double unit();                                // uniform in [0, 1), 53 bits
  double exponential(double mean);
  double normal(double mean, double stddev);
  double lognormal(double mu, double sigma);    // exp(normal(mu, sigma))
  double pareto(double scale, double shape);    // scale * U^(-1/shape), U in (0, 1]
  Duration exponential(Duration mean);          // rounded down to nanoseconds

  template <typename T>
  void shuffle(std::vector<T>& items) {         // Fisher-Yates
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  uint64_t seed_, stream_;
  uint64_t state_[4];  // xoshiro256** (Blackman, Vigna 2018)
};

// Ranks 0…n-1 with probability proportional to 1/(rank+1)^theta, theta in (0, 1) or above 1; exact by rejection
// inversion (Hörmann, Derflinger 1996), O(1) per draw without tables.
class Zipf {
 public:
  Zipf(uint64_t n, double theta);
  uint64_t operator()(Random& random) const;
  uint64_t n() const { return n_; }

 private:
  double h(double x) const;
  double h_inverse(double x) const;

  uint64_t n_;
  double theta_, h_x1_, h_n_, s_;
};

}  // namespace revenant
