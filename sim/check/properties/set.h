// A set that grows: operations add elements, and reads return all of them. An element is known to be there once its add
// was acknowledged, or a read that has it has ended. As Jepsen's set and set-full call what becomes of it:
//
//   lost         it was known before the last read began, and that read does not have it     violates
//   unexpected   a read has it, though nobody had begun to add it, or only what failed had   violates
//   duplicated   a read has it twice                                                         violates
//   stale        some read that began when it was known did not have it, but the last does   a figure
//   recovered    its add was of unknown outcome, and a read has it                           a figure
//   never read   no read began after it was known                                            a figure
//
// Adds in order is another question: where a read has an element, it has all those whose adds had ended when the add of
// that one began. Jepsen's comments and sequential tests ask it.
#pragma once

#include "sim/check/properties/properties.h"

namespace revenant::check {

Verdict check_set(const history::History& history, const CheckOptions& options);
Verdict check_adds_in_order(const history::History& history, const CheckOptions& options);

}  // namespace revenant::check
