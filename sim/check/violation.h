// A broken property, told in a line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/time.h"

namespace revenant::sim {

struct Violation {
  std::string check;
  std::string cause;            // what kind of case it is: few, and without names or numbers
  std::optional<uint64_t> key;  // where one key is concerned
  Instant at;                   // when it showed; Instant::never() if only at the end
  std::string story;
};

}  // namespace revenant::sim
