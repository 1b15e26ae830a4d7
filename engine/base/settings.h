// Settings are described once. Each options struct names its fields in one member function:
//
//   struct WalOptions {
//     WalSync sync = WalSync::kPeriodic;
//     Duration sync_period = seconds(10);
//
//     template <typename V> void describe(V& v) {
//       v.field("sync", sync, "When an append reaches the disk.");
//       v.field("sync_period", sync_period, at_least(microseconds(1)), "Time between syncs (periodic).");
//     }
//   };
//
// Defaults are the member initializers. A visitor V gets the name, a reference, the range and one
// line of help; parsing, validation with nearest names, --set, the JSON Schema, the reference text
// and the resolved scenario printed back are all visitors (sim/scenario). Nested options structs
// are fields too.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "engine/base/time.h"

namespace revenant {

// A number of bytes; in files "64MiB", "4KiB", "100B".
struct ByteSize {
  int64_t bytes = 0;
  friend constexpr auto operator<=>(ByteSize, ByteSize) = default;
};
constexpr ByteSize kib(int64_t n) { return {n << 10}; }
constexpr ByteSize mib(int64_t n) { return {n << 20}; }
constexpr ByteSize gib(int64_t n) { return {n << 30}; }

// A chance in parts per billion, so that comparing it with a draw is exact; in files 0.01 or "1%".
struct Probability {
  int64_t ppb = 0;
  friend constexpr auto operator<=>(Probability, Probability) = default;
};

// Occurrences per second; in files "200/s", "0.5/s", "6/m", "1/h".
struct Rate {
  double per_second = 0;
  friend constexpr auto operator<=>(Rate, Rate) = default;
};

// Bandwidth in bytes per second; in files "200MiB/s".
struct Bandwidth {
  int64_t bytes_per_second = 0;
  friend constexpr auto operator<=>(Bandwidth, Bandwidth) = default;
};

// Inclusive bounds of a field, in the field's own type.
template <typename T>
struct Range {
  T least;
  T greatest;
};
template <typename T>
struct Bounds;  // the widest sensible range of a type
template <>
struct Bounds<int64_t> {
  static constexpr Range<int64_t> kAll{INT64_MIN, INT64_MAX};
};
template <>
struct Bounds<double> {
  static constexpr Range<double> kAll{std::numeric_limits<double>::lowest(),
                                      std::numeric_limits<double>::max()};
};
template <>
struct Bounds<Duration> {
  static constexpr Range<Duration> kAll{{0}, {INT64_MAX}};
};
template <>
struct Bounds<ByteSize> {
  static constexpr Range<ByteSize> kAll{{0}, {INT64_MAX}};
};
template <>
struct Bounds<Rate> {
  static constexpr Range<Rate> kAll{{0}, {1e12}};
};
template <>
struct Bounds<Bandwidth> {
  static constexpr Range<Bandwidth> kAll{{1}, {INT64_MAX}};
};
template <>
struct Bounds<Probability> {
  static constexpr Range<Probability> kAll{{0}, {1'000'000'000}};
};

template <typename T>
constexpr Range<T> at_least(T least) {
  return {least, Bounds<T>::kAll.greatest};
}
template <typename T>
constexpr Range<T> between(T least, T greatest) {
  return {least, greatest};
}

// Names of an enum's values as files spell them. Each enum used as a setting defines, in its own namespace,
//   constexpr auto enum_names(WalSync) { return std::array{EnumName<WalSync>{WalSync::kAlways, "always", "…"}, …}; }
template <typename E>
struct EnumName {
  E value;
  std::string_view name;
  std::string_view help;
};
template <typename E>
constexpr std::string_view enum_name(E value) {
  for (const auto& entry : enum_names(E{})) {
    if (entry.value == value) return entry.name;
  }
  return "?";
}

// How files spell a quantity; what a parser accepts back to the same value.
std::string to_string(ByteSize size);
std::string to_string(Probability p);
std::string to_string(Rate rate);
std::string to_string(Bandwidth b);

}  // namespace revenant
