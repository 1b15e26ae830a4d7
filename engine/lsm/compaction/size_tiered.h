// Cassandra's SizeTieredCompactionStrategy: SSTables of similar size are gathered in buckets, and a
// bucket that has enough of them is merged into one larger SSTable. All SSTables are in level 0.
//
//   sizes  1 1 1 1 | 4 4 4 | 17     min_threshold 4: the first bucket is merged, and becomes a
//   fourth 4
//
// Where no bucket is due, one SSTable whose estimated share of droppable tombstones exceeds
// tombstone_threshold is compacted alone (tombstones.h).
//
// Source: SizeTieredCompactionStrategy.getBuckets, mostInterestingBucket and
// AbstractCompactionStrategy.worthDroppingTombstones (Cassandra 4). Differences: Cassandra takes
// the bucket whose SSTables are read most, here it is the one with the most SSTables, then the one
// of smaller mean size; only_purge_repaired_tombstones and fully expired SSTables are not there.
#pragma once

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "engine/lsm/compaction/picker.h"

namespace revenant::lsm {

std::unique_ptr<CompactionPicker> make_size_tiered_picker(const CompactionOptions& options,
                                                          const GcRule& gc);

// Groups of similar size, in order of their mean: of items in ascending order, each joins the first
// group whose mean size times bucket_low and bucket_high it lies between, or the one of those
// smaller than min_sstable_size.
template <typename T, typename SizeOf>
std::vector<std::vector<T>> similar_sizes(std::vector<T> items, const CompactionOptions& options,
                                          SizeOf size_of) {
  const auto small = static_cast<uint64_t>(options.min_sstable_size.bytes);
  std::map<uint64_t, std::vector<T>> buckets;  // by mean size, as Cassandra keys them
  for (T& item : items) {
    const uint64_t size = size_of(item);
    const auto joins = [&](uint64_t mean) {
      return (static_cast<double>(size) > static_cast<double>(mean) * options.bucket_low &&
              static_cast<double>(size) < static_cast<double>(mean) * options.bucket_high) ||
             (size < small && mean < small);
    };
    auto place =
        std::ranges::find_if(buckets, [&](const auto& bucket) { return joins(bucket.first); });
    if (place == buckets.end()) {
      buckets[size].push_back(std::move(item));
      continue;
    }
    auto bucket = std::move(place->second);
    const uint64_t mean = (bucket.size() * place->first + size) / (bucket.size() + 1);
    buckets.erase(place);
    bucket.push_back(std::move(item));
    auto& target = buckets[mean];
    target.insert(target.end(), std::make_move_iterator(bucket.begin()),
                  std::make_move_iterator(bucket.end()));
  }
  std::vector<std::vector<T>> result;
  for (auto& [mean, bucket] : buckets) result.push_back(std::move(bucket));
  return result;
}
std::vector<std::vector<SstableMetaPtr>> size_tiered_buckets(std::vector<SstableMetaPtr> sstables,
                                                             const CompactionOptions& options);

// The bucket of most SSTables, at least min_threshold and at most max_threshold of them; empty if
// there is none.
std::vector<SstableMetaPtr> largest_bucket(const std::vector<SstableMetaPtr>& sstables,
                                           const CompactionOptions& options);

// Every SSTable of every level into one run of level `to`; nothing if there are none.
std::optional<CompactionPick> pick_all_into_one(const Levels& levels, int to = 0,
                                                uint64_t output_bytes_max = UINT64_MAX);

}  // namespace revenant::lsm
