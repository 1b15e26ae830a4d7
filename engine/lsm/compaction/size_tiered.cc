#include "engine/lsm/compaction/size_tiered.h"

#include <algorithm>
#include <utility>

#include "engine/lsm/compaction/tombstones.h"

namespace revenant::lsm {
namespace {

class SizeTieredPicker final : public CompactionPicker {
 public:
  SizeTieredPicker(const CompactionOptions& options, const GcRule& gc)
      : options_(options), gc_(gc) {}

  std::optional<CompactionPick> pick(const LsmState& state) const override {
    if (state.levels.empty()) return std::nullopt;
    std::vector<SstableMetaPtr> idle;
    for (const SstableMetaPtr& sstable : state.levels[0]) {
      if (!state.busy(*sstable)) idle.push_back(sstable);
    }
    CompactionPick pick{.inputs = largest_bucket(idle, options_)};
    if (pick.inputs.empty()) return pick_alone_for_tombstones(state, options_, gc_);
    pick.explanation.reason =
        fmt::format("the bucket of most SSTables, at least {}", options_.min_threshold);
    for (const auto& bucket : size_tiered_buckets(idle, options_)) {
      const auto mean = static_cast<int64_t>(total_bytes(bucket) / bucket.size());
      pick.explanation.candidates.push_back(
          {fmt::format("{} SSTables of {}", bucket.size(), to_string(ByteSize{mean})),
           static_cast<double>(bucket.size()) / static_cast<double>(options_.min_threshold)});
    }
    return pick;
  }

  std::optional<CompactionPick> pick_major(const Levels& levels) const override {
    return pick_all_into_one(levels);
  }

  std::optional<Instant> next_check(const Levels& levels, Instant now) const override {
    return tombstones_next_due(levels, now, options_, gc_);
  }

 private:
  const CompactionOptions options_;
  const GcRule gc_;
};

}  // namespace

std::vector<std::vector<SstableMetaPtr>> size_tiered_buckets(std::vector<SstableMetaPtr> sstables,
                                                             const CompactionOptions& options) {
  std::ranges::sort(sstables, {},
                    [](const SstableMetaPtr& s) { return std::pair(s->file_bytes, s->number); });
  return similar_sizes(std::move(sstables), options,
                       [](const SstableMetaPtr& s) { return s->file_bytes; });
}

std::vector<SstableMetaPtr> largest_bucket(const std::vector<SstableMetaPtr>& sstables,
                                           const CompactionOptions& options) {
  std::vector<SstableMetaPtr> best;
  for (auto& bucket : size_tiered_buckets(sstables, options)) {
    if (std::ssize(bucket) < options.min_threshold) continue;
    // The smallest ones first: they are what a read pays most for.
    if (std::ssize(bucket) > options.max_threshold) {
      bucket.resize(static_cast<size_t>(options.max_threshold));
    }
    if (bucket.size() > best.size()) best = std::move(bucket);
  }
  return best;
}

std::optional<CompactionPick> pick_all_into_one(const Levels& levels, int to,
                                                uint64_t output_bytes_max) {
  CompactionPick pick{
      .purpose = CompactionPurpose::kMajor, .to = to, .output_bytes_max = output_bytes_max};
  for (const auto& level : levels)
    pick.inputs.insert(pick.inputs.end(), level.begin(), level.end());
  if (pick.inputs.empty()) return std::nullopt;
  pick.explanation.reason = "everything, on demand";
  return pick;
}

std::unique_ptr<CompactionPicker> make_size_tiered_picker(const CompactionOptions& options,
                                                          const GcRule& gc) {
  return std::make_unique<SizeTieredPicker>(options, gc);
}

}  // namespace revenant::lsm
