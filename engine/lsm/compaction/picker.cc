#include "engine/lsm/compaction/picker.h"

#include "engine/lsm/compaction/leveled.h"
#include "engine/lsm/compaction/size_tiered.h"

namespace revenant::lsm {
namespace {

// No automatic compaction; a major one makes one SSTable in level 0.
class NonePicker final : public CompactionPicker {
 public:
  std::optional<CompactionPick> pick(const Levels&, Instant) override { return std::nullopt; }
  std::optional<CompactionPick> pick_major(const Levels& levels) const override {
    return pick_all_into_one(levels);
  }
};

}  // namespace

std::unique_ptr<CompactionPicker> make_picker(const CompactionOptions& options, Duration gc_grace) {
  switch (options.strategy) {
    case CompactionStrategy::kSizeTiered:
      return make_size_tiered_picker(options, gc_grace);
    case CompactionStrategy::kLeveled:
      return make_leveled_picker(options, gc_grace);
    case CompactionStrategy::kNone:
      break;
  }
  return std::make_unique<NonePicker>();
}

}  // namespace revenant::lsm
