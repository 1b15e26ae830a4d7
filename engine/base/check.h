// CHECK: an invariant of ours. Always on; a failure prints how to see it again and ends the process
// with exit code 4.
#pragma once

#include <fmt/format.h>

#include <string>

namespace revenant {

// What a failed CHECK prints besides its own condition: node, virtual time, event number, seed,
// command. The simulator installs one for the run in progress; nullptr removes it.
using CheckContext = std::string (*)();
void set_check_context(CheckContext context);

// Prints the message and the context to stderr and ends the process with exit code 4, without
// destructors.
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const std::string& detail);

}  // namespace revenant

// CHECK(a < b, "a={} b={}", a, b): the format and its values are optional.
#define CHECK(condition, ...)                                                      \
  do {                                                                             \
    if (!(condition)) [[unlikely]]                                                 \
      ::revenant::check_failed(__FILE__, __LINE__, #condition,                     \
                               std::string(__VA_OPT__(fmt::format(__VA_ARGS__)))); \
  } while (false)
