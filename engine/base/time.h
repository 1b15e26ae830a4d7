// Time is an integer of nanoseconds. A Duration is a span; an Instant is a point on some clock's
// line: the kernel's virtual time, or a node's own clock (env::Clock), which may be off. Never
// double.
#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstdint>
#include <string>

namespace revenant {

struct Duration {
  int64_t ns = 0;

  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
  friend constexpr Duration operator*(Duration a, int64_t n) { return {a.ns * n}; }
  friend constexpr Duration operator/(Duration a, int64_t n) { return {a.ns / n}; }
  constexpr Duration& operator+=(Duration b) {
    ns += b.ns;
    return *this;
  }
  // For figures only; decisions stay with integers.
  constexpr double in_seconds() const { return static_cast<double>(ns) / 1e9; }
};

struct Instant {
  int64_t ns = 0;

  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Instant operator+(Instant a, Duration b) { return {a.ns + b.ns}; }
  friend constexpr Instant operator-(Instant a, Duration b) { return {a.ns - b.ns}; }
  friend constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }
  constexpr Instant& operator+=(Duration b) {
    ns += b.ns;
    return *this;
  }
  constexpr double in_seconds() const { return static_cast<double>(ns) / 1e9; }

  // Later than any instant a run can reach.
  static constexpr Instant never() { return {INT64_MAX}; }
};

constexpr Duration nanoseconds(int64_t n) { return {n}; }
constexpr Duration microseconds(int64_t n) { return {n * 1'000}; }
constexpr Duration milliseconds(int64_t n) { return {n * 1'000'000}; }
constexpr Duration seconds(int64_t n) { return {n * 1'000'000'000}; }
constexpr Duration minutes(int64_t n) { return seconds(60 * n); }
constexpr Duration hours(int64_t n) { return minutes(60 * n); }
constexpr Duration days(int64_t n) { return hours(24 * n); }

// The largest unit that keeps it exact ("10d", "250ms", "1500us"): what a scenario file accepts
// back.
std::string to_string(Duration d);
// For people: days, hours, minutes and seconds since the start ("3d 04:00:00.250").
std::string to_string(Instant t);

}  // namespace revenant

template <>
struct fmt::formatter<revenant::Duration> : fmt::formatter<std::string_view> {
  auto format(revenant::Duration d, format_context& context) const {
    return formatter<std::string_view>::format(revenant::to_string(d), context);
  }
};
template <>
struct fmt::formatter<revenant::Instant> : fmt::formatter<std::string_view> {
  auto format(revenant::Instant t, format_context& context) const {
    return formatter<std::string_view>::format(revenant::to_string(t), context);
  }
};
