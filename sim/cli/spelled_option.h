// An option whose value is spelled as scenarios spell it.
#pragma once

#include "sim/cli/command.h"
#include "sim/scenario/spelling.h"

namespace revenant::sim {

// It must have been given, or have a default.
template <typename T>
std::expected<T, Exit> spelled(const boost::program_options::variables_map& values,
                               const char* option) {
  const auto parsed = Spelling<T>::parse(values[option].as<std::string>());
  if (!parsed) return fail(2, fmt::format("--{}: {}", option, parsed.error()));
  return *parsed;
}

}  // namespace revenant::sim
