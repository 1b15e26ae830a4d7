#include "engine/lsm/compaction/tombstone_gc.h"

namespace revenant::lsm {
namespace {

// What reaches back beyond the first instant lets nothing go.
GcBefore earlier(Instant time, Duration by) {
  GcBefore result;
  if (__builtin_sub_overflow(time.ns, by.ns, &result.before.ns)) return {};
  return result;
}

}  // namespace

GcBefore GcRule::before(std::optional<Instant> repaired_at, Instant now) const {
  switch (mode) {
    case TombstoneGc::kTimeout:
      return earlier(now, gc_grace);
    case TombstoneGc::kRepair:
      return repaired_at.has_value() ? earlier(*repaired_at, propagation_delay) : GcBefore{};
    case TombstoneGc::kImmediate:
      return {now};
    case TombstoneGc::kDisabled:
      return {};
  }
  return {};
}

GcBefore GcRule::of(Bytes key, Instant now) const {
  return before(repaired == nullptr ? std::nullopt : repaired->at(key), now);
}

GcBefore GcRule::of_all(const KeyRange& range, Instant now) const {
  return before(repaired == nullptr ? std::nullopt : repaired->earliest(range), now);
}

GcBefore GcRule::of_some(const KeyRange& range, Instant now) const {
  return before(repaired == nullptr ? std::nullopt : repaired->latest(range), now);
}

Instant GcRule::passes(Instant deletion_time, GcBefore by_repair) const {
  const auto strictly_after = [&](Duration wait) {
    int64_t ns;
    const bool beyond = __builtin_add_overflow(deletion_time.ns, wait.ns, &ns) || ns == INT64_MAX;
    return beyond ? Instant::never() : Instant{ns + 1};
  };
  switch (mode) {
    case TombstoneGc::kTimeout:
      return strictly_after(gc_grace);
    case TombstoneGc::kRepair:
      return deletion_time < by_repair.before ? Instant{} : Instant::never();
    case TombstoneGc::kImmediate:
      return strictly_after({});
    case TombstoneGc::kDisabled:
      return Instant::never();
  }
  return Instant::never();
}

Instant GcRule::passes_for_all(Instant deletion_time, const KeyRange& range) const {
  return passes(deletion_time, of_all(range, Instant{}));
}

Instant GcRule::passes_for_some(Instant deletion_time, const KeyRange& range) const {
  return passes(deletion_time, of_some(range, Instant{}));
}

}  // namespace revenant::lsm
