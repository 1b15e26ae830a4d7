#include "sim/experiment/interrupt.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "engine/base/check.h"

namespace revenant::sim {
namespace {

// A handler reaches nothing but globals.
std::atomic<int> signal_seen = 0;
std::atomic<int> pipe_to_wake = -1;
static_assert(std::atomic<int>::is_always_lock_free);

void on_signal(int signal) {
  const int saved_errno = errno;
  signal_seen = signal;
  const char byte = 0;
  // Full means that it is readable already.
  [[maybe_unused]] const ssize_t written = ::write(pipe_to_wake, &byte, 1);
  errno = saved_errno;
}

}  // namespace

Interrupt::Interrupt() {
  CHECK(pipe_to_wake == -1, "only one at a time");
  int ends[2];
  CHECK(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0, "errno={}", errno);
  read_end_ = ends[0];
  write_end_ = ends[1];
  signal_seen = 0;
  pipe_to_wake = write_end_;
  struct sigaction action = {};
  action.sa_handler = on_signal;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, &former_int_);
  ::sigaction(SIGTERM, &action, &former_term_);
}

Interrupt::~Interrupt() {
  ::sigaction(SIGINT, &former_int_, nullptr);
  ::sigaction(SIGTERM, &former_term_, nullptr);
  pipe_to_wake = -1;
  ::close(read_end_);
  ::close(write_end_);
}

int Interrupt::signal() const { return signal_seen; }

void Interrupt::leave_to_parent() {
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_DFL);
}

}  // namespace revenant::sim
