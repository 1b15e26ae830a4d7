#include "engine/lsm/compaction/unified.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "engine/base/check.h"
#include "engine/base/coding.h"
#include "engine/base/portable_math.h"
#include "engine/lsm/compaction/size_tiered.h"
#include "engine/lsm/compaction/tombstones.h"

namespace revenant::lsm {
namespace {

double log2_of(double x) { return portable::log(x) / portable::log(2.0); }

// The line of keys from the least to the greatest that there is.
class KeyLine {
 public:
  explicit KeyLine(const KeyRange& all) {
    const auto [a, b] = std::ranges::mismatch(all.least, all.greatest);
    prefix_.assign(all.least.begin(), a);
    least_ = digits(all.least);
    length_ = std::max<uint64_t>(digits(all.greatest) - least_, 1);
  }

  // Never 0: a table of one key covers something.
  double share(const SstableMeta& sstable) const {
    const uint64_t covered = digits(sstable.greatest_key()) - digits(sstable.least_key());
    return std::max(static_cast<double>(covered) / static_cast<double>(length_), 1e-9);
  }

  // Those of the keys that divide it in `parts` that lie within the range, but not at its begin. Only
  // these are made: a narrow range may be so dense that the whole line has millions.
  std::vector<Buffer> boundaries(uint64_t parts, const KeyRange& range) const {
    parts = std::min(parts, length_);
    // Of the part that a place on the line lies in.
    const auto part_at = [&](uint64_t place) {
      return static_cast<uint64_t>(static_cast<unsigned __int128>(place) * parts / length_);
    };
    const uint64_t first = std::max<uint64_t>(part_at(digits(range.least) - least_), 1);
    const uint64_t last = part_at(digits(range.greatest) - least_) + 1;
    std::vector<Buffer> keys;
    for (uint64_t i = first; i <= last && i < parts; ++i) {
      const auto offset =
          static_cast<uint64_t>(static_cast<unsigned __int128>(length_) * i / parts);
      Buffer key = prefix_;
      put_big_endian64(key, least_ + offset);
      if (key <= range.least || key > range.greatest) continue;
      if (keys.empty() || keys.back() < key) keys.push_back(std::move(key));
    }
    return keys;
  }

 private:
  uint64_t digits(Bytes key) const {
    char bytes[8] = {};
    key.remove_prefix(std::min(key.size(), prefix_.size()));
    std::copy_n(key.data(), std::min<size_t>(key.size(), 8), bytes);
    return get_big_endian64(bytes);
  }

  Buffer prefix_;
  uint64_t least_ = 0, length_ = 1;
};

// SSTables of one level that overlap, directly or through others.
struct OverlapSet {
  std::vector<SstableMetaPtr> sstables;  // by least key
  int64_t most = 0;                      // that overlap at one key
};

std::vector<OverlapSet> overlap_sets(std::vector<SstableMetaPtr> sstables) {
  std::ranges::sort(sstables, [](const SstableMetaPtr& a, const SstableMetaPtr& b) {
    return std::pair(a->least_key(), a->number) < std::pair(b->least_key(), b->number);
  });
  std::vector<OverlapSet> sets;
  Bytes end;                // of the last set
  std::vector<Bytes> open;  // greatest keys of those that reach to where we are
  for (SstableMetaPtr& sstable : sstables) {
    std::erase_if(open, [&](Bytes greatest) { return greatest < sstable->least_key(); });
    if (sets.empty() || sstable->least_key() > end) {
      sets.emplace_back();
      end = sstable->greatest_key();
    }
    open.push_back(sstable->greatest_key());
    end = std::max(end, sstable->greatest_key());
    OverlapSet& set = sets.back();
    set.most = std::max(set.most, static_cast<int64_t>(open.size()));
    set.sstables.push_back(std::move(sstable));
  }
  return sets;
}

class UnifiedPicker final : public CompactionPicker {
 public:
  UnifiedPicker(const CompactionOptions& options, const PickerContext& context)
      : options_(options), context_(context) {
    auto parsed = parse_scaling_parameters(options.scaling_parameters);
    CHECK(parsed.has_value(), "{}", options.scaling_parameters);
    scaling_ = std::move(*parsed);
  }

