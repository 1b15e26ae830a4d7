#include "engine/lsm/compaction/tombstones.h"

#include <algorithm>
#include <utility>

#include "engine/base/coding.h"

namespace revenant::lsm {
namespace {

// Where a key lies on the line of keys, by its first 8 bytes.
uint64_t position(Bytes key) {
  char bytes[8] = {};
  std::copy_n(key.data(), std::min<size_t>(key.size(), 8), bytes);
  return get_big_endian64(bytes);
}

// The share of `sstable`'s range that no other table's range covers. Keys are taken to be spread
// evenly over the range by their first 8 bytes, which is true of tokens.
double share_outside(const SstableMeta& sstable, const Levels& levels) {
  const uint64_t least = position(sstable.least_key());
  const uint64_t greatest = position(sstable.greatest_key());
  std::vector<std::pair<uint64_t, uint64_t>> covered;
  for (const auto& level : levels) {
    for (const SstableMetaPtr& other : level) {
      if (other->number == sstable.number || other->greatest_key() < sstable.least_key() ||
          sstable.greatest_key() < other->least_key()) {
        continue;
      }
      covered.emplace_back(std::max(least, position(other->least_key())),
                           std::min(greatest, position(other->greatest_key())));
    }
  }
  if (covered.empty()) return 1.0;
  if (greatest == least) return 0.0;
  std::ranges::sort(covered);
  uint64_t sum = 0;
  uint64_t end = least;  // covered up to here
  for (const auto& [from, to] : covered) {
    if (to <= end) continue;
    sum += to - std::max(from, end);
    end = to;
  }
  return 1.0 - static_cast<double>(sum) / static_cast<double>(greatest - least);
}

int levels_in_use(const Levels& levels) {
  int used = 1;
  for (size_t level = 0; level < levels.size(); ++level) {
    if (!levels[level].empty()) used = static_cast<int>(level) + 1;
  }
  return used;
}

Instant saturating_sum(Instant time, Duration duration) {
  int64_t ns;
  return __builtin_add_overflow(time.ns, duration.ns, &ns) ? Instant::never() : Instant{ns};
}

// One trigger: how far beyond it the SSTable is at `now` (from 1 on it is due), and when time alone
// brings it there.
struct Trigger {
  std::string_view name;
  double score = 0;
  Instant due = Instant::never();
};

class Triggers {
 public:
  Triggers(const Levels& levels, const CompactionOptions& options, const GcRule& gc)
      : levels_(levels), options_(options), gc_(gc), used_(levels_in_use(levels)) {}

  // The one that is furthest beyond; nothing if none is due.
  std::optional<Trigger> due(const SstableMeta& sstable, int level, Instant now) const {
    std::optional<Trigger> best;
    for (const Trigger& trigger : all(sstable, level, now)) {
      if (now < trigger.due || trigger.score < 1.0) continue;
      if (!best.has_value() || trigger.score > best->score) best = trigger;
    }
    return best;
  }

  std::optional<Instant> next_due(const SstableMeta& sstable, int level, Instant now) const {
    std::optional<Instant> first;
    for (const Trigger& trigger : all(sstable, level, now)) {
      if (trigger.due <= now || trigger.due == Instant::never()) continue;
      if (!first.has_value() || trigger.due < *first) first = trigger.due;
    }
    return first;
  }

 private:
  std::vector<Trigger> all(const SstableMeta& sstable, int level, Instant now) const {
    const auto& p = sstable.properties;
    if (p.deletion_times.count() == 0) return {};
    const Instant rewritable = sstable.creation_time + options_.tombstone_compaction_interval;
    const bool in_place = level == 0 || level + 1 >= used_;
    const Instant droppable =
        std::max(gc_.passes_for_some(p.least_deletion_time, key_range(sstable)),
                 in_place ? rewritable : Instant{});
    std::vector<Trigger> result;
    const auto add = [&](std::string_view name, double value, double threshold, Instant due) {
      if (threshold > 0) result.push_back({name, value / threshold, due});
    };
    result.push_back(droppable_ratio(sstable, rewritable, now));
    add("tombstones in a window", static_cast<double>(p.most_deletions_in_window),
        static_cast<double>(options_.deletion_trigger), droppable);
    add("share of tombstones",
        static_cast<double>(p.tombstones) / static_cast<double>(std::max<uint64_t>(p.entries, 1)),
        options_.deletion_ratio, droppable);
    // Strictly more than the threshold.
    add("share of blocks that are mostly tombstones",
        static_cast<double>(p.tombstone_dense_blocks) /
                static_cast<double>(std::max<uint64_t>(p.data_blocks, 1)) -
            1e-9,
        options_.tombstone_dense_compaction_threshold, droppable);
    if (options_.delete_persistence_threshold > Duration{}) {
      const Instant deadline = saturating_sum(
          p.least_deletion_time,
          delete_persistence_deadline(options_.delete_persistence_threshold,
                                      options_.max_bytes_for_level_multiplier, level, used_));
      const auto age = static_cast<double>(now.ns - p.least_deletion_time.ns);
      const auto allowed = static_cast<double>(deadline.ns - p.least_deletion_time.ns);
      result.push_back({"age of the oldest tombstone", allowed > 0 ? age / allowed : 1,
                        in_place ? std::max(deadline, droppable) : deadline});
    }
    return result;
  }

