#include "engine/lsm/compaction/lazy_leveling.h"

#include <algorithm>

#include "engine/lsm/compaction/runs.h"
#include "engine/lsm/compaction/size_tiered.h"
#include "engine/lsm/compaction/tombstones.h"

namespace revenant::lsm {
namespace {

class LazyLevelingPicker final : public CompactionPicker {
 public:
  LazyLevelingPicker(const CompactionOptions& options, const PickerContext& context)
      : options_(options), context_(context) {}

  std::optional<CompactionPick> pick(const LsmState& state) const override {
    const std::vector<SortedRun> runs = sorted_runs(state);
    const size_t last = last_tier(state.levels);
    std::vector<std::vector<const SortedRun*>> tiers(last);  // those above level 1
    for (const SortedRun& run : runs) {
      if (!run.busy) tiers[std::min(tier(run.bytes), last - 1)].push_back(&run);
    }
    PickExplanation explanation;
    for (size_t i = 0; i < tiers.size(); ++i) {
      explanation.candidates.push_back(
          {fmt::format("tier {}", i),
           static_cast<double>(tiers[i].size()) / static_cast<double>(T())});
    }
    for (size_t i = 0; i < tiers.size(); ++i) {
      if (std::ssize(tiers[i]) < T()) continue;
      CompactionPick pick;
      for (const SortedRun* run : tiers[i]) append_run(pick.inputs, *run);
      if (i + 1 == last && !add_last_level(pick, runs, state)) continue;
      explanation.reason =
          fmt::format("tier {} has {} runs{}", i, tiers[i].size(),
                      i + 1 == last ? ", and is merged with the leveled run below it" : "");
      pick.explanation = std::move(explanation);
      return pick;
    }
    return pick_alone_for_tombstones(state, options_, context_.gc);
  }

  std::optional<CompactionPick> pick_major(const Levels& levels) const override {
    return pick_all_into_one(levels, 1, output_bytes_max());
  }

  std::optional<Instant> next_check(const Levels& levels, Instant now) const override {
    return tombstones_next_due(levels, now, options_, context_.gc);
  }

 private:
  int64_t T() const { return options_.max_bytes_for_level_multiplier; }  // the paper's name

  size_t tier(uint64_t bytes) const {
    size_t result = 0;
    uint64_t limit = std::max<uint64_t>(context_.memtable_bytes, 1);  // half of the next tier's is
                                                                      // where that begins
    while (!__builtin_mul_overflow(limit, static_cast<uint64_t>(T()), &limit) && bytes >= limit / 2)
      ++result;
    return result;
  }

  // The tier that level 1 is of; tiers above it are merged lazily.
  size_t last_tier(const Levels& levels) const {
    return std::max<size_t>(1, levels.size() > 1 ? tier(total_bytes(levels[1])) : 0);
  }

  // Older runs must not stay above: with sequence versions the first level that holds a key
  // decides. False if something is busy.
  bool add_last_level(CompactionPick& pick, const std::vector<SortedRun>& runs,
                      const LsmState& state) const {
    SequenceNumber greatest;
    for (const SstableMetaPtr& input : pick.inputs)
      greatest = std::max(greatest, input->properties.greatest_sequence);
    for (bool grown = true; grown;) {
      grown = false;
      for (const SortedRun& run : runs) {
        if (run.least_sequence > greatest ||
            std::ranges::find(pick.inputs, run.sstables.front()) != pick.inputs.end()) {
          continue;
        }
        append_run(pick.inputs, run);
        greatest = std::max(greatest, run.greatest_sequence);
        grown = true;
      }
    }
    if (state.levels.size() > 1) {
      const auto below = overlapping(state.levels[1], key_range(pick.inputs));
      pick.inputs.insert(pick.inputs.end(), below.begin(), below.end());
    }
    pick.to = 1;
    pick.output_bytes_max = output_bytes_max();
    return !state.any_busy(pick.inputs) && !state.writes_into(1, key_range(pick.inputs));
  }

  uint64_t output_bytes_max() const {
    return static_cast<uint64_t>(options_.target_file_size_base.bytes);
  }

  const CompactionOptions options_;
  const PickerContext context_;
};

}  // namespace

std::unique_ptr<CompactionPicker> make_lazy_leveling_picker(const CompactionOptions& options,
                                                            const PickerContext& context) {
  return std::make_unique<LazyLevelingPicker>(options, context);
}

}  // namespace revenant::lsm
