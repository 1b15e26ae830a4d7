#include "engine/env/posix/posix_file_system.h"

#include <dirent.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "engine/env/posix/descriptor.h"
#include "engine/env/posix/mapped_log_file.h"

namespace revenant::env {
namespace {

class PosixAppendFile final : public AppendFile {
 public:
  PosixAppendFile(std::string path, Descriptor descriptor)
      : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

  Result<void> append(Bytes data, Cause) override {
    RETURN_IF_ERROR(usable());
    while (!data.empty()) {
      const ssize_t n =
          uninterrupted([&] { return ::write(descriptor_.get(), data.data(), data.size()); });
      if (n < 0) return fail(errno);
      data.remove_prefix(static_cast<size_t>(n));
      size_ += static_cast<uint64_t>(n);
    }
    return {};
  }

  Result<void> sync(Cause) override {
    RETURN_IF_ERROR(usable());
    if (uninterrupted([&] { return ::fdatasync(descriptor_.get()); }) != 0) return fail(errno);
    return {};
  }

  uint64_t size() const override { return size_; }

 private:
  // After a failed write the tail is unknown, and after a failed fdatasync the kernel has marked
  // the pages clean: a second one would succeed without them.
  std::unexpected<Error> fail(int number) {
    failed_ = true;
    return system_error(path_, number);
  }
  Result<void> usable() const {
    if (failed_) return error(ErrorCode::kIo, "{}: abandoned after an error", path_);
    return {};
  }

  const std::string path_;
  const Descriptor descriptor_;
  uint64_t size_ = 0;
  bool failed_ = false;
};

class PosixReadFile final : public ReadFile {
 public:
  PosixReadFile(std::string path, Descriptor descriptor)
      : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

  Result<void> read(uint64_t offset, uint64_t size, Buffer& out, Cause) override {
    // Neither asks for the size nor clears the bytes first: a block is one call of the system.
    int failure = 0;
    out.resize_and_overwrite(size, [&](char* bytes, size_t) {
      size_t done = 0;
      while (done < size) {
        const ssize_t n = uninterrupted([&] {
          return ::pread(descriptor_.get(), bytes + done, size - done,
                         static_cast<off_t>(offset + done));
        });
        if (n < 0) failure = errno;
        if (n <= 0) break;
        done += static_cast<size_t>(n);
      }
      return done;
    });
    if (failure != 0) return system_error(path_, failure);
    return {};
  }

  uint64_t size() const override {
    struct stat status;
    return ::fstat(descriptor_.get(), &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
  }

 private:
  const std::string path_;
  const Descriptor descriptor_;
};

class MappedReadFile final : public ReadFile {
 public:
  // Takes over the mapping.
  explicit MappedReadFile(Bytes mapping) : mapping_(mapping) {}
  MappedReadFile(const MappedReadFile&) = delete;
  ~MappedReadFile() override { ::munmap(const_cast<char*>(mapping_.data()), mapping_.size()); }

  Result<void> read(uint64_t offset, uint64_t size, Buffer& out, Cause) override {
    out = mapping_.substr(std::min<uint64_t>(offset, mapping_.size()), size);
    return {};
  }
  uint64_t size() const override { return mapping_.size(); }
  Bytes mapped() const override { return mapping_; }

