// Placement: how many nodes hold each key, and how many tokens each node owns.
#pragma once

#include "engine/base/settings.h"

namespace revenant::ring {

struct RingOptions {
  int64_t replication_factor = 3;
  int64_t vnodes = 16;

  template <typename V>
  void describe(V& v) {
    v.field("replication_factor", replication_factor, between<int64_t>(1, 64),
            "Distinct nodes that hold each key.");
    v.field("vnodes", vnodes, between<int64_t>(1, 4096),
            "Tokens each node owns. Cassandra: num_tokens, 16.");
  }
};

}  // namespace revenant::ring
