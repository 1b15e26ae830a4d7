// A stream of random numbers with a name. Streams are derived from the run's seed and the name
// alone, so a new draw in one leaves all others alone. Every draw is portable: integers and IEEE
// arithmetic only, with our own exp and log (portable_math.h), never <random> or libm.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
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

  uint64_t next();                                   // 64 uniform bits
  uint64_t below(uint64_t bound);                    // uniform in [0, bound), unbiased; bound > 0
  int64_t between(int64_t least, int64_t greatest);  // uniform, both included
  bool chance(Probability p);                        // draws nothing when p is 0 or 1
  double unit();                                     // uniform in [0, 1), 53 bits
  double exponential(double mean);
  double normal(double mean, double stddev);  // one draw, by the quantile function
  double lognormal(double mu, double sigma);  // exp(normal(mu, sigma))
  double pareto(double scale, double shape);  // scale * U^(-1/shape), U in (0, 1]
  Duration exponential(Duration mean);        // rounded down to nanoseconds

  template <typename T>
  void shuffle(std::vector<T>& items) {  // Fisher-Yates
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  // The stream's identity: XXH3-128 of its name under the run's seed, or of its parent's identity
  // and its name.
  struct Identity {
    uint64_t low, high;
  };
  explicit Random(Identity identity);

  Identity identity_;
  uint64_t state_[4];  // xoshiro256** (Blackman, Vigna 2018)
};

// Ranks 0…n-1 with probability proportional to 1/(rank+1)^theta, theta >= 0 (0: uniform; 0.99:
// YCSB's default); exact by rejection inversion (Hörmann, Derflinger 1996), O(1) per draw without
// tables.
class Zipf {
 public:
  Zipf(uint64_t n, double theta);
  uint64_t operator()(Random& random) const;  // 1.1 draws on average
  uint64_t n() const { return n_; }

 private:
  double weight(double x) const;    // x^-theta
  double integral(double x) const;  // of weight, from 1 to x
  double integral_inverse(double area) const;

  uint64_t n_;
  double theta_;
  double area_least_, area_greatest_;  // between them lies the area drawn from
  double shortcut_;  // a rank closer than this to its x is accepted without a look at the weight
};

}  // namespace revenant
