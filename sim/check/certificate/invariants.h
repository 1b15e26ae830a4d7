// Verifies what is said of sums, counters, sets and forks, on the recorded operations themselves and in the plainest way:
// each looks at all of them again. The error says what is not so.
#pragma once

#include <cstdint>

#include "engine/base/result.h"
#include "sim/history/history.h"

namespace revenant::check {

// Operations are called by their places in the history.

// Whether what the transaction read, a number each, does not add up to this.
Result<void> verify_wrong_sum(const history::History& history, uint32_t operation, int64_t total);

// Whether it read less than nothing.
Result<void> verify_negative(const history::History& history, uint32_t operation);

// Whether no choice among the adds that may, or may not, have taken effect comes to what this read returned.
Result<void> verify_impossible_count(const history::History& history, uint32_t operation);

// Whether `read` began when it was already known that the element is there, by an add or a read that had ended, and
// does not have it, nor does any read that began later.
Result<void> verify_lost(const history::History& history, history::Value element, uint32_t known_by,
                         uint32_t read);

// Whether the read has it, though nobody had begun to add it when the read ended, other than one that failed.
Result<void> verify_unexpected(const history::History& history, history::Value element,
                               uint32_t read);

// Whether the read has what `later` added, and not what `earlier` had, though that had ended when the other began.
Result<void> verify_out_of_order(const history::History& history, uint32_t earlier, uint32_t later,
                                 uint32_t read);

// Whether one has the first key's only value and not the second's, and the other the other way round.
Result<void> verify_fork(const history::History& history, uint32_t one, uint32_t other,
                         uint32_t first_key, uint32_t second_key);

}  // namespace revenant::check
