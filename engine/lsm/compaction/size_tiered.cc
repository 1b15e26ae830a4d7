#include "engine/lsm/compaction/size_tiered.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/base/coding.h"

namespace revenant::lsm {
namespace {

// Where a key lies on the line of keys, by its first 8 bytes.
uint64_t position(Bytes key) {
  char bytes[8] = {};
  std::copy_n(key.data(), std::min<size_t>(key.size(), 8), bytes);
  return get_big_endian64(bytes);
}

// The share of `sstable`'s range that no other table's range covers.
double share_outside(const SstableMeta& sstable, const std::vector<SstableMetaPtr>& sstables) {
  const uint64_t least = position(sstable.least_key());
  const uint64_t greatest = position(sstable.greatest_key());
  std::vector<std::pair<uint64_t, uint64_t>> covered;
  bool overlapped = false;
  for (const SstableMetaPtr& other : sstables) {
    if (other->number == sstable.number || other->greatest_key() < sstable.least_key() ||
        sstable.greatest_key() < other->least_key()) {
      continue;
    }
    overlapped = true;
    covered.emplace_back(std::max(least, position(other->least_key())),
                         std::min(greatest, position(other->greatest_key())));
  }
  if (!overlapped) return 1.0;
  if (greatest == least) return 0.0;
  std::ranges::sort(covered);
  uint64_t sum = 0;
  uint64_t end = least;  // covered up to here
  for (const auto& [from, to] : covered) {
    if (to <= end) continue;
    sum += to - std::max(from, end);
    end = to;
  }
  return 1.0 - static_cast<double>(sum) / static_cast<double>(greatest - least);
}

class SizeTieredPicker final : public CompactionPicker {
 public:
  SizeTieredPicker(const CompactionOptions& options, Duration gc_grace)
      : options_(options), gc_grace_(gc_grace) {}

  std::optional<CompactionPick> pick(const Levels& levels, Instant now) override {
    if (levels.empty()) return std::nullopt;
    if (auto bucket = most_interesting_bucket(levels[0]); !bucket.empty()) {
      return CompactionPick{.inputs = std::move(bucket)};
    }
    SstableMetaPtr largest;
    for (const SstableMetaPtr& sstable : levels[0]) {
      if (!worth_dropping_tombstones(*sstable, levels, now)) continue;
      if (largest == nullptr || std::pair(sstable->file_bytes, sstable->number) >
                                    std::pair(largest->file_bytes, largest->number)) {
        largest = sstable;
      }
    }
    if (largest == nullptr) return std::nullopt;
    return CompactionPick{.purpose = CompactionPurpose::kTombstones, .inputs = {largest}};
  }

  std::optional<CompactionPick> pick_major(const Levels& levels) const override {
    return pick_all_into_one(levels);
  }

  std::optional<Instant> next_check(const Levels& levels, Instant now) const override {
    std::optional<Instant> first;
    if (levels.empty()) return first;
    for (const SstableMetaPtr& sstable : levels[0]) {
      const std::optional<Instant> due = tombstones_due(*sstable);
      if (due.has_value() && *due > now && (!first.has_value() || *due < *first)) first = due;
    }
    return first;
  }

 private:
  std::vector<SstableMetaPtr> most_interesting_bucket(
      const std::vector<SstableMetaPtr>& sstables) const {
    std::vector<SstableMetaPtr> best;
    for (auto& bucket : size_tiered_buckets(sstables, options_)) {
      if (std::ssize(bucket) < options_.min_threshold) continue;
      // The smallest ones first: they are what a read pays most for.
      if (std::ssize(bucket) > options_.max_threshold) {
        bucket.resize(static_cast<size_t>(options_.max_threshold));
      }
      if (bucket.size() > best.size()) best = std::move(bucket);
    }
    return best;
  }

  bool worth_dropping_tombstones(const SstableMeta& sstable, const Levels& levels,
                                 Instant now) const {
    // Estimates may promise what the merge cannot drop; the least age keeps that from looping.
    if (now < sstable.creation_time + options_.tombstone_compaction_interval) return false;
    const double ratio = droppable_tombstone_ratio(sstable, now, gc_grace_);
    if (ratio <= options_.tombstone_threshold) return false;
    if (options_.unchecked_tombstone_compaction) return true;
    std::vector<SstableMetaPtr> all;
    for (const auto& level : levels) all.insert(all.end(), level.begin(), level.end());
    return share_outside(sstable, all) * ratio > options_.tombstone_threshold;
  }

