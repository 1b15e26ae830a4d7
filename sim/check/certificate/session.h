// Verifies what the session guarantees' checks say of one key, in the plainest way: it shares no code with them.
// What the guarantees ask for stands in sim/check/properties/session.h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/result.h"
#include "sim/history/by_key.h"

namespace revenant::check {

enum class Guarantee { kReadYourWrites, kMonotonicReads, kMonotonicWrites, kWritesFollowReads };

// Whether every session has what the guarantee says if the key's versions are in this order: writes, by their places
// in `operations`, the oldest first. Where the source knows versions, they are the order, and `order` is not
// looked at. The error says what is wrong.
Result<void> verify_versions(const history::History& history,
                             std::span<const history::KeyOperation> operations, Guarantee guarantee,
                             std::span<const uint32_t> order);

// Whether these operations alone, by their places, go against it in every order of versions, by trying each.
// kInvalid: an order explains them; kNoSpace: too many to try.
Result<void> verify_session_core(const history::History& history,
                                 std::span<const history::KeyOperation> operations,
                                 Guarantee guarantee, std::span<const uint32_t> core);

}  // namespace revenant::check
