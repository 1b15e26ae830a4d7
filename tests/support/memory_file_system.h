// Files in memory, for tests of what is built on files: no time, no suspension, and every append is
// at once as durable as it gets. What a crash leaves is the business of sim/disk, not of this one.
//
//   MemoryFileSystem files;
//   files.contents("db/000001.sst")[17] ^= 1;                        // damage
//   files.before = [](auto call, auto& path) -> Result<void> {…};    // or fail a call
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/check.h"
#include "engine/env/file_system.h"

namespace revenant::tests {

class MemoryFileSystem final : public env::FileSystem {
 public:
  // Called before each call that can fail, with its name ("create", "append", "sync", "open",
  // "read", "remove", "rename", "list", "make_directory", "sync_directory") and its path; an error
  // becomes the call's result.
  std::function<Result<void>(std::string_view call, const std::string& path)> before;
  // Whether files opened from now on are mapped(): they must not change while they are open.
  bool mapped = false;

  // The bytes of a file that exists, to look at or to damage. Valid until the file is removed or
  // replaced.
  Buffer& contents(const std::string& path) {
    auto found = files_.find(path);
    CHECK(found != files_.end(), "no file {}", path);
    return *found->second;
  }
  // Puts a file there as it is, in place of one that may exist.
  void put(const std::string& path, Buffer bytes) {
    files_[path] = std::make_shared<Buffer>(std::move(bytes));
  }
  // Every file, sorted.
  std::vector<std::string> paths() const {
    std::vector<std::string> result;
    for (const auto& [path, bytes] : files_) result.push_back(path);
    return result;
  }

  Result<std::unique_ptr<env::AppendFile>> create(const std::string& path) override {
    RETURN_IF_ERROR(check("create", path));
    CHECK(!files_.contains(path), "{} exists: names are never reused", path);
    auto bytes = std::make_shared<Buffer>();
    files_[path] = bytes;
    return std::make_unique<Append>(*this, path, std::move(bytes));
  }
  Result<std::unique_ptr<env::ReadFile>> open(const std::string& path) override {
    RETURN_IF_ERROR(check("open", path));
    auto found = files_.find(path);
    if (found == files_.end()) return error(ErrorCode::kNotFound, "{}: no such file", path);
    return std::make_unique<Read>(*this, path, found->second);
  }
  // Handles that are open keep the bytes.
  Result<void> remove(const std::string& path) override {
    RETURN_IF_ERROR(check("remove", path));
    if (files_.erase(path) == 0) return error(ErrorCode::kNotFound, "{}: no such file", path);
    return {};
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    RETURN_IF_ERROR(check("rename", from));
    auto found = files_.find(from);
    if (found == files_.end()) return error(ErrorCode::kNotFound, "{}: no such file", from);
    auto bytes = std::move(found->second);
    files_.erase(found);
    files_[to] = std::move(bytes);
    return {};
  }
  bool exists(const std::string& path) override { return files_.contains(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    RETURN_IF_ERROR(check("list", directory));
    const std::string prefix = directory + "/";
    std::vector<std::string> names;
    for (auto it = files_.lower_bound(prefix); it != files_.end(); ++it) {
      if (!it->first.starts_with(prefix)) break;
      names.push_back(it->first.substr(prefix.size()));
    }
    return names;
  }
  Result<void> make_directory(const std::string& directory) override {
    return check("make_directory", directory);
  }
  Result<void> sync_directory(const std::string& directory, env::Cause) override {
    return check("sync_directory", directory);
  }

 private:
  class Append final : public env::AppendFile {
   public:
    Append(MemoryFileSystem& files, std::string path, std::shared_ptr<Buffer> bytes)
        : files_(files), path_(std::move(path)), bytes_(std::move(bytes)) {}
    Result<void> append(Bytes data, env::Cause) override {
      RETURN_IF_ERROR(files_.check("append", path_));
      bytes_->append(data);
      return {};
    }
    Result<void> sync(env::Cause) override { return files_.check("sync", path_); }
    uint64_t size() const override { return bytes_->size(); }

   private:
    MemoryFileSystem& files_;
    std::string path_;
    std::shared_ptr<Buffer> bytes_;
  };

  class Read final : public env::ReadFile {
   public:
    Read(MemoryFileSystem& files, std::string path, std::shared_ptr<const Buffer> bytes)
        : files_(files), path_(std::move(path)), bytes_(std::move(bytes)), mapped_(files.mapped) {}
    Result<void> read(uint64_t offset, uint64_t size, Buffer& out, env::Cause) override {
      RETURN_IF_ERROR(files_.check("read", path_));
      out.clear();
      if (offset < bytes_->size()) out.assign(*bytes_, offset, size);
      return {};
    }
    uint64_t size() const override { return bytes_->size(); }
    Bytes mapped() const override { return mapped_ ? Bytes(*bytes_) : Bytes(); }

   private:
    MemoryFileSystem& files_;
    std::string path_;
    std::shared_ptr<const Buffer> bytes_;
    const bool mapped_;
  };

  Result<void> check(std::string_view call, const std::string& path) const {
    return before ? before(call, path) : Result<void>{};
  }

  std::map<std::string, std::shared_ptr<Buffer>> files_;
};

}  // namespace revenant::tests
