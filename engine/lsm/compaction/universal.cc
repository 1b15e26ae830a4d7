#include "engine/lsm/compaction/universal.h"

#include <algorithm>
#include <utility>

#include "engine/lsm/compaction/size_tiered.h"
#include "engine/lsm/compaction/tombstones.h"

namespace revenant::lsm {
namespace {

// What RocksDB counts as a sorted run: an SSTable of level 0, or a deeper level as a whole. (The runs of
// runs.h lie in level 0 altogether.)
struct LevelRun {
  int level;
  std::vector<SstableMetaPtr> sstables;
  uint64_t bytes;
  bool busy;
};

class UniversalPicker final : public CompactionPicker {
 public:
  UniversalPicker(const CompactionOptions& options, const PickerContext& context)
      : options_(options), context_(context) {}

  std::optional<CompactionPick> pick(const LsmState& state) const override {
    const std::vector<LevelRun> runs = level_runs(state);
    if (runs.empty()) return std::nullopt;
    PickExplanation explanation = explain(runs);
    std::optional<CompactionPick> pick;
    const auto attempt = [&](std::optional<std::pair<size_t, size_t>> chosen, std::string reason) {
      if (pick.has_value() || !chosen.has_value()) return;
      pick = merge(runs, chosen->first, chosen->second, state);
      if (pick.has_value()) explanation.reason = std::move(reason);
    };
    const int64_t trigger = options_.level0_file_num_compaction_trigger;
    attempt(too_old(runs, state.now), "an SSTable is older than periodic_compaction_seconds");
    if (std::ssize(runs) >= trigger) {
      attempt(too_much_space(runs), "newer runs take too much space beside the oldest");
      attempt(similar(runs, options_.size_ratio, options_.max_merge_width),
              "runs of similar size, newest first");
      const int64_t idle = std::ranges::count(runs, false, &LevelRun::busy);
      if (idle > trigger) {
        attempt(similar(runs, UINT32_MAX, idle - trigger + 1),
                "too many runs, whatever their sizes");
      }
    }
    if (pick.has_value()) {
      pick->explanation = std::move(explanation);
      return pick;
    }
    return pick_for_tombstones(state);
  }

  std::optional<CompactionPick> pick_major(const Levels& levels) const override {
    return pick_all_into_one(levels, last_level(), output_bytes_max(last_level()));
  }

  std::optional<Instant> next_check(const Levels& levels, Instant now) const override {
    std::optional<Instant> first = tombstones_next_due(levels, now, options_, context_.gc);
    if (options_.periodic_compaction_seconds == Duration{}) return first;
    for (const auto& level : levels) {
      for (const SstableMetaPtr& sstable : level) {
        const Instant due = sstable->creation_time + options_.periodic_compaction_seconds;
        if (due > now && (!first.has_value() || due < *first)) first = due;
      }
    }
    return first;
  }

  uint64_t pending_bytes(const Levels& levels) const override {
    // RocksDB counts what reducing space amplification would rewrite, once it is due.
    uint64_t sum = 0, oldest = 0;
    int64_t runs = 0;
    for (size_t level = 0; level < levels.size(); ++level) {
      if (levels[level].empty()) continue;
      sum += total_bytes(levels[level]);
      runs += level == 0 ? std::ssize(levels[level]) : 1;
      oldest = level == 0 ? levels[level].back()->file_bytes : total_bytes(levels[level]);
    }
    const auto limit = static_cast<uint64_t>(options_.max_size_amplification_percent);
    const bool due = runs >= options_.level0_file_num_compaction_trigger && runs > 1 &&
                     (sum - oldest) * 100 >= limit * oldest;
    return due ? sum : 0;
  }

 private:
  using Chosen = std::optional<std::pair<size_t, size_t>>;  // from, and before

  // Newest first.
  static std::vector<LevelRun> level_runs(const LsmState& state) {
    std::vector<LevelRun> runs;
    for (size_t level = 0; level < state.levels.size(); ++level) {
      const auto& sstables = state.levels[level];
      if (level == 0) {
        for (const SstableMetaPtr& s : sstables)
          runs.push_back({0, {s}, s->file_bytes, state.busy(*s)});
      } else if (!sstables.empty()) {
        runs.push_back(
            {static_cast<int>(level), sstables, total_bytes(sstables), state.any_busy(sstables)});
      }
    }
    return runs;
  }

  PickExplanation explain(const std::vector<LevelRun>& runs) const {
    PickExplanation explanation;
    uint64_t newer = 0;
    for (size_t i = 0; i + 1 < runs.size(); ++i) newer += runs[i].bytes;
    const double space = static_cast<double>(newer) * 100 /
                         (static_cast<double>(options_.max_size_amplification_percent) *
                          static_cast<double>(std::max<uint64_t>(runs.back().bytes, 1)));
    explanation.candidates.push_back({"space", space});
    explanation.candidates.push_back(
        {fmt::format("{} runs", runs.size()),
         static_cast<double>(runs.size()) /
             static_cast<double>(options_.level0_file_num_compaction_trigger)});
    return explanation;
  }

