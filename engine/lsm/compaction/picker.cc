#include "engine/lsm/compaction/picker.h"

#include <algorithm>

#include "engine/lsm/compaction/incremental.h"
#include "engine/lsm/compaction/lazy_leveling.h"
#include "engine/lsm/compaction/leveled.h"
#include "engine/lsm/compaction/size_tiered.h"
#include "engine/lsm/compaction/time_window.h"
#include "engine/lsm/compaction/unified.h"
#include "engine/lsm/compaction/universal.h"

namespace revenant::lsm {
namespace {

// No automatic compaction; a major one makes one SSTable in level 0.
class NonePicker final : public CompactionPicker {
 public:
  std::optional<CompactionPick> pick(const LsmState&) const override { return std::nullopt; }
  std::optional<CompactionPick> pick_major(const Levels& levels) const override {
    return pick_all_into_one(levels);
  }
};

}  // namespace

bool LsmState::busy(const SstableMeta& sstable) const {
  return std::ranges::any_of(running, [&](const RunningCompaction& compaction) {
    return std::ranges::any_of(compaction.inputs, [&](const SstableMetaPtr& input) {
      return input->number == sstable.number;
    });
  });
}

bool LsmState::any_busy(const std::vector<SstableMetaPtr>& sstables) const {
  return std::ranges::any_of(sstables, [&](const SstableMetaPtr& s) { return busy(*s); });
}

bool LsmState::writes_into(int level, const KeyRange& range) const {
  return level > 0 && std::ranges::any_of(running, [&](const RunningCompaction& compaction) {
           return compaction.to == level && compaction.range.overlaps(range);
         });
}

std::string_view to_string(CompactionPurpose purpose) {
  switch (purpose) {
    case CompactionPurpose::kMerge:
      return "merge";
    case CompactionPurpose::kMove:
      return "move";
    case CompactionPurpose::kTombstones:
      return "tombstones";
    case CompactionPurpose::kMajor:
      return "major";
  }
  return "?";
}

std::string to_string(const PickExplanation& explanation) {
  std::string result = explanation.reason;
  for (size_t i = 0; i < explanation.candidates.size(); ++i) {
    const auto& [name, score] = explanation.candidates[i];
    result += fmt::format("{}{} {:.2f}", i == 0 ? " [" : ", ", name, score);
  }
  if (!explanation.candidates.empty()) result += ']';
  return result;
}

std::unique_ptr<CompactionPicker> make_picker(const CompactionOptions& options,
                                              const PickerContext& context) {
  switch (options.strategy) {
    case CompactionStrategy::kSizeTiered:
      return make_size_tiered_picker(options, context.gc);
    case CompactionStrategy::kLeveled:
      return make_leveled_picker(options, context.gc);
    case CompactionStrategy::kUniversal:
      return make_universal_picker(options, context);
    case CompactionStrategy::kLazyLeveling:
      return make_lazy_leveling_picker(options, context);
    case CompactionStrategy::kTimeWindow:
      return make_time_window_picker(options, context);
    case CompactionStrategy::kUnified:
      return make_unified_picker(options, context);
    case CompactionStrategy::kIncremental:
      return make_incremental_picker(options, context);
    case CompactionStrategy::kNone:
      break;
  }
  return std::make_unique<NonePicker>();
}

}  // namespace revenant::lsm
