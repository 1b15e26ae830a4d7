#include "engine/lsm/compaction/time_window.h"

#include <algorithm>
#include <functional>
#include <map>

#include "engine/lsm/compaction/purge.h"
#include "engine/lsm/compaction/size_tiered.h"
#include "engine/lsm/compaction/tombstones.h"

namespace revenant::lsm {
namespace {

class TimeWindowPicker final : public CompactionPicker {
 public:
  TimeWindowPicker(const CompactionOptions& options, const PickerContext& context)
      : options_(options), context_(context) {}

  std::optional<CompactionPick> pick(const LsmState& state) const override {
    if (auto pick = pick_expired(state); pick.has_value()) return pick;
    std::map<int64_t, std::vector<SstableMetaPtr>, std::greater<>> windows;
    for (const auto& level : state.levels) {
      for (const SstableMetaPtr& sstable : level) {
        if (!state.busy(*sstable)) windows[window_of(*sstable)].push_back(sstable);
      }
    }
    const int64_t current = window_at(state.now);
    PickExplanation explanation;
    std::vector<SstableMetaPtr> chosen;
    for (auto& [window, sstables] : windows) {
      const bool open = window >= current;
      const int64_t trigger = open ? options_.min_threshold : 2;
      auto inputs = open ? largest_bucket(sstables, options_) : std::move(sstables);
      explanation.candidates.push_back(
          {fmt::format("window {}", age_text(current, window)),
           static_cast<double>(inputs.size()) / static_cast<double>(trigger)});
      if (std::ssize(inputs) < trigger || !chosen.empty()) continue;
      chosen = std::move(inputs);
      explanation.reason = open ? "the current window has SSTables of similar size"
                                : "a closed window becomes one SSTable";
    }
    if (chosen.empty()) return pick_alone_for_tombstones(state, options_, context_.gc);
    // The oldest numbers first, as many as may be merged at once.
    std::ranges::sort(chosen, {}, [](const SstableMetaPtr& s) { return s->number; });
    if (std::ssize(chosen) > options_.max_threshold)
      chosen.resize(static_cast<size_t>(options_.max_threshold));
    return CompactionPick{.inputs = std::move(chosen), .explanation = std::move(explanation)};
  }

  std::optional<CompactionPick> pick_major(const Levels& levels) const override {
    return pick_all_into_one(levels);
  }

  std::optional<Instant> next_check(const Levels& levels, Instant now) const override {
    std::optional<Instant> first = tombstones_next_due(levels, now, options_, context_.gc);
    const auto consider = [&](Instant due) {
      if (due > now && (!first.has_value() || due < *first)) first = due;
    };
    // When the window that is open closes, its SSTables become one.
    const int64_t open = window_at(now);
    for (const auto& level : levels) {
      for (const SstableMetaPtr& sstable : level) {
        if (window_of(*sstable) >= open)
          consider({(open + 1) * options_.compaction_window_size.ns});
        if (const auto expiry = expires(*sstable); expiry.has_value()) consider(*expiry);
      }
    }
    return first;
  }

 private:
  int64_t window_at(Instant time) const { return time.ns / options_.compaction_window_size.ns; }
  int64_t window_of(const SstableMeta& sstable) const {
    const auto micros = static_cast<int64_t>(
        std::min<uint64_t>(sstable.properties.greatest_version.value, INT64_MAX / 1000));
    return window_at(Instant{} + microseconds(micros));
  }
  static std::string age_text(int64_t current, int64_t window) {
    return window >= current ? "0" : fmt::format("-{}", current - window);
  }

  // When every cell of it is a tombstone, or expired, past grace; and not too soon after its last
  // compaction. Nothing if it holds anything else.
  std::optional<Instant> expires(const SstableMeta& sstable) const {
    const auto& p = sstable.properties;
    if (p.tombstones + p.expiring < p.entries) return std::nullopt;
    const Instant passed = context_.gc.passes_for_all(p.greatest_deletion_time, key_range(sstable));
    if (passed == Instant::never()) return std::nullopt;
    return std::max(passed, sstable.creation_time + options_.expired_sstable_check_frequency);
  }

  std::optional<CompactionPick> pick_expired(const LsmState& state) const {
    SstableMetaPtr oldest;
    for (const auto& level : state.levels) {
      for (const SstableMetaPtr& sstable : level) {
        const auto expiry = expires(*sstable);
        if (!expiry.has_value() || state.now < *expiry || state.busy(*sstable)) continue;
        if (!options_.unsafe_aggressive_sstable_expiration &&
            shadows_something(*sstable, state.levels)) {
          continue;
        }
        if (oldest == nullptr || sstable->number < oldest->number) oldest = sstable;
      }
    }
    if (oldest == nullptr) return std::nullopt;
    CompactionPick pick{.purpose = CompactionPurpose::kTombstones,
                        .inputs = {oldest},
                        .ignores_overlap = options_.unsafe_aggressive_sstable_expiration};
    pick.explanation.reason = fmt::format("SSTable {} has expired as a whole", oldest->number);
    return pick;
  }

  // Whether a table that overlaps it may hold older data.
  static bool shadows_something(const SstableMeta& sstable, const Levels& levels) {
    const KeyRange range = key_range(sstable);
    for (const auto& level : levels) {
      for (const SstableMetaPtr& other : level) {
        if (other->number != sstable.number && range.overlaps(*other) &&
            other->properties.least_version <= sstable.properties.greatest_version) {
          return true;
        }
      }
    }
    return false;
  }

  const CompactionOptions options_;
  const PickerContext context_;
};

}  // namespace

std::unique_ptr<CompactionPicker> make_time_window_picker(const CompactionOptions& options,
                                                          const PickerContext& context) {
  return std::make_unique<TimeWindowPicker>(options, context);
}

}  // namespace revenant::lsm
