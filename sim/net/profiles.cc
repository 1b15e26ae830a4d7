// The profiles' figures, and how well they meet the measurements they come from.
//
// Source: Bailis et al., "Highly Available Transactions" (VLDB 2013), round trips between EC2
// m1.small machines, one ping a second for a week; a one-way delay is taken as half a round trip.
// What was measured is a narrow bulk (p50 to p95 within 30 %) with a rare slow mode a hundred times
// slower. A lognormal above a floor has no such gap; floor, mean and sigma are chosen to meet
// median, p99 and the far tail, and the price is a p95 that is about twice too high (same_az).
//
//   one-way, ms           p50     p75     p95     p99    p99.9   p99.99   mean
//   same_az   measured   0.205   0.221   0.262   1.79    8.2     29       0.26
//             model      0.205   0.247   0.589   1.75    7.4     25       0.30
//   inter_az  measured   0.812   0.850   2.5    24      32       42       1.5
//             model      0.812   0.990   2.4     7.3    31      107       1.21
//
// inter_az is the middle one of three pairs of zones (b-d). The figures that the model meets are
// asserted in tests/sim/net/delay_test.cc, with how far it is off the others.
//
// Halving quantiles is exact only if both ways are slow together; here the ways are independent, so
// a round trip's tail is somewhat lighter than the measured one. Delays of successive messages are
// independent too: no slow periods.
#include "sim/net/options.h"

namespace revenant::sim {
namespace {

// 10 Gbit/s, an ordinary server port; the source measured pings, which do not queue.
constexpr Bandwidth kTenGigabit{1'250'000'000};

}  // namespace

void NetworkOptions::apply_profile() {
  loss = {0};
  duplication = {0};
  delay_sigma = 1.0;
  switch (profile) {
    case NetworkProfile::kIdeal:
      delay = DelayDistribution::kConstant;
      delay_min = delay_mean = {0};
      bandwidth = {INT64_MAX};
      break;
    case NetworkProfile::kSameAz:
      delay = DelayDistribution::kLognormal;
      delay_min = microseconds(190);
      delay_mean = microseconds(300);
      delay_sigma = 2.0;
      bandwidth = kTenGigabit;
      break;
    case NetworkProfile::kInterAz:
      delay = DelayDistribution::kLognormal;
      delay_min = microseconds(750);
      delay_mean = microseconds(1212);
      delay_sigma = 2.0;
      bandwidth = kTenGigabit;
      break;
  }
}

Result<void> NetworkOptions::check() const {
  if (delay_min.ns < 0) return error(ErrorCode::kInvalid, "delay_min is negative");
  if (delay_mean < delay_min) {
    return error(ErrorCode::kInvalid, "delay_mean ({}) is below delay_min ({})", delay_mean,
                 delay_min);
  }
  if (delay_mean > kDelayMeanMax) {
    return error(ErrorCode::kInvalid, "delay_mean ({}) is above {}", delay_mean, kDelayMeanMax);
  }
  if (delay == DelayDistribution::kPareto && delay_min.ns == 0) {
    return error(ErrorCode::kInvalid,
                 "delay \"pareto\" needs a delay_min above 0: it is the scale");
  }
  return {};
}

}  // namespace revenant::sim
