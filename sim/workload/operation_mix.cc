#include "sim/workload/operation_mix.h"

#include <algorithm>

#include "engine/base/check.h"

namespace revenant::sim {

OperationMix::OperationMix(const MixOptions& weights) {
  std::array<double, kOperationKinds> by_kind{};
  const auto set = [&](OperationKind kind, double weight) {
    CHECK(weight >= 0, "{}={}", to_string(kind), weight);
    by_kind[static_cast<size_t>(kind)] = weight;
  };
  set(OperationKind::kRead, weights.read);
  set(OperationKind::kInsert, weights.insert);
  set(OperationKind::kUpdate, weights.update);
  set(OperationKind::kDelete, weights.remove);
  set(OperationKind::kScan, weights.scan);

  double total = 0;
  for (double weight : by_kind) total += weight;
  CHECK(total > 0);

  constexpr double kScale = static_cast<double>(uint64_t{1} << kBits);
  double sum = 0;
  size_t last = 0, kinds = 0;
  for (size_t k = 0; k < kOperationKinds; ++k) {
    sum += by_kind[k];
    // Sums of the same numbers in the same order: the last weight takes sum / total to exactly 1.
    thresholds_[k] = static_cast<uint64_t>(sum / total * kScale);
    if (by_kind[k] == 0) continue;
    last = k;
    ++kinds;
  }
  if (kinds == 1) only_ = static_cast<OperationKind>(last);
}

OperationKind OperationMix::choose(Random& random) const {
  if (only_) return *only_;
  const uint64_t draw = random.next() >> (64 - kBits);
  const auto at = std::ranges::upper_bound(thresholds_, draw);
  CHECK(at != thresholds_.end());
  return static_cast<OperationKind>(at - thresholds_.begin());
}

}  // namespace revenant::sim