  Trigger droppable_ratio(const SstableMeta& sstable, Instant rewritable, Instant now) const {
    const auto& p = sstable.properties;
    const double threshold = options_.tombstone_threshold;
    Trigger trigger{.name = "droppable tombstones"};
    // More than the threshold, not just as many.
    const auto reached = p.deletion_times.reaches(
        threshold * static_cast<double>(std::max<uint64_t>(p.entries, 1)) + 1e-6);
    if (!reached.has_value()) return trigger;
    // Two microseconds beyond the estimate, so that its rounding cannot make a check come too
    // early.
    const Instant due =
        gc_.passes_for_some(saturating_sum(*reached, nanoseconds(1999)), key_range(sstable));
    if (due == Instant::never()) return trigger;
    trigger.due = std::max(due, rewritable);
    const double ratio = droppable_tombstone_ratio(sstable, now, gc_);
    if (now < trigger.due || ratio <= threshold) return trigger;
    const double useful =
        options_.unchecked_tombstone_compaction ? ratio : ratio * share_outside(sstable, levels_);
    if (useful > threshold) trigger.score = std::max(1.0, useful / std::max(threshold, 1e-9));
    return trigger;
  }

  const Levels& levels_;
  const CompactionOptions& options_;
  const GcRule& gc_;
  const int used_;
};

PickExplanation explain(const SstableMeta& sstable, const Trigger& trigger) {
  return {.reason = fmt::format("SSTable {}: {} beyond the trigger", sstable.number, trigger.name),
          .candidates = {{fmt::format("SSTable {}", sstable.number), trigger.score}}};
}

}  // namespace

double droppable_tombstone_ratio(const SstableMeta& sstable, Instant now, const GcRule& gc) {
  const auto& p = sstable.properties;
  const GcBefore gc_before = gc.of_some(key_range(sstable), now);
  if (p.entries == 0 || gc_before.before == GcBefore{}.before) return 0.0;
  return p.deletion_times.before(gc_before.before) / static_cast<double>(p.entries);
}

Duration delete_persistence_deadline(Duration threshold, int64_t size_ratio, int level,
                                     int levels) {
  // d_0 (T^(i+1) - 1) / (T - 1) with d_0 = D_th (T - 1) / (T^L - 1).
  double share = 0, all = 0, d = 1;
  for (int i = 0; i < levels; ++i) {
    all += d;
    if (i <= level) share += d;
    d *= static_cast<double>(size_ratio);
  }
  return {static_cast<int64_t>(static_cast<double>(threshold.ns) * (share / all))};
}

std::optional<TombstonePick> most_due_for_tombstones(
    const LsmState& state, const CompactionOptions& options, const GcRule& gc,
    const std::function<bool(const SstableMetaPtr&, int level)>& allowed) {
  const Triggers triggers(state.levels, options, gc);
  std::optional<TombstonePick> best;
  double best_score = 0;
  for (size_t level = 0; level < state.levels.size(); ++level) {
    for (const SstableMetaPtr& sstable : state.levels[level]) {
      const auto trigger = triggers.due(*sstable, static_cast<int>(level), state.now);
      if (!trigger.has_value() || trigger->score < best_score) continue;
      if (trigger->score == best_score && best->sstable->number < sstable->number) continue;
      if (state.busy(*sstable) || !allowed(sstable, static_cast<int>(level))) continue;
      best_score = trigger->score;
      best = {sstable, static_cast<int>(level), explain(*sstable, *trigger)};
    }
  }
  return best;
}

std::optional<CompactionPick> pick_alone_for_tombstones(const LsmState& state,
                                                        const CompactionOptions& options,
                                                        const GcRule& gc) {
  const Triggers triggers(state.levels, options, gc);
  std::optional<CompactionPick> best;
  const auto size = [](const SstableMeta& s) { return std::pair(s.file_bytes, s.number); };
  for (size_t level = 0; level < state.levels.size(); ++level) {
    for (const SstableMetaPtr& sstable : state.levels[level]) {
      const auto trigger = triggers.due(*sstable, static_cast<int>(level), state.now);
      if (!trigger.has_value() || state.busy(*sstable)) continue;
      if (best.has_value() && size(*sstable) <= size(*best->inputs[0])) continue;
      best = {.purpose = CompactionPurpose::kTombstones,
              .from = static_cast<int>(level),
              .to = static_cast<int>(level),
              .inputs = {sstable},
              .explanation = explain(*sstable, *trigger)};
    }
  }
  return best;
}

std::optional<Instant> tombstones_next_due(const Levels& levels, Instant now,
                                           const CompactionOptions& options, const GcRule& gc) {
  const Triggers triggers(levels, options, gc);
  std::optional<Instant> first;
  for (size_t level = 0; level < levels.size(); ++level) {
    for (const SstableMetaPtr& sstable : levels[level]) {
      const auto due = triggers.next_due(*sstable, static_cast<int>(level), now);
      if (due.has_value() && (!first.has_value() || *due < *first)) first = due;
    }
  }
  return first;
}

}  // namespace revenant::lsm
