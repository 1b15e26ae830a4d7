#include "engine/lsm/compaction/leveled.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/lsm/compaction/purge.h"
#include "engine/lsm/compaction/size_tiered.h"
#include "engine/lsm/compaction/tombstones.h"

namespace revenant::lsm {
namespace {

uint64_t saturating_product(uint64_t a, uint64_t b) {
  uint64_t product;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

// What has to go down yet: SSTables that are not on their way.
uint64_t idle_bytes(const std::vector<SstableMetaPtr>& level, const LsmState& state) {
  uint64_t sum = 0;
  for (const SstableMetaPtr& sstable : level) {
    if (!state.busy(*sstable)) sum += sstable->file_bytes;
  }
  return sum;
}

class LeveledPicker final : public CompactionPicker {
 public:
  LeveledPicker(const CompactionOptions& options, const GcRule& gc) : options_(options), gc_(gc) {}

  std::optional<CompactionPick> pick(const LsmState& state) const override {
    const LevelTargets targets = level_targets(state.levels, options_);
    std::vector<Score> scores = level_scores(state, targets);
    PickExplanation explanation;
    for (const Score& score : scores) {
      explanation.candidates.push_back({fmt::format("L{}", score.level), score.value});
    }
    std::ranges::stable_sort(scores, std::greater{}, &Score::value);
    for (const Score& score : scores) {
      if (score.value < 1.0) break;
      std::string choice;
      std::optional<CompactionPick> pick = pick_from(score.level, targets, state, choice);
      if (!pick.has_value()) continue;
      pick->explanation = std::move(explanation);
      pick->explanation.reason =
          fmt::format("L{} has the highest score of those not busy; {}", score.level, choice);
      return pick;
    }
    return pick_for_tombstones(state, targets);
  }

  std::optional<Instant> next_check(const Levels& levels, Instant now) const override {
    return tombstones_next_due(levels, now, options_, gc_);
  }

  std::optional<CompactionPick> pick_major(const Levels& levels) const override {
    int to = level_targets(levels, options_).base_level;
    for (size_t level = 0; level < levels.size(); ++level) {
      if (!levels[level].empty()) to = std::max(to, static_cast<int>(level));
    }
    return pick_all_into_one(levels, to, output_bytes_max());
  }

  // LevelDB: PickLevelForMemTableOutput.
  int flush_level(const LsmState& state, const KeyRange& flushed) const override {
    const auto overlaps = [&](int level) { return overlap(state.levels, level, flushed) > 0; };
    int level = 0;
    if (overlaps(0)) return level;
    while (level < options_.max_mem_compact_level && level + 1 < options_.num_levels) {
      if (overlaps(level + 1) || state.writes_into(level + 1, flushed)) break;
      if (overlap(state.levels, level + 2, flushed) > grandparent_bytes_max()) break;
      ++level;
    }
    return level;
  }

  // RocksDB: EstimateCompactionBytesNeeded.
  uint64_t pending_bytes(const Levels& levels) const override {
    const LevelTargets targets = level_targets(levels, options_);
    uint64_t sum = 0;
    uint64_t coming = 0;  // into the level looked at
    if (!levels.empty() && std::ssize(levels[0]) >= options_.level0_file_num_compaction_trigger) {
      sum = coming = total_bytes(levels[0]);
    }
    for (auto level = static_cast<size_t>(targets.base_level); level < levels.size(); ++level) {
      const uint64_t there = total_bytes(levels[level]);
      // From level 0 goes everything, so it meets everything.
      if (std::cmp_equal(level, targets.base_level) && coming > 0) sum += there;
      const uint64_t will_be = there + coming;
      coming = 0;
      const bool last = std::cmp_greater_equal(level + 1, options_.num_levels);
      if (last || will_be <= targets.bytes_max[level]) continue;
      coming = will_be - targets.bytes_max[level];
      const uint64_t below = level + 1 < levels.size() ? total_bytes(levels[level + 1]) : 0;
      const double fanout = static_cast<double>(below) / static_cast<double>(will_be);
      sum += static_cast<uint64_t>(static_cast<double>(coming) * (fanout + 1));
    }
    return sum;
  }

 private:
  struct Score {
    int level;
    double value;
  };

  std::vector<Score> level_scores(const LsmState& state, const LevelTargets& targets) const {
    const Levels& levels = state.levels;
    const bool dynamic = options_.level_compaction_dynamic_level_bytes;
    std::vector<Score> scores;
    uint64_t coming_down = 0;  // from the levels above
    // The last level has nowhere to go.
    const size_t last = static_cast<size_t>(options_.num_levels) - 1;
    for (size_t level = 0; level < std::min(levels.size(), last); ++level) {
      const uint64_t bytes = idle_bytes(levels[level], state);
      double score = 0;
      if (level == 0) {
        int64_t idle = 0;
        for (const SstableMetaPtr& sstable : levels[0]) idle += !state.busy(*sstable);
        score = static_cast<double>(idle) /
                static_cast<double>(options_.level0_file_num_compaction_trigger);
        if (dynamic) {
          score = std::max(score, dynamic_level0_score(levels, targets, bytes));
          if (score > 1) score *= kDynamicScale;
        }
        coming_down = total_bytes(levels[0]);
      } else if (std::cmp_greater_equal(level, targets.base_level)) {
        const uint64_t limit = targets.bytes_max[level];
        score = static_cast<double>(bytes) / static_cast<double>(limit);
        if (dynamic && bytes >= limit) {
          score = static_cast<double>(bytes) /
                  (static_cast<double>(limit) + static_cast<double>(coming_down)) * kDynamicScale;
        }
        if (const uint64_t all = total_bytes(levels[level]); all > limit)
          coming_down += all - limit;
      }
      scores.push_back({static_cast<int>(level), score});
    }
    return scores;
  }

  // RocksDB (ComputeCompactionScore): level 0 is due by its size too.
  double dynamic_level0_score(const Levels& levels, const LevelTargets& targets,
                              uint64_t bytes) const {
    double score = 0;
    if (bytes >= static_cast<uint64_t>(options_.max_bytes_for_level_base.bytes)) score = 1.01;
    const auto base = static_cast<size_t>(targets.base_level);
    if (bytes > targets.bytes_max[base]) {
      const uint64_t there = base < levels.size() ? total_bytes(levels[base]) : 0;
      score = std::max(score, static_cast<double>(bytes) /
                                  static_cast<double>(std::max(there, targets.bytes_max[base])));
    }
    return score;
  }

  std::optional<CompactionPick> pick_from(int level, const LevelTargets& targets,
                                          const LsmState& state, std::string& choice) const {
    // Level 0 goes to one compaction at a time: a newer SSTable must not pass an older one.
    if (level == 0 && state.any_busy(state.levels[0])) return std::nullopt;
    const int to = level == 0 ? targets.base_level : level + 1;
    for (const SstableMetaPtr& sstable : in_order_of_priority(level, to, state)) {
      if (state.busy(*sstable)) continue;
      std::optional<CompactionPick> pick = set_up({sstable}, level, to, state);
      if (!pick.has_value()) continue;
      choice = fmt::format("SSTable {} is {}", sstable->number, why_first());
      return pick;
    }
    return std::nullopt;
  }

  // Downward, with what it overlaps there; what has nothing below it, in place.
  std::optional<CompactionPick> pick_for_tombstones(const LsmState& state,
                                                    const LevelTargets& targets) const {
    const auto has_below = [&](int level) {
      for (size_t below = static_cast<size_t>(level) + 1; below < state.levels.size(); ++below) {
        if (!state.levels[below].empty()) return true;
      }
      return false;
    };
    std::optional<CompactionPick> pick;
    const auto allowed = [&](const SstableMetaPtr& sstable, int level) {
      if (level == 0 && state.any_busy(state.levels[0])) return false;
      const int below = level == 0 ? targets.base_level : level + 1;
      pick = has_below(level)
                 ? set_up({sstable}, level, below, state)
                 : CompactionPick{.from = level,
                                  .to = level,
                                  .inputs = {sstable},
                                  .output_bytes_max = output_bytes_max(std::max(level, 1))};
      return pick.has_value();
    };
    const auto due = most_due_for_tombstones(state, options_, gc_, allowed);
    if (!due.has_value()) return std::nullopt;
    CHECK(allowed(due->sstable, due->level));
    pick->purpose = CompactionPurpose::kTombstones;
    pick->compact_pointer.reset();
    pick->explanation = due->explanation;
    return pick;
  }

  std::string_view why_first() const {
    switch (options_.compaction_pri) {
      case CompactionPri::kRoundRobin:
        return "next in turn by key";
      case CompactionPri::kMinOverlappingRatio:
        return "the one with the least overlap below for its size";
      case CompactionPri::kOldestLargestSeqFirst:
        return "the one that took no write for the longest time";
      case CompactionPri::kOldestSmallestSeqFirst:
        return "the one whose range was not compacted for the longest time";
    }
    return {};
  }

  std::vector<SstableMetaPtr> in_order_of_priority(int level, int to, const LsmState& state) const {
    std::vector<SstableMetaPtr> sstables = state.levels[static_cast<size_t>(level)];
    const auto sort_by = [&](auto key) {
      std::ranges::sort(sstables, {},
                        [&](const SstableMetaPtr& s) { return std::pair(key(*s), s->number); });
    };
    switch (options_.compaction_pri) {
      case CompactionPri::kRoundRobin: {
        sort_by([](const SstableMeta& s) { return s.least_key(); });
        const auto at = static_cast<size_t>(level);
        if (at >= state.compact_pointers.size() || state.compact_pointers[at].empty()) break;
        // The first that ends after where the last compaction ended, round again after the last.
        const auto next = std::ranges::find_if(sstables, [&](const SstableMetaPtr& s) {
          return s->greatest_key() > state.compact_pointers[at];
        });
        std::ranges::rotate(sstables, next);
        break;
      }
      case CompactionPri::kMinOverlappingRatio:
        sort_by([&](const SstableMeta& s) {
          const uint64_t below =
              overlap(state.levels, to, {Buffer(s.least_key()), Buffer(s.greatest_key())});
          return saturating_product(below, 1024) / std::max<uint64_t>(s.file_bytes, 1);
        });
        break;
      case CompactionPri::kOldestLargestSeqFirst:
        sort_by([](const SstableMeta& s) { return s.properties.greatest_sequence; });
        break;
      case CompactionPri::kOldestSmallestSeqFirst:
        sort_by([](const SstableMeta& s) { return s.properties.least_sequence; });
        break;
    }
    return sstables;
  }

  // LevelDB: SetupOtherInputs. Nothing if something of it is busy.
  std::optional<CompactionPick> set_up(std::vector<SstableMetaPtr> upper, int from, int to,
                                       const LsmState& state) const {
    const auto& level = state.levels[static_cast<size_t>(from)];
    const std::vector<SstableMetaPtr> none;
    const auto& below = static_cast<size_t>(to) < state.levels.size()
                            ? state.levels[static_cast<size_t>(to)]
                            : none;
    if (from == 0) add_overlapping(level, upper);
    std::vector<SstableMetaPtr> lower = overlapping(below, key_range(upper));
    if (!lower.empty()) {
      std::vector<SstableMetaPtr> wider = upper;
      KeyRange all = key_range(upper);
      for (const SstableMetaPtr& sstable : lower) all.extend(*sstable);
      for (const SstableMetaPtr& sstable : overlapping(level, all)) {
        if (std::ranges::find(wider, sstable) == wider.end()) wider.push_back(sstable);
      }
      if (from == 0) add_overlapping(level, wider);
      if (wider.size() > upper.size() &&
          total_bytes(lower) + total_bytes(wider) < expanded_bytes_max() &&
          !state.any_busy(wider) && overlapping(below, key_range(wider)) == lower) {
        upper = std::move(wider);
      }
    }

    CompactionPick pick{.from = from, .to = to, .output_bytes_max = output_bytes_max(to)};
    const KeyRange taken = key_range(upper);
    if (options_.compaction_pri == CompactionPri::kRoundRobin)
      pick.compact_pointer = taken.greatest;
    pick.inputs = upper;
    pick.inputs.insert(pick.inputs.end(), lower.begin(), lower.end());
    const KeyRange range = key_range(pick.inputs);
    if (state.any_busy(pick.inputs) || state.writes_into(to, range)) return std::nullopt;
    if (static_cast<size_t>(to) + 1 < state.levels.size()) {
      pick.grandparents = overlapping(state.levels[static_cast<size_t>(to) + 1], range);
      pick.grandparent_bytes_max = grandparent_bytes_max();
    }
    if (pick.inputs.size() == 1 && total_bytes(pick.grandparents) <= grandparent_bytes_max() &&
        !may_drop_tombstones(*pick.inputs[0], state.now)) {
      pick.purpose = CompactionPurpose::kMove;
    }
    return pick;
  }

  static void add_overlapping(const std::vector<SstableMetaPtr>& level0,
                              std::vector<SstableMetaPtr>& inputs) {
    KeyRange range = key_range(inputs);
    for (bool grown = true; grown;) {
      grown = false;
      for (const SstableMetaPtr& sstable : level0) {
        if (!range.overlaps(*sstable) || std::ranges::find(inputs, sstable) != inputs.end())
          continue;
        inputs.push_back(sstable);
        range.extend(*sstable);
        grown = true;
      }
    }
  }

  bool may_drop_tombstones(const SstableMeta& sstable, Instant now) const {
    const auto& p = sstable.properties;
    if (p.tombstones + p.expiring + p.range_tombstones == 0) return false;
    const CellView oldest{.kind = CellKind::kTombstone,
                          .version = {},
                          .deletion_time = sstable.properties.least_deletion_time,
                          .value = {}};
    return gc_.of_some(key_range(sstable), now).passed(oldest);
  }

  // Bytes of the level's SSTables that overlap the range.
  static uint64_t overlap(const Levels& levels, int level, const KeyRange& range) {
    if (static_cast<size_t>(level) >= levels.size()) return 0;
    uint64_t sum = 0;
    for (const SstableMetaPtr& sstable : levels[static_cast<size_t>(level)]) {
      if (range.overlaps(*sstable)) sum += sstable->file_bytes;
    }
    return sum;
  }

  // RocksDB: MaxFileSizeForLevel; Pebble doubles it by level.
  uint64_t output_bytes_max(int level = 1) const {
    auto bytes = static_cast<uint64_t>(options_.target_file_size_base.bytes);
    for (int i = 1; i < level; ++i) {
      bytes =
          saturating_product(bytes, static_cast<uint64_t>(options_.target_file_size_multiplier));
    }
    return bytes;
  }
  uint64_t grandparent_bytes_max() const {
    return saturating_product(output_bytes_max(),
                              static_cast<uint64_t>(options_.max_grandparent_overlap_factor));
  }
  uint64_t expanded_bytes_max() const {
    return saturating_product(output_bytes_max(),
                              static_cast<uint64_t>(options_.expanded_compaction_factor));
  }

  // RocksDB's kScoreScale: with dynamic levels, one that is too large goes before one that is not.
  static constexpr double kDynamicScale = 10;

  const CompactionOptions options_;
  const GcRule gc_;
};

}  // namespace

LevelTargets level_targets(const Levels& levels, const CompactionOptions& options) {
  const auto base_max = static_cast<uint64_t>(options.max_bytes_for_level_base.bytes);
  const auto multiplier = static_cast<uint64_t>(options.max_bytes_for_level_multiplier);
  const auto count = static_cast<size_t>(options.num_levels);
  LevelTargets targets;
  targets.bytes_max.assign(std::max(count, levels.size()), UINT64_MAX);
  const auto fill = [&](uint64_t base_bytes, uint64_t least) {
    for (auto level = static_cast<size_t>(targets.base_level); level < targets.bytes_max.size();
         ++level) {
      targets.bytes_max[level] = std::max(base_bytes, least);
      base_bytes = saturating_product(base_bytes, multiplier);
    }
  };
  if (!options.level_compaction_dynamic_level_bytes) {
    fill(base_max, 0);
    return targets;
  }

  uint64_t largest = 0;
  size_t first_used = 0;
  for (size_t level = 1; level < levels.size(); ++level) {
    const uint64_t bytes = total_bytes(levels[level]);
    if (bytes > 0 && first_used == 0) first_used = level;
    largest = std::max(largest, bytes);
  }
  if (largest == 0) {
    targets.base_level = static_cast<int>(count) - 1;
    fill(base_max, 0);
    return targets;
  }
  uint64_t base_bytes = largest;
  for (size_t level = first_used; level + 1 < count; ++level) base_bytes /= multiplier;
  const uint64_t base_min = base_max / multiplier;
  targets.base_level = static_cast<int>(first_used);
  if (base_bytes <= base_min) {
    base_bytes = base_min + 1;
  } else {
    while (targets.base_level > 1 && base_bytes > base_max) {
      --targets.base_level;
      base_bytes /= multiplier;
    }
    base_bytes = std::clamp<uint64_t>(base_bytes, 1, base_max);
  }
  // No level is made smaller than max_bytes_for_level_base: the tree would get a waist.
  fill(base_bytes, base_max);
  return targets;
}

std::unique_ptr<CompactionPicker> make_leveled_picker(const CompactionOptions& options,
                                                      const GcRule& gc) {
  return std::make_unique<LeveledPicker>(options, gc);
}

}  // namespace revenant::lsm
