// What a drive has acknowledged and may still lose: the part of `disk.durability` that is the
// drive's.
//
//   write ──> acknowledged ──(a flush that begins later; or drive_cache_time)──> on the platter
//
//                            acknowledged write      a flush makes durable          time does
//   honest, …                on the platter at once  its own                        -
//   volatile_cache           in the cache            all acknowledged before it     yes
//   lying_fsync              in the cache            nothing                        yes
//   reordered                in the cache            its own file or directory only no
//
// What reaches the platter is an effect: a call that says so to the file or directory concerned.
// Effects are few and in order of acknowledgement. Those whose time has come are applied when
// somebody looks: it costs nothing and nobody can tell when it happened.
#pragma once

#include <deque>
#include <functional>

#include "sim/disk/options.h"
#include "sim/kernel/kernel.h"

namespace revenant::sim {

class DriveCache {
 public:
  DriveCache(Kernel& kernel, const DiskOptions& options)
      : kernel_(kernel), durability_(options.durability), time_(options.drive_cache_time) {}

  // Whether the drive keeps what it acknowledged, so that effects need not be told to it.
  bool honest() const {
    return durability_ != Durability::kVolatileCache && durability_ != Durability::kLyingFsync &&
           durability_ != Durability::kReordered;
  }
  // A write ended.
  void wrote(std::function<void()> effect);
  // A flush ended that the drive had taken in at `began`; the effect is that of its own write.
  void flushed(Instant began, std::function<void()> effect);
  // What time has brought to the platter.
  void settle();
  // What is in the cache is gone. To be called after settle().
  void lose_power() { acknowledged_.clear(); }

 private:
  struct Acknowledged {
    Instant at;
    std::function<void()> effect;
  };
  void settle_until(Instant at);

  Kernel& kernel_;
  const Durability durability_;
  const Duration time_;
  std::deque<Acknowledged> acknowledged_;
};

}  // namespace revenant::sim
