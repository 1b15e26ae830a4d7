// A file descriptor that is closed when its owner goes, and the system's errors as ours.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "engine/base/result.h"

namespace revenant::env {

inline std::unexpected<Error> system_error(const std::string& path, int number) {
  const std::string words = std::generic_category().message(number);
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return error(ErrorCode::kNotFound, "{}: {}", path, words);
    case ENOSPC:
    case EDQUOT:
      return error(ErrorCode::kNoSpace, "{}: {}", path, words);
    case EEXIST:
      return error(ErrorCode::kInvalid, "{}: {}", path, words);
    default:
      return error(ErrorCode::kIo, "{}: {}", path, words);
  }
}

// Repeats a call that a signal interrupted.
template <typename Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);  // EINTR included: the descriptor is gone either way on Linux
  }

  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

inline Descriptor open_descriptor(const std::string& path, int flags) {
  return Descriptor(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0644); }));
}

}  // namespace revenant::env
