#include "sim/workload/popularity.h"

#include "engine/base/check.h"

namespace revenant::sim {

uint64_t KeyChooser::choose(uint64_t keys, Random& random) {
  CHECK(keys > 0);
  switch (popularity_) {
    case Popularity::kUniform:
      return random.below(keys);
    case Popularity::kZipf:
      return rank(keys, random);
    case Popularity::kLatest:
      return keys - 1 - rank(keys, random);
    case Popularity::kSequential: {
      const uint64_t index = next_ < keys ? next_ : 0;
      next_ = index + 1;
      return index;
    }
  }
  CHECK(false, "popularity={}", static_cast<int>(popularity_));
}

uint64_t KeyChooser::rank(uint64_t keys, Random& random) {
  if (!zipf_ || zipf_->n() != keys) zipf_.emplace(keys, theta_);
  return (*zipf_)(random);
}

}  // namespace revenant::sim
