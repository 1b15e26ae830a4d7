// How much a write is slowed down while compactions are behind, before it has to stop.
//
//   debt   ────╱╲────        what compactions have yet to rewrite, whenever the SSTables change
//   rate   16 13 10 12 16    MiB/s: * 0.8 while the debt grows or stays, / 0.8 while it shrinks,
//                            * 0.6 close to a stop; * 1.4 when writes are no longer slowed
//
// With a rate of 0 each slowed write waits a millisecond, as LevelDB does (MakeRoomForWrite).
// Source: RocksDB column_family.cc (SetupDelay, RecalculateWriteStallConditions) and
// write_controller.cc. RocksDB grants credits of a millisecond; here each write waits for its turn.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/base/time.h"

namespace revenant::lsm {

class WriteController {
 public:
  explicit WriteController(uint64_t bytes_per_second)
      : rate_max_(bytes_per_second), rate_(bytes_per_second) {}

  enum class Pressure : uint8_t { kNone, kDelay, kNearStop };

  // Whenever the SSTables have changed.
  void update(Pressure pressure, uint64_t debt) {
    if (pressure == Pressure::kNone) {
      if (delayed_) scale(14, 10);
    } else if (!delayed_) {
      // The rate it recovered to last time.
    } else if (pressure == Pressure::kNearStop) {
      scale(6, 10);
    } else if (debt >= debt_) {
      scale(8, 10);
    } else {
      scale(10, 8);
    }
    delayed_ = pressure != Pressure::kNone;
    debt_ = debt;
  }

  // What a slowed write of so many bytes has to wait.
  Duration delay(uint64_t bytes, Instant now) {
    if (rate_max_ == 0) return milliseconds(1);
    const auto ns = static_cast<unsigned __int128>(bytes) * 1'000'000'000 / rate_;
    free_at_ = std::max(free_at_, now) + Duration{static_cast<int64_t>(ns)};
    return free_at_ - now;
  }

  uint64_t bytes_per_second() const { return rate_; }

 private:
  static constexpr uint64_t kRateMin = 16 << 10;  // RocksDB: kMinWriteRate

  void scale(uint64_t times, uint64_t by) {
    const uint64_t least = std::min(kRateMin, rate_max_);
    rate_ = std::clamp(rate_ / by * times, least, rate_max_);
  }

  const uint64_t rate_max_;
  uint64_t rate_;
  uint64_t debt_ = 0;
  bool delayed_ = false;
  Instant free_at_;
};

}  // namespace revenant::lsm
