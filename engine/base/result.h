// Expected failures travel in Result<T>; broken invariants stop the run with CHECK (check.h).
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

namespace revenant {

// A code exists only where some caller can react to it; everything else is detail in the message.
enum class ErrorCode {
  kNotFound,     // the file or name does not exist
  kCorruption,   // bytes read back are not the bytes written
  kIo,           // the device or file system refused
  kNoSpace,      // the disk is full
  kUnavailable,  // not enough live replicas: surely not applied
  kTimeout,      // no answer in time: the outcome is unknown
  kInvalid,      // the caller's input is wrong
};

std::string_view to_string(ErrorCode code);

struct Error {
  ErrorCode code;
  std::string message;
};

template <typename T>
using Result = std::expected<T, Error>;

template <typename... Args>
[[nodiscard]] std::unexpected<Error> error(ErrorCode code, fmt::format_string<Args...> format,
                                           Args&&... args) {
  return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

}  // namespace revenant

#define REVENANT_CONCAT_(a, b) a##b
#define REVENANT_CONCAT(a, b) REVENANT_CONCAT_(a, b)

// Returns the error of `expression` (a Result) to the caller, or goes on.
#define RETURN_IF_ERROR(expression)                                     \
  do {                                                                  \
    if (auto result_ = (expression); !result_.has_value()) [[unlikely]] \
      return std::unexpected(std::move(result_.error()));               \
  } while (false)

// ASSIGN_OR_RETURN(auto block, file.read(handle)): the value, or the error to the caller.
#define ASSIGN_OR_RETURN(declaration, expression)                                  \
  auto REVENANT_CONCAT(result_, __LINE__) = (expression);                          \
  if (!REVENANT_CONCAT(result_, __LINE__).has_value()) [[unlikely]]                \
    return std::unexpected(std::move(REVENANT_CONCAT(result_, __LINE__).error())); \
  declaration = std::move(REVENANT_CONCAT(result_, __LINE__).value())

template <>
struct fmt::formatter<revenant::Error> : fmt::formatter<std::string_view> {
  auto format(const revenant::Error& e, format_context& context) const {
    return fmt::format_to(context.out(), "{}: {}", revenant::to_string(e.code), e.message);
  }
};
