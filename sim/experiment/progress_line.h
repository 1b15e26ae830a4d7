// How far a long command is: one line on stderr, rewritten in place, only on a terminal that can.
// There are no colours to leave out for NO_COLOR.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>

namespace revenant::sim {

class ProgressLine {
 public:
  // `unit`: what is counted, as "runs".
  ProgressLine(std::ostream& err, std::string unit, int64_t total, int64_t done_before);

  void count(int exit_code) {
    ++done_;
    failed_ += exit_code == 0 ? 0 : 1;
  }
  void show();
  // Makes room for a line of its own.
  void clear();

 private:
  std::ostream& err_;
  const std::string unit_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const int64_t total_;
  int64_t done_;
  const int64_t done_before_;
  int64_t failed_ = 0;
  bool shown_;
};

}  // namespace revenant::sim
