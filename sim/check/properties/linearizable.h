// Linearizability, key by key: each operation takes effect at one moment between its invocation and its
// response. A history is linearizable exactly if each key's part is (Herlihy and Wing, 1990); a scan counts as
// reads of the keys that it returned, and transactions are not looked at.
#pragma once

#include "sim/check/properties/properties.h"

namespace revenant::check {

Verdict check_linearizable(const history::History& history, const CheckOptions& options);

}  // namespace revenant::check
