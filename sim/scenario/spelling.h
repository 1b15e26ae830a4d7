// How scenario files spell the value of one setting: "250ms", "64MiB", "6/m", "1%", "QUORUM", [0,
// 2].
//
// Spelling<T> is all that the visitors over the settings (reader.h, resolved.h, schema.h) know of a
// type:
//
//   parse(json)   the value, or what is wrong with it, with an example of what is right
//   print(value)  its normal form; parse() gives the same value back
//   schema()      what JSON Schema can say of it
//   kType         its name for people
//
// A type without a Spelling is an options struct (it describes its fields), an optional or a list.
#pragma once

#include <expected>
#include <string>

#include "sim/scenario/error.h"
#include "sim/scenario/scenario.h"

namespace revenant::sim {

template <typename T>
using Parsed = std::expected<T, std::string>;

// A value as an error message quotes it: one line, cut to a readable length.
std::string quoted(const Json& value);

template <typename T>
struct Spelling;

// Declares the Spelling of a type whose functions stand in spelling.cc.
#define REVENANT_SPELLING(T, type)             \
  template <>                                  \
  struct Spelling<T> {                         \
    static constexpr const char* kType = type; \
    static Parsed<T> parse(const Json& value); \
    static Json print(const T& value);         \
    static Json schema();                      \
  }
REVENANT_SPELLING(bool, "true or false");
REVENANT_SPELLING(int64_t, "whole number");
REVENANT_SPELLING(double, "number");
REVENANT_SPELLING(std::string, "text");
REVENANT_SPELLING(Duration, "duration");
REVENANT_SPELLING(ByteSize, "size");
REVENANT_SPELLING(Rate, "rate");
REVENANT_SPELLING(Bandwidth, "bandwidth");
REVENANT_SPELLING(Probability, "probability");
REVENANT_SPELLING(replication::ConsistencyLevel, "consistency level");
REVENANT_SPELLING(replication::SpeculativeRetry, "speculative retry");
REVENANT_SPELLING(ring::ReplicationFactor, "replication factor");
REVENANT_SPELLING(NodeSet, "nodes");
REVENANT_SPELLING(Quantiles, "quantiles");
REVENANT_SPELLING(ScriptedOperation, "operation");
#undef REVENANT_SPELLING

// `expected "a", "b" or "c", found …`, with the nearest of the names.
std::string not_among(const std::vector<std::string_view>& names, const Json& found);

template <typename E>
  requires std::is_enum_v<E>
struct Spelling<E> {
  static constexpr const char* kType = "choice";

  static Parsed<E> parse(const Json& value) {
    std::vector<std::string_view> names;
    for (const auto& entry : enum_names(E{})) {
      if (value.is_string() && value.get_ref<const std::string&>() == entry.name)
        return entry.value;
      names.push_back(entry.name);
    }
    return std::unexpected(not_among(names, value));
  }
  static Json print(E value) { return enum_name(value); }
  static Json schema() {
    Json names = Json::array();
    for (const auto& entry : enum_names(E{})) names.push_back(entry.name);
    return Json{{"enum", names}};
  }
};

template <typename T>
concept Spelled = requires { Spelling<T>::kType; };

}  // namespace revenant::sim