  Chosen too_old(const std::vector<LevelRun>& runs, Instant now) const {
    const Duration period = options_.periodic_compaction_seconds;
    if (period == Duration{}) return std::nullopt;
    for (size_t i = 0; i < runs.size(); ++i) {
      if (std::ranges::any_of(runs[i].sstables, [&](const SstableMetaPtr& s) {
            return s->creation_time + period <= now;
          })) {
        return std::pair(i, runs.size());
      }
    }
    return std::nullopt;
  }

  Chosen too_much_space(const std::vector<LevelRun>& runs) const {
    size_t start = 0;
    while (start < runs.size() && runs[start].busy) ++start;
    if (start + 1 >= runs.size()) return std::nullopt;
    uint64_t newer = 0;
    for (size_t i = start; i + 1 < runs.size(); ++i) newer += runs[i].bytes;
    const auto limit = static_cast<uint64_t>(options_.max_size_amplification_percent);
    if (newer * 100 < limit * runs.back().bytes) return std::nullopt;
    return std::pair(start, runs.size());
  }

  Chosen similar(const std::vector<LevelRun>& runs, int64_t ratio, int64_t width_max) const {
    const auto within = [&](uint64_t bytes, uint64_t limit) {
      return static_cast<double>(bytes) <=
             static_cast<double>(limit) * static_cast<double>(100 + ratio) / 100;
    };
    for (size_t start = 0; start < runs.size(); ++start) {
      if (runs[start].busy) continue;
      uint64_t bytes = runs[start].bytes;  // what the next one is held against
      size_t end = start + 1;
      for (; end < runs.size() && std::cmp_less(end - start, width_max); ++end) {
        if (runs[end].busy || !within(runs[end].bytes, bytes)) break;
        if (options_.stop_style == StopStyle::kSimilarSize) {
          if (!within(bytes, runs[end].bytes)) break;
          bytes = runs[end].bytes;
        } else {
          bytes += runs[end].bytes;
        }
      }
      if (std::cmp_greater_equal(end - start, options_.min_merge_width))
        return std::pair(start, end);
    }
    return std::nullopt;
  }

  std::optional<CompactionPick> merge(const std::vector<LevelRun>& runs, size_t begin, size_t end,
                                      const LsmState& state) const {
    CompactionPick pick{.from = runs[begin].level};
    if (end == runs.size()) {
      pick.to = last_level();
    } else if (runs[end].level > 0) {
      pick.to = runs[end].level - 1;
    }
    // Down to where its oldest run is, at least.
    pick.to = std::max(pick.to, runs[end - 1].level);
    for (size_t i = begin; i < end; ++i) {
      if (runs[i].busy) return std::nullopt;
      pick.inputs.insert(pick.inputs.end(), runs[i].sstables.begin(), runs[i].sstables.end());
    }
    if (state.writes_into(pick.to, key_range(pick.inputs))) return std::nullopt;
    pick.output_bytes_max = output_bytes_max(pick.to);
    return pick;
  }

  // RocksDB (PickDeleteTriggeredCompaction): with what is below it; one of the last level alone.
  std::optional<CompactionPick> pick_for_tombstones(const LsmState& state) const {
    const std::optional<TombstonePick> due = most_due_for_tombstones(
        state, options_, context_.gc, [](const SstableMetaPtr&, int) { return true; });
    if (!due.has_value()) return std::nullopt;
    const std::vector<LevelRun> runs = level_runs(state);
    for (size_t i = 0; i < runs.size(); ++i) {
      if (std::ranges::find(runs[i].sstables, due->sstable) == runs[i].sstables.end()) continue;
      auto pick = merge(runs, i, std::min(i + 2, runs.size()), state);
      if (!pick.has_value()) return std::nullopt;
      pick->purpose = CompactionPurpose::kTombstones;
      pick->explanation = due->explanation;
      return pick;
    }
    return std::nullopt;
  }

  int last_level() const { return static_cast<int>(options_.num_levels) - 1; }
  uint64_t output_bytes_max(int level) const {
    return level == 0 ? UINT64_MAX : static_cast<uint64_t>(options_.target_file_size_base.bytes);
  }

  const CompactionOptions options_;
  const PickerContext context_;
};

}  // namespace

std::unique_ptr<CompactionPicker> make_universal_picker(const CompactionOptions& options,
                                                        const PickerContext& context) {
  return std::make_unique<UniversalPicker>(options, context);
}

}  // namespace revenant::lsm