  std::optional<CompactionPick> pick(const LsmState& state) const override {
    if (state.levels.empty() || state.levels[0].empty()) return std::nullopt;
    const KeyLine line(key_range(state.levels[0]));
    std::vector<std::vector<SstableMetaPtr>> levels;
    for (const SstableMetaPtr& sstable : state.levels[0]) {
      if (state.busy(*sstable)) continue;
      const size_t level =
          level_of(static_cast<double>(sstable->file_bytes) / line.share(*sstable));
      if (levels.size() <= level) levels.resize(level + 1);
      levels[level].push_back(sstable);
    }
    PickExplanation explanation;
    OverlapSet best;
    for (size_t level = 0; level < levels.size(); ++level) {
      const int64_t threshold = threshold_of(level);
      int64_t most = 0;
      for (OverlapSet& set : overlap_sets(std::move(levels[level]))) {
        most = std::max(most, set.most);
        if (set.most < threshold || set.most <= best.most) continue;
        explanation.reason = fmt::format("{} SSTables of level {} overlap, {} are enough", set.most,
                                         level, threshold);
        best = std::move(set);
      }
      explanation.candidates.push_back(
          {fmt::format("level {}", level),
           static_cast<double>(most) / static_cast<double>(threshold)});
    }
    if (best.sstables.empty()) return pick_alone_for_tombstones(state, options_, context_.gc);
    const auto limit = static_cast<size_t>(options_.max_sstables_to_compact);
    if (limit > 0 && best.sstables.size() > limit) {
      // The oldest first.
      std::ranges::sort(best.sstables, {}, [](const SstableMetaPtr& s) { return s->number; });
      best.sstables.resize(limit);
    }
    CompactionPick pick{.inputs = std::move(best.sstables),
                        .boundaries = {},
                        .explanation = std::move(explanation)};
    cut(pick, line);
    return pick;
  }

  std::optional<CompactionPick> pick_major(const Levels& levels) const override {
    std::optional<CompactionPick> pick = pick_all_into_one(levels);
    if (pick.has_value()) cut(*pick, KeyLine(key_range(pick->inputs)));
    return pick;
  }

  std::optional<Instant> next_check(const Levels& levels, Instant now) const override {
    return tombstones_next_due(levels, now, options_, context_.gc);
  }

 private:
  int scaling_of(size_t level) const { return scaling_[std::min(level, scaling_.size() - 1)]; }
  double fanout_of(size_t level) const { return 2.0 + std::abs(scaling_of(level)); }
  int64_t threshold_of(size_t level) const { return 2 + std::max(0, scaling_of(level)); }

  // Controller.getBaseSstableSize: level 0 ends at a little less than fan factor flushes.
  size_t level_of(double density) const {
    const double flush = static_cast<double>(std::max<uint64_t>(context_.memtable_bytes, 1));
    double limit = flush * (1.0 - 0.9 / fanout_of(0)) * fanout_of(0);
    size_t level = 0;
    while (density >= limit) limit *= fanout_of(++level);
    return level;
  }

  void cut(CompactionPick& pick, const KeyLine& line) const {
    SstableMeta hull;
    const KeyRange range = key_range(pick.inputs);
    hull.properties.least_key = range.least;
    hull.properties.greatest_key = range.greatest;
    const double density = static_cast<double>(total_bytes(pick.inputs)) / line.share(hull);
    pick.boundaries = line.boundaries(unified_shards(density, options_), range);
  }

  const CompactionOptions options_;
  const PickerContext context_;
  std::vector<int> scaling_;
};

}  // namespace

std::optional<std::vector<int>> parse_scaling_parameters(std::string_view text) {
  std::vector<int> result;
  while (true) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view word = text.substr(0, comma);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (word == "N") {
      result.push_back(0);
    } else {
      int fanout = 0;
      if (word.size() < 2 || (word[0] != 'T' && word[0] != 'L')) return std::nullopt;
      const auto [end, error] = std::from_chars(word.data() + 1, word.data() + word.size(), fanout);
      if (error != std::errc() || end != word.data() + word.size() || fanout < 2 || fanout > 1000)
        return std::nullopt;
      result.push_back(word[0] == 'T' ? fanout - 2 : 2 - fanout);
    }
    if (comma == text.size()) return result;
    text.remove_prefix(comma + 1);
  }
}

uint64_t unified_shards(double density, const CompactionOptions& options) {
  const auto least = static_cast<double>(options.min_sstable_size.bytes);
  const auto base = static_cast<uint64_t>(options.base_shard_count);
  const auto target = static_cast<double>(options.target_sstable_size.bytes);
  const auto shards = static_cast<double>(base);
  if (density < least) return 1;
  if (density < least * shards) {
    const auto fitting = std::bit_floor(static_cast<uint64_t>(density / least));
    return std::min(fitting, base & -base);  // divides the base count
  }
  if (density < target * shards) return base;
  const double growth = (1.0 - options.sstable_growth) * log2_of(density / (target * shards));
  return base << static_cast<unsigned>(std::clamp(std::floor(growth + 0.5), 0.0, 20.0));
}

std::unique_ptr<CompactionPicker> make_unified_picker(const CompactionOptions& options,
                                                      const PickerContext& context) {
  return std::make_unique<UnifiedPicker>(options, context);
}

}  // namespace revenant::lsm
