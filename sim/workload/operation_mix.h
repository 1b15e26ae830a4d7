// Which operation comes next: kinds in proportion to their weights, independent from draw to draw.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "engine/base/random.h"
#include "sim/record/operation.h"
#include "sim/scenario/scenario.h"

namespace revenant::sim {

class OperationMix {
 public:
  // At least one weight is above 0.
  explicit OperationMix(const MixOptions& weights);

  // Draws nothing where only one kind has a weight. A kind of weight 0 never comes.
  OperationKind choose(Random& random) const;

 private:
  // A draw of kBits bits below threshold[k], and not below that of the kind before, gives kind k.
  static constexpr int kBits = 62;
  std::array<uint64_t, kOperationKinds> thresholds_{};
  std::optional<OperationKind> only_;
};

}  // namespace revenant::sim
