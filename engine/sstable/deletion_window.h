// The most tombstones among any so many consecutive entries: what makes a scan slow, however few
// tombstones the whole SSTable holds. As RocksDB's CompactOnDeletionCollector counts: the window
// moves by a 128th of itself, so its size counts in 128ths, rounded up.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace revenant::sstable {

class DeletionWindow {
 public:
  // 0: counts nothing.
  explicit DeletionWindow(uint64_t entries)
      : bucket_entries_((entries + kBuckets - 1) / kBuckets) {}

  void add(bool tombstone) {
    if (bucket_entries_ == 0) return;
    if (in_bucket_ == bucket_entries_) {
      in_bucket_ = 0;
      current_ = (current_ + 1) % kBuckets;
      sum_ -= buckets_[current_];
      buckets_[current_] = 0;
    }
    ++in_bucket_;
    if (!tombstone) return;
    ++buckets_[current_];
    most_ = std::max(most_, ++sum_);
  }
  uint64_t most() const { return most_; }

 private:
  static constexpr uint64_t kBuckets = 128;
  uint64_t bucket_entries_;
  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t current_ = 0, in_bucket_ = 0;
  uint64_t sum_ = 0, most_ = 0;
};

}  // namespace revenant::sstable
