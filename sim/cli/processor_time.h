// Time of the processor, so that other programs on the machine disturb measurements little.
#pragma once

#include <time.h>

namespace revenant::sim {

inline double seconds_of_thread() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace revenant::sim
