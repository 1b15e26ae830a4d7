// Quantiles of the distributions that intervals are made of.
//
// Both invert a distribution function that is known well by bisection: some sixty evaluations,
// and nothing to get wrong in the tails. Meant for tables and plots, not for
// simulated paths (they use libm).
#pragma once

namespace revenant::stats {

// The t with P(T <= t) = `probability` for Student's distribution with `degrees` degrees of freedom
// (> 0, not necessarily whole). `probability` lies in (0, 1). Relative error below 1e-9
// for up to a million degrees (tests/analysis/stats).
double student_t_quantile(double probability, double degrees);

// The z with P(Z <= z) = `probability` for the standard normal distribution.
double normal_quantile(double probability);

}  // namespace revenant::stats
