// A bank: transfers move amounts from account to account, so every transaction that only reads sees the same sum, no
// account below nothing, and the accounts that the first one saw. That is all: which transfers it sees nobody asks.
//
// The sum is the one of CheckOptions, or what the first read comes to.
#pragma once

#include "sim/check/properties/properties.h"

namespace revenant::check {

Verdict check_constant_sum(const history::History& history, const CheckOptions& options);

}  // namespace revenant::check
