// Reads return only what was written to their key: not what nobody wrote, or had begun to write when the read
// ended, nor what only operations wrote that surely failed (an aborted read). Of a list that is appended to, each
// item counts, and none may be in it more often than it was written.
//
// Not looked at: texts that are appended to (their parts cannot be told apart), counters and sets (counter.h, set.h).
#pragma once

#include "sim/check/properties/properties.h"

namespace revenant::check {

Verdict check_thin_air(const history::History& history, const CheckOptions& options);

}  // namespace revenant::check
