// A hybrid logical clock: stamps that ascend along every chain of messages, and stay near the time
// of day. S. Kulkarni, M. Demirbas, D. Madappa, B. Avva, M. Leone, "Logical physical clocks",
// OPODIS 2014, figure 5.
//
//   stamp   | l: the greatest time of day heard of, 48 bits | c: a counter, 16 bits |
//
//   an event here          l' = max(l, own clock)            c' = l' == l ? c + 1 : 0
//   a message (lm, cm)     l' = max(l, lm, own clock)        c' = one more than that of the greatest
//                                                                 of (l, c), (lm, cm); 0 if it is the
//                                                                 own clock alone
//
// The 48 bits are the upper ones of the nanoseconds, ticks of 65.5 us. As numbers of 64 bits stamps
// compare as (l, c) do, so both rules are a maximum and an increment.
//
// Simplifications: a counter that overflows borrows a tick of l. How far a stamp heard may be ahead
// of the own clock is not bounded (the paper's section 5 drops such messages), so one clock that is
// far ahead drags all others along. Nothing is kept over a restart.
#pragma once

#include <algorithm>

#include "engine/base/ids.h"
#include "engine/env/clock.h"

namespace revenant::replication {

class HybridClock {
 public:
  // `clock` outlives it.
  explicit HybridClock(const env::Clock& clock) : clock_(clock) {}

  // Of an event here: greater than all before it and than all heard of.
  Version next() { return last_ = {std::max(last_.value + 1, own())}; }

  void heard(Version stamp) {
    if (stamp.value > std::max(last_.value, own())) ++heard_ahead_;
    last_ = {std::max(std::max(last_, stamp).value + 1, own())};
  }

  // Messages heard whose stamp was ahead of both the own clock and all that was heard before.
  uint64_t heard_ahead() const { return heard_ahead_; }

 private:
  uint64_t own() const { return static_cast<uint64_t>(clock_.now().ns) & ~uint64_t{0xffff}; }

  const env::Clock& clock_;
  Version last_;
  uint64_t heard_ahead_ = 0;
};

}  // namespace revenant::replication
