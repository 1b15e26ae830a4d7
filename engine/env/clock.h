// A node's clocks.
#pragma once

#include "engine/base/time.h"

namespace revenant::env {

class Clock {
 public:
  virtual ~Clock() = default;

  // What the node believes the time of day to be: timestamps and deletion times come from it. It
  // may be off and may drift; it never goes back between two calls unless the world steps it.
  virtual Instant now() const = 0;

  // Time since some fixed point, never stepped: latencies, time-outs, periods.
  virtual Instant monotonic() const = 0;
};

}  // namespace revenant::env
