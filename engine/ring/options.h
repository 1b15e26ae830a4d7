// Placement: how many nodes hold each key, and how many tokens each node owns.
#pragma once

#include <array>
#include <map>

#include "engine/base/settings.h"

namespace revenant::ring {

// How many nodes hold each key: so many of all, wherever they stand (Cassandra's SimpleStrategy),
// or so many of each data center, there on distinct racks as far as there are racks
// (NetworkTopologyStrategy).
struct ReplicationFactor {
  int64_t of_all = 3;
  std::map<int64_t, int64_t> of_data_centers;  // if there are any, of_all counts for nothing

  int64_t total() const {
    if (of_data_centers.empty()) return of_all;
    int64_t sum = 0;
    for (const auto& [data_center, factor] : of_data_centers) sum += factor;
    return sum;
  }
  friend bool operator==(const ReplicationFactor&, const ReplicationFactor&) = default;
};

enum class TokenAllocation : uint8_t { kRandom, kEven };
constexpr auto enum_names(TokenAllocation) {
  return std::array{
      EnumName<TokenAllocation>{TokenAllocation::kRandom, "random", "drawn at random"},
      EnumName<TokenAllocation>{
          TokenAllocation::kEven, "even",
          "where they even out what nodes hold of the circle, replicas included"},
  };
}

struct RingOptions {
  ReplicationFactor replication_factor;
  int64_t vnodes = 16;
  TokenAllocation allocation = TokenAllocation::kRandom;

  template <typename V>
  void describe(V& v) {
    v.field("replication_factor", replication_factor,
            "Distinct nodes that hold each key, wherever they stand; or, by region, so many of "
            "each: { \"region 0\": 3, \"region 1\": 2 }, there in distinct zones (racks, if the "
            "region has one zone) as far as there are so many. Cassandra: SimpleStrategy, "
            "NetworkTopologyStrategy; a region is a data center.");
    v.field("vnodes", vnodes, between<int64_t>(1, 4096),
            "Tokens each node owns. Cassandra: num_tokens, 16.");
    v.field("allocation", allocation,
            "How a node that joins chooses its tokens. Cassandra: even "
            "(allocate_tokens_for_local_replication_factor).");
  }
};

}  // namespace revenant::ring
