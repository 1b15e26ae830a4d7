// The machine's clocks.
#pragma once

#include "engine/env/clock.h"

namespace revenant::env {

class PosixClock final : public Clock {
 public:
  Instant now() const override;  // CLOCK_REALTIME: since 1970; stepped when the administrator does
  Instant monotonic() const override;  // CLOCK_MONOTONIC: since some start, never stepped
};

}  // namespace revenant::env
