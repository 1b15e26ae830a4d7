#include "sim/disk/drive_cache.h"

#include <utility>

namespace revenant::sim {

void DriveCache::wrote(std::function<void()> effect) {
  if (honest()) return effect();
  settle();
  // Without a barrier of its own nothing is sure, however old.
  if (durability_ == Durability::kReordered) return;
  acknowledged_.push_back({kernel_.now(), std::move(effect)});
}

void DriveCache::flushed(Instant began, std::function<void()> effect) {
  settle();
  if (durability_ == Durability::kLyingFsync) {
    acknowledged_.push_back({kernel_.now(), std::move(effect)});
    return;
  }
  if (durability_ == Durability::kVolatileCache) settle_until(began);
  effect();
}

void DriveCache::settle() {
  if (!acknowledged_.empty()) settle_until(kernel_.now() - time_);
}

void DriveCache::settle_until(Instant at) {
  while (!acknowledged_.empty() && acknowledged_.front().at <= at) {
    const auto effect = std::move(acknowledged_.front().effect);
    acknowledged_.pop_front();
    effect();
  }
}

}  // namespace revenant::sim
