#include "engine/sstable/tombstone_histogram.h"

#include <algorithm>

namespace revenant::sstable {

void TombstoneHistogram::add(Instant deletion_time) {
  ++count_;
  const int64_t index = deletion_time.ns >> shift_;
  const auto at = std::ranges::lower_bound(bins_, index, {}, &Bin::index);
  if (at != bins_.end() && at->index == index) {
    ++at->count;
    return;
  }
  bins_.insert(at, {index, 1});
  while (bins_.size() > kBinsMax) widen();
}

void TombstoneHistogram::widen() {
  ++shift_;
  size_t kept = 0;
  for (const Bin& bin : bins_) {
    const int64_t index = bin.index >> 1;
    if (kept > 0 && bins_[kept - 1].index == index) {
      bins_[kept - 1].count += bin.count;
    } else {
      bins_[kept++] = {index, bin.count};
    }
  }
  bins_.resize(kept);
}

double TombstoneHistogram::before(Instant time) const {
  double sum = 0;
  for (const Bin& bin : bins_) {
    const double share = (static_cast<double>(time.ns) - begin_of(bin)) / width();
    if (share <= 0) break;
    sum += static_cast<double>(bin.count) * std::min(share, 1.0);
  }
  return sum;
}

std::optional<Instant> TombstoneHistogram::reaches(double count) const {
  double sum = 0;
  for (const Bin& bin : bins_) {
    const auto here = static_cast<double>(bin.count);
    if (sum + here < count) {
      sum += here;
      continue;
    }
    const double at = begin_of(bin) + width() * std::max(0.0, (count - sum) / here);
    // Rounded up, beyond what rounding took.
    if (at >= static_cast<double>(INT64_MAX - 4096)) return std::nullopt;
    return Instant{static_cast<int64_t>(at) + 1};
  }
  return std::nullopt;
}

void TombstoneHistogram::append_to(Buffer& out) const {
  put_varint(out, shift_);
  put_varint(out, bins_.size());
  int64_t last = 0;
  for (const Bin& bin : bins_) {
    if (&bin == bins_.data()) {
      put_fixed(out, bin.index);
    } else {
      // Two indexes may lie further apart than an int64_t can say.
      put_varint(out, static_cast<uint64_t>(bin.index) - static_cast<uint64_t>(last));
    }
    last = bin.index;
    put_varint(out, bin.count);
  }
}

TombstoneHistogram TombstoneHistogram::decode(Decoder& in) {
  TombstoneHistogram result;
  const uint64_t shift = in.varint();
  const uint64_t bins = in.varint();
  if (shift > 63 || bins > kBinsMax) in.fail();
  result.shift_ = static_cast<uint32_t>(shift & 63);
  for (uint64_t i = 0; i < bins && !in.failed(); ++i) {
    int64_t index;
    if (i == 0) {
      index = in.fixed<int64_t>();
    } else {
      const int64_t last = result.bins_.back().index;
      index = static_cast<int64_t>(static_cast<uint64_t>(last) + in.varint());
      if (index <= last) in.fail();
    }
    result.bins_.push_back({index, in.varint()});
    result.count_ += result.bins_.back().count;
  }
  return result;
}

}  // namespace revenant::sstable
