// Ctrl-C and SIGTERM as something to wait for: while one of these lives, they no longer end the
// process.
#pragma once

#include <csignal>

namespace revenant::sim {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();  // the former behaviour is back
  Interrupt(const Interrupt&) = delete;

  // The signal that came, or 0.
  int signal() const;
  // Readable from the first signal on, for poll().
  int file() const { return read_end_; }

  // In a child after fork(): Ctrl-C is its parent's business, SIGTERM ends it.
  static void leave_to_parent();

 private:
  int read_end_, write_end_;
  struct sigaction former_int_, former_term_;
};

}  // namespace revenant::sim
