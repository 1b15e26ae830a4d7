// exp, log, pow and the normal quantile in plain IEEE double arithmetic, the same last bit on every
// machine and compiler (with -ffp-contract=off). sqrt is correctly rounded everywhere and is used
// as it is. Relative error below 1e-15 over the ranges a simulation draws from
// (tests/engine/base/portable_math_test.cc).
#pragma once

namespace revenant::portable {

double exp(double x);
double log(double x);            // x > 0
double pow(double x, double y);  // x > 0

// The z below which a standard normal falls with probability p, 0 < p < 1; relative error about
// 1e-15.
double normal_quantile(double p);

}  // namespace revenant::portable
