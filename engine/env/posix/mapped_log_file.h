// A file for many small appends, written through a window of memory that is mapped onto it: an
// append is a copy, where a call of the system would cost several times as much.
//
//   file    | appended …………………………… | appended … | set aside, zeros |
//                                     └──── window, mapped ────────┘
//
// What was appended is in the operating system's cache at once, as after write(): it survives the
// process, and sync() makes it survive the machine. Space for a window is set aside before it is
// mapped, so a full disk is an error of append() and never a signal. The file's length includes what
// is set aside: a log is removed soon after its last append, and giving back its end would cost more
// than the end is worth.
#pragma once

#include <string>

#include "engine/env/file_system.h"
#include "engine/env/posix/descriptor.h"

namespace revenant::env {

class MappedLogFile final : public AppendFile {
 public:
  static constexpr uint64_t kWindowBytes = 1 << 20;

  // `descriptor` is of a new file, open for reading and writing, on a file system that can set
  // space aside (fallocate).
  static Result<std::unique_ptr<AppendFile>> create(std::string path, Descriptor descriptor);
  ~MappedLogFile() override;

  Result<void> append(Bytes data, Cause cause) override;
  Result<void> sync(Cause cause) override;
  uint64_t size() const override { return window_end_ - left_; }

 private:
  MappedLogFile(std::string path, Descriptor descriptor)
      : path_(std::move(path)), descriptor_(std::move(descriptor)) {}
  Result<void> next_window();
  void unmap();
  std::unexpected<Error> fail(int number);
  Result<void> usable() const;

  const std::string path_;
  const Descriptor descriptor_;
  char* window_ = nullptr;
  char* at_ = nullptr;       // the end of what was appended, within the window
  uint64_t left_ = 0;        // of the window
  uint64_t window_end_ = 0;  // in the file
  bool failed_ = false;
};

}  // namespace revenant::env
