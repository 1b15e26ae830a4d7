// Verifies what the search for linearizability says, on the values themselves and in the plainest way: it shares
// no code with the search, and is small enough to be believed after reading it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/result.h"
#include "sim/history/by_key.h"

namespace revenant::check {

// Places in `operations`.
using Order = std::vector<uint32_t>;

// Whether this order explains the key's operations: each that succeeded is in it once, none that failed, those of
// unknown outcome or not; none stands before one that had ended when it began; every result is right.
// The error says what is wrong.
Result<void> verify_order(const history::History& history,
                          std::span<const history::KeyOperation> operations, const Order& order);

// A few operations that cannot be explained, in what was known at some time.
struct LinearCore {
  int64_t until =
      history::kNever;  // what began later is not there; what ended later is of unknown outcome
  Order operations;
};

// Whether no order explains them, by trying each. Of the other operations only the writes are there, and each of
// them may happen in its own time, or not at all: so no order of the whole history can be right if none of these is.
// kInvalid: an order explains them; kNoSpace: too many to try.
Result<void> verify_core(const history::History& history,
                         std::span<const history::KeyOperation> operations, const LinearCore& core);

}  // namespace revenant::check
