// Which key an operation goes to. Keys are numbered 0, 1, … in the order of their insertion; the
// number of keys may grow from one choice to the next.
//
//   uniform      every key alike
//   zipf         rank = index: the oldest keys are the most popular, a new one is the least
//   latest       rank counts back from the newest key, as in YCSB's workload D
//   sequential   0, 1, 2, … and from the start again
//
// Ranks are not scattered over the indexes as YCSB's scrambled Zipfian does: placement hashes keys
// anyway, and so theta means what it says. Popularity is independent from choice to choice: no
// bursts, no locality in key order.
#pragma once

#include <optional>

#include "engine/base/random.h"
#include "sim/scenario/scenario.h"

namespace revenant::sim {

class KeyChooser {
 public:
  // `zipf_theta` counts for kZipf and kLatest: rank r is chosen with probability proportional to
  // 1/(r+1)^theta.
  KeyChooser(Popularity popularity, double zipf_theta)
      : popularity_(popularity), theta_(zipf_theta) {}

  // An index in [0, keys); keys > 0. Sequential draws nothing.
  uint64_t choose(uint64_t keys, Random& random);

 private:
  uint64_t rank(uint64_t keys, Random& random);

  Popularity popularity_;
  double theta_;
  std::optional<Zipf> zipf_;  // for the number of keys last seen
  uint64_t next_ = 0;         // sequential
};

}  // namespace revenant::sim
