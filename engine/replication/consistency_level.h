// How many replicas must answer, and where they must stand. Cassandra's levels, and numbers.
//
//   ONE TWO THREE QUORUM ALL 2    so many of the key's replicas, wherever they stand
//   LOCAL_ONE LOCAL_QUORUM        so many of those in the coordinator's data center
//   EACH_QUORUM                   a quorum in each data center
//   ANY                           writes only: one replica, or a hint in its stead
//
// Which replicas these are for a key is quorum.h's to say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace revenant::replication {

struct ConsistencyLevel {
  enum class Kind : uint8_t {
    kOne,
    kTwo,
    kThree,
    kQuorum,
    kAll,
    kLocalOne,
    kLocalQuorum,
    kEachQuorum,
    kAny,
    kNumber,
  };
  Kind kind = Kind::kQuorum;
  int64_t number = 0;  // kNumber only

  // Replicas that surely hold what was written, or were asked, at this level; nothing if that
  // depends on the data centers the replicas stand in. ANY: none.
  std::optional<int64_t> required(int64_t replication_factor) const;

  friend bool operator==(const ConsistencyLevel&, const ConsistencyLevel&) = default;
};

constexpr int64_t majority(int64_t of) { return of / 2 + 1; }

std::string to_string(const ConsistencyLevel& level);
// "QUORUM", "2".
Result<ConsistencyLevel> parse_consistency_level(std::string_view text);
// Those that are not numbers, for messages and schemas.
std::vector<std::string_view> consistency_level_names();

}  // namespace revenant::replication
