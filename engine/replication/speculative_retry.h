// When a read asks one replica more than it needs, in case one of those asked is slow. As Cassandra
// spells it: "never", "always", "99p" (the percentile of the coordinator's recent reads), "50ms".
#pragma once

#include <string>
#include <string_view>

#include "engine/base/settings.h"

namespace revenant::replication {

struct SpeculativeRetry {
  enum class Kind : uint8_t { kNever, kAlways, kPercentile, kAfter };
  Kind kind = Kind::kNever;
  Probability percentile{};  // kPercentile only
  Duration delay{};          // kAfter only

  friend bool operator==(const SpeculativeRetry&, const SpeculativeRetry&) = default;
};

}  // namespace revenant::replication
