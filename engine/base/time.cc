#include "engine/base/time.h"

#include <array>
#include <utility>

namespace revenant {

std::string to_string(Duration d) {
  static constexpr std::array<std::pair<int64_t, const char*>, 6> kUnits = {{
      {days(1).ns, "d"},
      {hours(1).ns, "h"},
      {minutes(1).ns, "m"},
      {seconds(1).ns, "s"},
      {milliseconds(1).ns, "ms"},
      {microseconds(1).ns, "us"},
  }};
  if (d.ns == 0) return "0s";
  for (auto [unit, name] : kUnits) {
    if (d.ns % unit == 0) return fmt::format("{}{}", d.ns / unit, name);
  }
  return fmt::format("{}ns", d.ns);
}

std::string to_string(Instant t) {
  const int64_t signed_ms = t.ns / 1'000'000;  // toward zero, so that it can be negated
  const bool negative = signed_ms < 0;
  const int64_t total_ms = negative ? -signed_ms : signed_ms;
  const int64_t ms = total_ms % 1000, s = total_ms / 1000 % 60, m = total_ms / 60'000 % 60;
  const int64_t h = total_ms / 3'600'000 % 24, d = total_ms / 86'400'000;
  const std::string clock = fmt::format("{:02}:{:02}:{:02}.{:03}", h, m, s, ms);
  return fmt::format("{}{}{}", negative ? "-" : "", d > 0 ? fmt::format("{}d ", d) : "", clock);
}

}  // namespace revenant
