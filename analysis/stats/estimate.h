// Estimates from repeated runs, each with the interval that says how far to trust it.
//
//   seeds of A   a1 a2 a3 … an ── estimate_mean ──────────> mean ± t·s/√n
//   seeds of B   b1 b2 b3 … bn ── estimate_difference(a, b): the mean of (bi - ai), with its own
//   interval
//
// A sample is one number per seed; seeds are independent, so the usual theory of independent
// samples holds. Two settings run on the same seeds see the same arrivals, keys and faults: their
// differences vary less than the figures themselves, and pairing is what makes a small effect
// visible with few seeds (common random numbers; Law & Kelton, Simulation Modeling and
// Analysis, 10.2 and 11.2).
//
// Not done: the intervals are for one figure at a time (no correction for looking at many), and
// Student's interval takes the mean of n samples as near enough to normal. Very skewed counts with
// few seeds need more seeds.
#pragma once

#include <Eigen/Core>
#include <cstdint>

namespace revenant::stats {

// What an interval covers, in the long run of repeated experiments, unless a caller asks otherwise.
inline constexpr double kConfidence = 0.95;

struct Interval {
  double low, high;
  bool contains(double value) const { return low <= value && value <= high; }
};

// The mean of a sample. Fields that the sample is too small for are NaN: all of them for n = 0, the
// deviation and the interval for n = 1.
struct MeanEstimate {
  int64_t n;
  double mean;
  double deviation;   // of the sample: divisor n - 1
  Interval interval;  // Student's t
};

using Sample = Eigen::Ref<const Eigen::VectorXd>;

// `sample` holds finite numbers.
MeanEstimate estimate_mean(const Sample& sample, double confidence = kConfidence);

// The mean of after[i] - before[i]; both hold one number per seed, in the same order of seeds.
MeanEstimate estimate_difference(const Sample& before, const Sample& after,
                                 double confidence = kConfidence);

// Whether a difference with this interval is told apart from none. False for an interval that is
// unknown. Samples without any variation give an interval of no width, which is right for a
// deterministic figure.
bool excludes_zero(const MeanEstimate& difference);

struct ShareEstimate {
  int64_t successes, n;
  double share;       // NaN for n = 0, where the interval is all of [0, 1]
  Interval interval;  // Wilson's score interval
};

// The share of successes in n independent trials. Wilson's interval (Wilson 1927; Brown, Cai and
// DasGupta 2001 recommend it for small n) stays inside [0, 1] and says something even for none or
// all of n.
ShareEstimate estimate_share(int64_t successes, int64_t n, double confidence = kConfidence);

// The nearest-rank percentile: the smallest member that at least `percent` % of the members are not
// above, that is the ⌈percent/100 · n⌉-th smallest, and the smallest for 0. Always a member of
// `sample`, never an interpolation. `sample` is not empty; `percent` lies in [0, 100].
double percentile(const Sample& sample, double percent);

}  // namespace revenant::stats
