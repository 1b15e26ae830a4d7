#include "sim/workload/arrivals.h"

namespace revenant::sim {

Duration Arrivals::gap(Random& random) {
  if (closed_) return think_time_;
  if (per_second_ <= 0) return kGapMax;
  const double exact = carry_ns_ + random.exponential(1e9 / per_second_);
  if (exact >= static_cast<double>(kGapMax.ns)) return kGapMax;
  const Duration whole{static_cast<int64_t>(exact)};
  carry_ns_ = exact - static_cast<double>(whole.ns);
  return whole;
}

}  // namespace revenant::sim
