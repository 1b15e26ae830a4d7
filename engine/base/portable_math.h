// exp, log and pow in plain IEEE double arithmetic, the same last bit on every machine and compiler (with
// -ffp-contract=off). sqrt is correctly rounded everywhere and is used as it is.
// Relative error below 1e-15 over the ranges a simulation draws from (tests/engine/base/portable_math_test.cc).
#pragma once

namespace revenant::portable {

double exp(double x);
double log(double x);            // x > 0
double pow(double x, double y);  // x > 0

}  // namespace revenant::portable