  // When droppable_tombstone_ratio exceeds the threshold and the SSTable is old enough; never for
  // most.
  std::optional<Instant> tombstones_due(const SstableMeta& sstable) const {
    const auto& p = sstable.properties;
    if (p.tombstones == 0) return std::nullopt;
    const double share = options_.tombstone_threshold * static_cast<double>(p.entries) /
                         static_cast<double>(p.tombstones);
    if (share >= 1.0) return std::nullopt;
    const double spread =
        static_cast<double>(p.greatest_deletion_time.ns - p.least_deletion_time.ns);
    int64_t due;
    // Two microseconds beyond the estimate, so that its rounding cannot make the check come too
    // early.
    if (__builtin_add_overflow(p.least_deletion_time.ns + static_cast<int64_t>(share * spread),
                               gc_grace_.ns, &due) ||
        due > Instant::never().ns - 2000) {
      return std::nullopt;
    }
    return std::max(Instant{due + 2000},
                    sstable.creation_time + options_.tombstone_compaction_interval);
  }

  const CompactionOptions options_;
  const Duration gc_grace_;
};

}  // namespace

std::vector<std::vector<SstableMetaPtr>> size_tiered_buckets(std::vector<SstableMetaPtr> sstables,
                                                             const CompactionOptions& options) {
  std::ranges::sort(sstables, {},
                    [](const SstableMetaPtr& s) { return std::pair(s->file_bytes, s->number); });
  const auto small = static_cast<uint64_t>(options.min_sstable_size.bytes);
  std::map<uint64_t, std::vector<SstableMetaPtr>> buckets;  // by mean size, as Cassandra keys them
  for (SstableMetaPtr& sstable : sstables) {
    const uint64_t size = sstable->file_bytes;
    const auto joins = [&](uint64_t mean) {
      return (static_cast<double>(size) > static_cast<double>(mean) * options.bucket_low &&
              static_cast<double>(size) < static_cast<double>(mean) * options.bucket_high) ||
             (size < small && mean < small);
    };
    auto place =
        std::ranges::find_if(buckets, [&](const auto& bucket) { return joins(bucket.first); });
    if (place == buckets.end()) {
      buckets[size].push_back(std::move(sstable));
      continue;
    }
    auto bucket = std::move(place->second);
    const uint64_t mean = (bucket.size() * place->first + size) / (bucket.size() + 1);
    buckets.erase(place);
    bucket.push_back(std::move(sstable));
    auto& target = buckets[mean];
    target.insert(target.end(), std::make_move_iterator(bucket.begin()),
                  std::make_move_iterator(bucket.end()));
  }
  std::vector<std::vector<SstableMetaPtr>> result;
  for (auto& [mean, bucket] : buckets) result.push_back(std::move(bucket));
  return result;
}

double droppable_tombstone_ratio(const SstableMeta& sstable, Instant now, Duration gc_grace) {
  const auto& p = sstable.properties;
  int64_t gc_before;
  if (p.tombstones == 0 || __builtin_sub_overflow(now.ns, gc_grace.ns, &gc_before)) return 0.0;
  if (gc_before <= p.least_deletion_time.ns) return 0.0;
  double share = 1.0;
  if (gc_before <= p.greatest_deletion_time.ns) {
    share = static_cast<double>(gc_before - p.least_deletion_time.ns) /
            static_cast<double>(p.greatest_deletion_time.ns - p.least_deletion_time.ns);
  }
  return share * static_cast<double>(p.tombstones) / static_cast<double>(p.entries);
}

std::optional<CompactionPick> pick_all_into_one(const Levels& levels) {
  CompactionPick pick{.purpose = CompactionPurpose::kMajor};
  for (const auto& level : levels)
    pick.inputs.insert(pick.inputs.end(), level.begin(), level.end());
  if (pick.inputs.empty()) return std::nullopt;
  return pick;
}

std::unique_ptr<CompactionPicker> make_size_tiered_picker(const CompactionOptions& options,
                                                          Duration gc_grace) {
  return std::make_unique<SizeTieredPicker>(options, gc_grace);
}

}  // namespace revenant::lsm
