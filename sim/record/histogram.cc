#include "sim/record/histogram.h"

#include <algorithm>
#include <bit>

namespace revenant::sim {
namespace {

constexpr unsigned kSubBits = 8;
constexpr uint64_t kSub = 1u << kSubBits;

size_t bucket_of(uint64_t ns) {
  if (ns < kSub) return ns;
  const unsigned shift = static_cast<unsigned>(std::bit_width(ns)) - kSubBits - 1;
  return (shift + 1) * kSub + ((ns >> shift) - kSub);
}

// The greatest value of a bucket.
uint64_t bound_of(size_t bucket) {
  if (bucket < kSub) return bucket;
  const uint64_t shift = bucket / kSub - 1;
  return ((kSub + bucket % kSub + 1) << shift) - 1;
}

}  // namespace

void Histogram::add(Duration value) {
  const auto ns = static_cast<uint64_t>(std::max<int64_t>(value.ns, 0));
  const size_t bucket = bucket_of(ns);
  if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
  ++buckets_[bucket];
  ++count_;
  sum_ns_ += static_cast<double>(ns);
  greatest_ = std::max(greatest_, value);
}

double Histogram::mean_ns() const {
  return count_ == 0 ? 0 : sum_ns_ / static_cast<double>(count_);
}

Duration Histogram::quantile(uint64_t per_million) const {
  if (count_ == 0) return {};
  const uint64_t rank = std::max<uint64_t>(1, (count_ * per_million + 999'999) / 1'000'000);
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= rank) return std::min(Duration{static_cast<int64_t>(bound_of(bucket))}, greatest_);
  }
  return greatest_;
}

}  // namespace revenant::sim
