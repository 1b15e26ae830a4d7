#include "sim/experiment/progress_line.h"

#include <fmt/ostream.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ostream>

#include "engine/base/time.h"

namespace revenant::sim {

ProgressLine::ProgressLine(std::ostream& err, std::string unit, int64_t total, int64_t done_before)
    : err_(err),
      unit_(std::move(unit)),
      total_(total),
      done_(done_before),
      done_before_(done_before) {
  const char* terminal = std::getenv("TERM");
  shown_ =
      ::isatty(STDERR_FILENO) != 0 && terminal != nullptr && std::strcmp(terminal, "dumb") != 0;
}

void ProgressLine::show() {
  if (!shown_) return;
  using std::chrono::steady_clock;
  const double seconds = std::chrono::duration<double>(steady_clock::now() - start_).count();
  std::string left;
  if (done_ > done_before_) {
    const double each = seconds / static_cast<double>(done_ - done_before_);
    const auto whole = static_cast<int64_t>(std::ceil(each * static_cast<double>(total_ - done_)));
    left = fmt::format(", {} left",
                       to_string(revenant::seconds(whole >= 600 ? whole / 60 * 60 : whole)));
  }
  const std::string failed = failed_ == 0 ? "" : fmt::format(", {} failed", failed_);
  fmt::print(err_, "\r\033[K{}/{} {}{}{}", done_, total_, unit_, failed, left);
  err_.flush();
}

void ProgressLine::clear() {
  if (shown_) fmt::print(err_, "\r\033[K");
}

}  // namespace revenant::sim
