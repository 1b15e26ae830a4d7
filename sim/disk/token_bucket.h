// A bucket of tokens, exact in integers: filled at a steady rate up to its capacity, emptied by
// operations that take theirs and go, first come first served. An operation goes as soon as the
// bucket is not overdrawn, and may overdraw it; so a bucket of capacity 0 spaces operations at its
// rate, and one of capacity C lets C + 1 go at once before it does.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/base/time.h"

namespace revenant::sim {

class TokenBucket {
 public:
  // Full. A rate of 0 tokens a second means no limit. What is earned within the nanosecond in which
  // the bucket fills is kept, so that the rate is met exactly.
  TokenBucket(int64_t tokens_per_second, int64_t capacity)
      : rate_(tokens_per_second), full_(capacity * kToken + rate_ - 1), level_(full_) {}

  // Takes the tokens of an operation that comes at `now`; returns when it may go.
  Instant take(int64_t tokens, Instant now) {
    if (rate_ == 0) return now;
    fill_until(std::max(now, filled_at_));
    if (level_ < 0) fill_until(filled_at_ + nanoseconds((-level_ + rate_ - 1) / rate_));
    level_ -= tokens * kToken;
    return filled_at_;
  }

 private:
  // A token in the unit of level_: what one token a second brings in a nanosecond.
  static constexpr int64_t kToken = 1'000'000'000;

  void fill_until(Instant now) {
    const __int128 level = level_ + static_cast<__int128>((now - filled_at_).ns) * rate_;
    level_ = static_cast<int64_t>(std::min<__int128>(level, full_));
    filled_at_ = now;
  }

  int64_t rate_, full_, level_;
  Instant filled_at_;
};

}  // namespace revenant::sim
