#include "engine/lsm/compaction/leveled.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/lsm/compaction/purge.h"

namespace revenant::lsm {
namespace {

class LeveledPicker final : public CompactionPicker {
 public:
  LeveledPicker(const CompactionOptions& options, Duration gc_grace)
      : options_(options), gc_grace_(gc_grace) {}

  std::optional<CompactionPick> pick(const Levels& levels, Instant now) override {
    const std::optional<int> level = most_urgent_level(levels);
    if (!level.has_value()) return std::nullopt;
    CompactionPick pick{.from = *level,
                        .to = *level + 1,
                        .inputs = {next_in_turn(levels, *level)},
                        .output_bytes_max = output_bytes_max()};
    if (*level == 0) add_overlapping(levels[0], pick.inputs);
    const KeyRange range = key_range(pick.inputs);
    pointers_[static_cast<size_t>(*level)] = range.greatest;

    const size_t above = pick.inputs.size();
    if (static_cast<size_t>(pick.to) < levels.size()) {
      for (const SstableMetaPtr& sstable : levels[static_cast<size_t>(pick.to)]) {
        if (range.overlaps(*sstable)) pick.inputs.push_back(sstable);
      }
    }
    if (above == 1 && pick.inputs.size() == 1 && !may_drop_tombstones(*pick.inputs[0], now)) {
      pick.purpose = CompactionPurpose::kMove;
    }
    return pick;
  }

  std::optional<CompactionPick> pick_major(const Levels& levels) const override {
    CompactionPick pick{
        .purpose = CompactionPurpose::kMajor, .to = 1, .output_bytes_max = output_bytes_max()};
    for (size_t level = 0; level < levels.size(); ++level) {
      if (levels[level].empty()) continue;
      pick.to = std::max(pick.to, static_cast<int>(level));
      pick.inputs.insert(pick.inputs.end(), levels[level].begin(), levels[level].end());
    }
    if (pick.inputs.empty()) return std::nullopt;
    return pick;
  }

 private:
  std::optional<int> most_urgent_level(const Levels& levels) const {
    std::optional<int> best;
    double best_score = 0;
    // The last level has nowhere to go.
    const size_t last = static_cast<size_t>(options_.num_levels) - 1;
    for (size_t level = 0; level < std::min(levels.size(), last); ++level) {
      double score;
      if (level == 0) {
        score = static_cast<double>(levels[0].size()) /
                static_cast<double>(options_.level0_file_num_compaction_trigger);
      } else {
        uint64_t bytes = 0;
        for (const SstableMetaPtr& sstable : levels[level]) bytes += sstable->file_bytes;
        score = static_cast<double>(bytes) /
                static_cast<double>(level_bytes_max(static_cast<int>(level), options_));
      }
      if (score >= 1.0 && score > best_score) {
        best = static_cast<int>(level);
        best_score = score;
      }
    }
    return best;
  }

  // The first SSTable that ends after where the level's last compaction ended; round again after
  // the last.
  SstableMetaPtr next_in_turn(const Levels& levels, int level) {
    if (pointers_.size() < levels.size()) pointers_.resize(levels.size());
    std::vector<SstableMetaPtr> sstables = levels[static_cast<size_t>(level)];
    CHECK(!sstables.empty(), "level {}", level);
    std::ranges::sort(sstables, [](const SstableMetaPtr& a, const SstableMetaPtr& b) {
      return std::pair(a->least_key(), a->number) < std::pair(b->least_key(), b->number);
    });
    const Buffer& pointer = pointers_[static_cast<size_t>(level)];
    if (pointer.empty()) return sstables.front();
    const auto found = std::ranges::find_if(
        sstables, [&](const SstableMetaPtr& s) { return s->greatest_key() > pointer; });
    return found != sstables.end() ? *found : sstables.front();
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
    if (sstable.properties.tombstones == 0) return false;
    const CellView oldest{.kind = CellKind::kTombstone,
                          .version = {},
                          .deletion_time = sstable.properties.least_deletion_time,
                          .value = {}};
    return past_grace(oldest, now, gc_grace_);
  }

  uint64_t output_bytes_max() const {
    return static_cast<uint64_t>(options_.target_file_size_base.bytes);
  }

  const CompactionOptions options_;
  const Duration gc_grace_;
  std::vector<Buffer> pointers_;  // by level: the greatest key of its last compaction
};

}  // namespace

uint64_t level_bytes_max(int level, const CompactionOptions& options) {
  CHECK(level >= 1, "level={}", level);
  auto bytes = static_cast<uint64_t>(options.max_bytes_for_level_base.bytes);
  for (int i = 1; i < level; ++i) {
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(options.max_bytes_for_level_multiplier),
                               &bytes)) {
      return UINT64_MAX;
    }
  }
  return bytes;
}

std::unique_ptr<CompactionPicker> make_leveled_picker(const CompactionOptions& options,
                                                      Duration gc_grace) {
  return std::make_unique<LeveledPicker>(options, gc_grace);
}

}  // namespace revenant::lsm
