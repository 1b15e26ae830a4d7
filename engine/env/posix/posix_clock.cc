#include "engine/env/posix/posix_clock.h"

#include <time.h>

#include "engine/base/check.h"

namespace revenant::env {
namespace {

Instant read_clock(clockid_t clock) {
  timespec time;
  CHECK(clock_gettime(clock, &time) == 0);
  return Instant{} + seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

}  // namespace

Instant PosixClock::now() const { return read_clock(CLOCK_REALTIME); }
Instant PosixClock::monotonic() const { return read_clock(CLOCK_MONOTONIC); }

}  // namespace revenant::env