 private:
  const Bytes mapping_;
};

Result<void> sync_directory_at(const std::string& path) {
  const Descriptor directory = open_descriptor(path, O_RDONLY | O_DIRECTORY);
  if (!directory.valid()) return system_error(path, errno);
  if (uninterrupted([&] { return ::fsync(directory.get()); }) != 0)
    return system_error(path, errno);
  return {};
}

bool is_regular_file(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

class PosixFileSystem final : public FileSystem {
 public:
  PosixFileSystem(std::string root, PosixFileSystemOptions options)
      : root_(std::move(root)), options_(options) {}

  Result<std::unique_ptr<AppendFile>> create(const std::string& path) override {
    ASSIGN_OR_RETURN(std::string full, resolve(path));
    Descriptor descriptor = open_descriptor(full, O_WRONLY | O_APPEND | O_CREAT | O_EXCL);
    if (!descriptor.valid()) return system_error(full, errno);
    return std::make_unique<PosixAppendFile>(std::move(full), std::move(descriptor));
  }

  Result<std::unique_ptr<AppendFile>> create_log(const std::string& path) override {
    ASSIGN_OR_RETURN(std::string full, resolve(path));
    Descriptor descriptor = open_descriptor(full, O_RDWR | O_CREAT | O_EXCL);
    if (!descriptor.valid()) return system_error(full, errno);
    return MappedLogFile::create(std::move(full), std::move(descriptor));
  }

  Result<std::unique_ptr<ReadFile>> open(const std::string& path) override {
    ASSIGN_OR_RETURN(std::string full, resolve(path));
    Descriptor descriptor = open_descriptor(full, O_RDONLY);
    if (!descriptor.valid()) return system_error(full, errno);
    struct stat status;
    if (::fstat(descriptor.get(), &status) != 0) return system_error(full, errno);
    if (!S_ISREG(status.st_mode)) return error(ErrorCode::kNotFound, "{}: not a file", full);
    if (options_.allow_mmap_reads && status.st_size > 0) {
      const auto size = static_cast<size_t>(status.st_size);
      void* const at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor.get(), 0);
      if (at != MAP_FAILED) {
        return std::make_unique<MappedReadFile>(Bytes(static_cast<const char*>(at), size));
      }
    }
    return std::make_unique<PosixReadFile>(std::move(full), std::move(descriptor));
  }

  Result<void> remove(const std::string& path) override {
    ASSIGN_OR_RETURN(const std::string full, resolve(path));
    if (!is_regular_file(full)) return error(ErrorCode::kNotFound, "{}: no such file", full);
    if (::unlink(full.c_str()) != 0) return system_error(full, errno);
    return {};
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    ASSIGN_OR_RETURN(const std::string source, resolve(from));
    ASSIGN_OR_RETURN(const std::string target, resolve(to));
    if (!is_regular_file(source)) return error(ErrorCode::kNotFound, "{}: no such file", source);
    // One sync_directory() makes a rename durable, so it must concern one directory.
    if (source.substr(0, source.rfind('/')) != target.substr(0, target.rfind('/'))) {
      return error(ErrorCode::kInvalid, "{} to {}: renames stay within a directory", from, to);
    }
    if (::rename(source.c_str(), target.c_str()) == 0) return {};
    if (errno == EISDIR) return error(ErrorCode::kInvalid, "{}: is a directory", target);
    return system_error(source, errno);
  }

  bool exists(const std::string& path) override {
    const auto full = resolve(path);
    return full.has_value() && ::access(full->c_str(), F_OK) == 0;
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    std::vector<std::string> names;
    ASSIGN_OR_RETURN(const std::string full, resolve_directory(directory));
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(full.c_str()), ::closedir);
    if (stream == nullptr) {
      if (errno == ENOENT) return names;
      return system_error(full, errno);
    }
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (entry == nullptr) break;
      if (is_regular_file(full + "/" + entry->d_name)) names.emplace_back(entry->d_name);
    }
    if (errno != 0) return system_error(full, errno);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<void> make_directory(const std::string& directory) override {
    ASSIGN_OR_RETURN(const std::string full, resolve(directory));
    if (::mkdir(full.c_str(), 0755) == 0) return sync_directory_at(full + "/..");
    if (errno == EEXIST && !is_regular_file(full)) return {};
    return system_error(full, errno);
  }

  Result<void> sync_directory(const std::string& directory, Cause) override {
    ASSIGN_OR_RETURN(const std::string full, resolve_directory(directory));
    return sync_directory_at(full);
  }

 private:
  // Names below the root only: neither absolute nor with "." or ".." or empty parts.
  Result<std::string> resolve(const std::string& path) const {
    for (size_t begin = 0; begin <= path.size();) {
      const size_t end = std::min(path.find('/', begin), path.size());
      const std::string_view part = std::string_view(path).substr(begin, end - begin);
      if (part.empty() || part == "." || part == "..") {
        return error(ErrorCode::kInvalid, "'{}' names no file", path);
      }
      begin = end + 1;
    }
    return root_ + "/" + path;
  }
  Result<std::string> resolve_directory(const std::string& directory) const {
    return directory.empty() ? Result<std::string>(root_) : resolve(directory);
  }

  const std::string root_;
  const PosixFileSystemOptions options_;
};

}  // namespace

Result<std::unique_ptr<FileSystem>> open_posix_file_system(const std::string& root,
                                                           PosixFileSystemOptions options) {
  if (::mkdir(root.c_str(), 0755) != 0 && errno != EEXIST) return system_error(root, errno);
  RETURN_IF_ERROR(sync_directory_at(root));
  return std::make_unique<PosixFileSystem>(root, options);
}

}  // namespace revenant::env
