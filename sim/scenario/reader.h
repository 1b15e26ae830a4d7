// Reads described structs from JSON: the visitor behind load.h.
//
//   Errors errors(source);
//   Scenario scenario;
//   read_value(source.root(), "", errors, scenario);
//
// What is absent keeps its default. Every error is collected; a value in error keeps its default
// too, so that reading goes on. Optional structs may be "off". A list's elements start from their
// defaults. Structs with a profile take the profile's figures first, then their own fields.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/settings_table.h"
#include "sim/scenario/source.h"
#include "sim/scenario/spelling.h"

namespace revenant::sim {

// The errors of one source; each takes its line from its path.
class Errors {
 public:
  explicit Errors(const Source& source) : source_(source) {}

  void add(std::string path, std::string message) {
    const Source::Position& at = source_.position(path);
    list_.push_back({at.file, at.line, std::move(path), std::move(message)});
  }
  bool empty() const { return list_.empty(); }
  size_t size() const { return list_.size(); }
  void cut_to(size_t size) { list_.resize(size); }

  // In the order of lines: a text's own errors first, then those of assignments.
  std::vector<ScenarioError> take_sorted();

  int line(std::string_view path) const { return source_.position(path).line; }

 private:
  const Source& source_;
  std::vector<ScenarioError> list_;
};

template <typename T>
inline constexpr bool kIsOptional = false;
template <typename T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <typename T>
inline constexpr bool kIsList = false;
template <typename T>
inline constexpr bool kIsList<std::vector<T>> = true;
// Of values rather than of options structs.
template <typename T>
inline constexpr bool kIsSpelledList = false;
template <Spelled T>
inline constexpr bool kIsSpelledList<std::vector<T>> = true;

template <typename T>
concept Profiled = requires(T value) { value.apply_profile(); };
// The field that names the profile. A struct that says so itself may go without a profile: then its
// settings have defaults of their own.
template <Profiled T>
constexpr std::string_view profile_field() {
  if constexpr (requires { T::kProfileField; }) {
    return T::kProfileField;
  } else {
    return "profile";
  }
}
template <typename T>
concept AlwaysProfiled = Profiled<T> && !requires { T::kProfileField; };

// The widest range of a type that has one.
template <typename T>
constexpr auto widest_range() {
  if constexpr (requires { Bounds<T>::kAll; }) {
    return Bounds<T>::kAll;
  } else {
    return std::nullopt;
  }
}

// "from 1 to 1000", "at least \"1ms\"", "at most 5", or nothing if every value of the type will do.
template <typename T>
std::string range_text(const Range<T>& range) {
  const std::string least = Spelling<T>::print(range.least).dump();
  const std::string greatest = Spelling<T>::print(range.greatest).dump();
  const bool bounded_below = range.least > Bounds<T>::kAll.least;
  const bool bounded_above = range.greatest < Bounds<T>::kAll.greatest;
  if (bounded_below && bounded_above) return "from " + least + " to " + greatest;
  if (bounded_below) return "at least " + least;
  if (bounded_above) return "at most " + greatest;
  return "";
}

template <typename T, typename R>
void read_value(const Json& in, const std::string& path, Errors& errors, T& out, const R& range);

// The visitor: finds each described field in an object.
class Reader {
 public:
  Reader(const Json& object, const std::string& path, Errors& errors)
      : object_(object), path_(path), errors_(errors) {}

  template <typename T>
  void field(std::string_view name, T& value, const char*) {
    read_field(name, value, widest_range<T>());
  }
  template <typename T, typename R>
  void field(std::string_view name, T& value, Range<R> range, const char*) {
    read_field(name, value, range);
  }

  // A key that is valid here and read elsewhere.
  void allow(std::string_view name) { names_.push_back(name); }
  // Reads the field of this name alone, and nothing else, until called with an empty name.
  void read_only(std::string_view name) { only_ = name; }

  // To be called after all fields were visited.
  void report_unknown_keys() const {
    for (const auto& [key, value] : object_.items()) {
      if (std::ranges::find(names_, key) != names_.end()) continue;
      std::string hint = did_you_mean(key, names_);
      if (hint.empty()) hint = did_you_mean_elsewhere(key);
      errors_.add(field_path(path_, key), fmt::format("unknown key {}{}", quoted(Json(key)), hint));
    }
  }

 private:
  template <typename T, typename R>
  void read_field(std::string_view name, T& value, const R& range) {
    if (!only_.empty() && name != only_) return;
    if (only_.empty()) names_.push_back(name);
    if (const auto found = object_.find(name); found != object_.end()) {
      read_value(*found, field_path(path_, name), errors_, value, range);
    }
  }

  const Json& object_;
  const std::string& path_;
  Errors& errors_;
  std::vector<std::string_view> names_;
  std::string_view only_;
};

template <typename T>
void read_struct(const Json& in, const std::string& path, Errors& errors, T& out) {
  if (!in.is_object()) {
    errors.add(path, fmt::format("expected an object {{ … }}, found {}", quoted(in)));
    return;
  }
  Reader reader(in, path, errors);
  if constexpr (Profiled<T>) {
    const size_t before = errors.size();
    reader.read_only(profile_field<T>());
    out.describe(reader);
    reader.read_only("");
    errors.cut_to(before);  // the second visit reports them
    out.apply_profile();
  }
  out.describe(reader);
  if constexpr (std::is_same_v<T, Scenario>) {
    for (const char* name : {"$schema", "checks", "must_happen", "expect", "sweep"})
      reader.allow(name);
  }
  reader.report_unknown_keys();
}

// `range` is a Range of T (of its content, for an optional), or nullopt where the type has none.
template <typename T, typename R>
void read_value(const Json& in, const std::string& path, Errors& errors, T& out, const R& range) {
  if constexpr (Spelled<T>) {
    auto parsed = Spelling<T>::parse(in);
    if (!parsed) {
      errors.add(path, std::move(parsed.error()));
      return;
    }
    if constexpr (!std::is_same_v<R, std::nullopt_t>) {
      if (*parsed < range.least || *parsed > range.greatest) {
        std::string bounds = range_text(range);
        if (bounds.empty()) bounds = "at most " + Spelling<T>::print(range.greatest).dump();
        errors.add(path, fmt::format("must be {}, found {}", bounds, quoted(in)));
        return;
      }
    }
    out = std::move(*parsed);
  } else if constexpr (kIsOptional<T>) {
    using Content = typename T::value_type;
    if constexpr (!Spelled<Content>) {
      if (in == "off") {
        out.reset();
        return;
      }
      if (!in.is_object()) {
        errors.add(path,
                   fmt::format("expected an object {{ … }} or \"off\", found {}", quoted(in)));
        return;
      }
    }
    Content content = out.value_or(Content{});
    if constexpr (std::is_same_v<R, std::nullopt_t>) {
      read_value(in, path, errors, content, widest_range<Content>());
    } else {
      read_value(in, path, errors, content, range);
    }
    out = std::move(content);
  } else if constexpr (kIsList<T>) {
    if (!in.is_array()) {
      errors.add(path, fmt::format("expected a list [ … ], found {}", quoted(in)));
      return;
    }
    out.clear();
    for (size_t i = 0; i < in.size(); ++i) {
      typename T::value_type element{};
      read_value(in[i], element_path(path, i), errors, element, std::nullopt);
      out.push_back(std::move(element));
    }
  } else {
    read_struct(in, path, errors, out);
  }
}

}  // namespace revenant::sim
