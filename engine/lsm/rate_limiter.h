// Holds background writing to a rate, whoever writes: a job pauses after a quantum, its owner
// charges the bytes here and sleeps until their turn is over.
//
//   charged   |──a──|─b─|────c────|          each starts where the last one's turn ends, or now
//
// RocksDB's rate_limiter_bytes_per_sec, refilled every 100 ms: a quantum is what a tenth of a second
// allows. Like there, only writes of flushes and compactions count, not the log's. Unlike there,
// flushes do not go first: whoever comes first does.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/base/time.h"

namespace revenant::lsm {

class RateLimiter {
 public:
  // 0: no limit.
  explicit RateLimiter(uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  // Bytes after which a job should pause.
  uint64_t quantum() const {
    return bytes_per_second_ == 0 ? UINT64_MAX : std::max<uint64_t>(bytes_per_second_ / 10, 1);
  }

  // How long who wrote these bytes has to wait from `now` (monotonic).
  Duration charge(uint64_t bytes, Instant now) {
    if (bytes_per_second_ == 0) return {};
    free_at_ = std::max(free_at_, now) + seconds_for(bytes);
    return free_at_ - now;
  }

 private:
  Duration seconds_for(uint64_t bytes) const {
    const auto ns = static_cast<unsigned __int128>(bytes) * 1'000'000'000 / bytes_per_second_;
    return {static_cast<int64_t>(ns)};
  }

  const uint64_t bytes_per_second_;
  Instant free_at_;
};

}  // namespace revenant::lsm
