// A long fork: of two writes to different keys, one transaction sees the first only and another the second only. Parallel
// snapshot isolation allows it, snapshot isolation does not.
//
// Looked at are keys that were written once, or never, and whose reads return one value besides the initial one; and
// transactions that read the same two or more of them: of each two, one must see all that the other does. Who wrote the
// value nobody asks. Among more that read the same keys not each pair is compared: if they can stand in a row in which each sees
// all that the one before it does, every pair is right.
#pragma once

#include "sim/check/properties/properties.h"

namespace revenant::check {

Verdict check_no_long_fork(const history::History& history, const CheckOptions& options);

}  // namespace revenant::check
