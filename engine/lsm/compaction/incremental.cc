#include "engine/lsm/compaction/incremental.h"

#include <algorithm>

#include "engine/lsm/compaction/runs.h"
#include "engine/lsm/compaction/size_tiered.h"
#include "engine/lsm/compaction/tombstones.h"

namespace revenant::lsm {
namespace {

class IncrementalPicker final : public CompactionPicker {
 public:
  IncrementalPicker(const CompactionOptions& options, const PickerContext& context)
      : options_(options), context_(context) {}

  std::optional<CompactionPick> pick(const LsmState& state) const override {
    std::vector<SortedRun> runs = sorted_runs(state);
    std::erase_if(runs, &SortedRun::busy);
    const std::vector<std::vector<SortedRun>> tiers = buckets_of(std::move(runs));
    CompactionPick pick{.output_bytes_max = fragment_bytes(), .incremental = true};
    for (const auto& tier : tiers) {
      pick.explanation.candidates.push_back(
          {fmt::format("{} runs of {}", tier.size(),
                       to_string(ByteSize{static_cast<int64_t>(bytes_of(tier) / tier.size())})),
           static_cast<double>(tier.size()) / static_cast<double>(options_.min_threshold)});
    }
    if (const auto* tier = most_runs(tiers); tier != nullptr) {
      for (size_t i = 0; i < tier->size() && std::cmp_less(i, options_.max_threshold); ++i)
        append_run(pick.inputs, (*tier)[i]);
      pick.explanation.reason =
          fmt::format("the tier of most runs, at least {}", options_.min_threshold);
    } else if (misses_space_goal(tiers, pick.explanation)) {
      for (size_t i = tiers.size() - 2; i < tiers.size(); ++i) {
        for (const SortedRun& run : tiers[i]) append_run(pick.inputs, run);
      }
      pick.explanation.reason = "the two largest tiers take more than space_amplification_goal";
    } else {
      return pick_alone_for_tombstones(state, options_, context_.gc);
    }
    return pick;
  }

  std::optional<CompactionPick> pick_major(const Levels& levels) const override {
    auto pick = pick_all_into_one(levels);
    if (pick.has_value()) {
      pick->output_bytes_max = fragment_bytes();
      pick->incremental = true;
    }
    return pick;
  }

  std::optional<Instant> next_check(const Levels& levels, Instant now) const override {
    return tombstones_next_due(levels, now, options_, context_.gc);
  }

 private:
  uint64_t fragment_bytes() const { return static_cast<uint64_t>(options_.sstable_size.bytes); }
  static uint64_t bytes_of(const std::vector<SortedRun>& tier) {
    uint64_t sum = 0;
    for (const SortedRun& run : tier) sum += run.bytes;
    return sum;
  }

  // By size, the smallest first; a run counts as one table.
  std::vector<std::vector<SortedRun>> buckets_of(std::vector<SortedRun> runs) const {
    std::ranges::sort(runs, {}, [](const SortedRun& r) { return std::pair(r.bytes, r.run); });
    return similar_sizes(std::move(runs), options_, [](const SortedRun& r) { return r.bytes; });
  }

  const std::vector<SortedRun>* most_runs(const std::vector<std::vector<SortedRun>>& tiers) const {
    const std::vector<SortedRun>* best = nullptr;
    for (const auto& tier : tiers) {
      if (std::ssize(tier) < options_.min_threshold) continue;
      if (best == nullptr || tier.size() > best->size()) best = &tier;
    }
    return best;
  }

  bool misses_space_goal(const std::vector<std::vector<SortedRun>>& tiers,
                         PickExplanation& explanation) const {
    if (options_.space_amplification_goal <= 1.0 || tiers.size() < 2) return false;
    const auto largest = static_cast<double>(bytes_of(tiers.back()));
    const double space =
        (largest + static_cast<double>(bytes_of(tiers[tiers.size() - 2]))) / largest;
    explanation.candidates.push_back({"space", space / options_.space_amplification_goal});
    return space > options_.space_amplification_goal;
  }

  const CompactionOptions options_;
  const PickerContext context_;
};

}  // namespace

std::unique_ptr<CompactionPicker> make_incremental_picker(const CompactionOptions& options,
                                                          const PickerContext& context) {
  return std::make_unique<IncrementalPicker>(options, context);
}

}  // namespace revenant::lsm
