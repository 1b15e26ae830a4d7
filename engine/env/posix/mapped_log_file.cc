#include "engine/env/posix/mapped_log_file.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace revenant::env {

Result<std::unique_ptr<AppendFile>> MappedLogFile::create(std::string path, Descriptor descriptor) {
  std::unique_ptr<MappedLogFile> file(new MappedLogFile(std::move(path), std::move(descriptor)));
  RETURN_IF_ERROR(file->next_window());
  return file;
}

MappedLogFile::~MappedLogFile() { unmap(); }

Result<void> MappedLogFile::append(Bytes data, Cause) {
  RETURN_IF_ERROR(usable());
  while (!data.empty()) {
    if (left_ == 0) RETURN_IF_ERROR(next_window());
    const size_t n = std::min<size_t>(data.size(), left_);
    std::memcpy(at_, data.data(), n);
    at_ += n;
    left_ -= n;
    data.remove_prefix(n);
  }
  return {};
}

Result<void> MappedLogFile::sync(Cause) {
  RETURN_IF_ERROR(usable());
  // It writes pages that were changed through a mapping too.
  if (uninterrupted([&] { return ::fdatasync(descriptor_.get()); }) != 0) return fail(errno);
  return {};
}

Result<void> MappedLogFile::next_window() {
  unmap();
  const auto start = static_cast<off_t>(window_end_);
  if (uninterrupted([&] { return ::fallocate(descriptor_.get(), 0, start, kWindowBytes); }) != 0) {
    return fail(errno);
  }
  void* const window =
      ::mmap(nullptr, kWindowBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_.get(), start);
  if (window == MAP_FAILED) return fail(errno);
  window_ = at_ = static_cast<char*>(window);
  left_ = kWindowBytes;
  window_end_ += kWindowBytes;
  return {};
}

void MappedLogFile::unmap() {
  if (window_ != nullptr) ::munmap(window_, kWindowBytes);
  window_ = nullptr;
}

// After a failed fdatasync the kernel has marked the pages clean: a second one would succeed
// without them.
std::unexpected<Error> MappedLogFile::fail(int number) {
  failed_ = true;
  return system_error(path_, number);
}
Result<void> MappedLogFile::usable() const {
  if (failed_) return error(ErrorCode::kIo, "{}: abandoned after an error", path_);
  return {};
}

}  // namespace revenant::env
