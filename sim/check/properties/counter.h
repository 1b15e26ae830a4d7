// A counter: a read returns what some of the adds come to. All that had been acknowledged when it began are among them,
// and none that began after it had ended, or that failed:
//
//   least   the acknowledged ones, and every other that may have happened and lowers the number
//   most    the acknowledged ones, and every other that may have happened and raises it
//
// That reads agree with each other nobody asks (as Jepsen's counter does not).
#pragma once

#include "sim/check/properties/properties.h"

namespace revenant::check {

Verdict check_counter(const history::History& history, const CheckOptions& options);

}  // namespace revenant::check
