// A file system that tells after each operation that changed something, so that a crash can be tried
// there; that can fail syncs; and that can leave out one kind of sync, so that what the crashes find can
// be tested too.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/env/file_system.h"
#include "engine/lsm/file_names.h"

namespace revenant::lsm {

// The syncs that the engine's protocol is made of.
enum class SyncKind {
  kWal,
  kSstableOfFlush,
  kSstableOfCompaction,
  kManifest,
  kTemporary,               // what will be CURRENT
  kDirectoryOfWal,          // a segment's name
  kDirectoryOfFlush,        // an SSTable's
  kDirectoryOfCompaction,   // likewise
  kDirectoryBeforeCurrent,  // a manifest's, before CURRENT names it
  kDirectoryAfterCurrent,   // the rename of CURRENT
};

inline std::string_view to_string(SyncKind kind) {
  switch (kind) {
    case SyncKind::kWal:
      return "sync of a log segment";
    case SyncKind::kSstableOfFlush:
      return "sync of a flush's SSTable";
    case SyncKind::kSstableOfCompaction:
      return "sync of a compaction's SSTable";
    case SyncKind::kManifest:
      return "sync of the manifest";
    case SyncKind::kTemporary:
      return "sync of the file that becomes CURRENT";
    case SyncKind::kDirectoryOfWal:
      return "directory sync after a log segment's creation";
    case SyncKind::kDirectoryOfFlush:
      return "directory sync after a flush";
    case SyncKind::kDirectoryOfCompaction:
      return "directory sync after a compaction";
    case SyncKind::kDirectoryBeforeCurrent:
      return "directory sync before CURRENT is switched";
    case SyncKind::kDirectoryAfterCurrent:
      return "directory sync after CURRENT was switched";
  }
  return "";
}

class CrashPoints final : public env::FileSystem {
 public:
  explicit CrashPoints(env::FileSystem& files) : files_(files) {}

  // Called after each operation that changed something. May suspend.
  std::function<void(std::string operation)> after;
  // This kind of sync returns at once and does nothing.
  std::optional<SyncKind> left_out;
  // Called before each sync; an error becomes the sync's result, and nothing is synced.
  std::function<Result<void>(SyncKind)> before_sync;

  Result<std::unique_ptr<env::AppendFile>> create(const std::string& path) override {
    ASSIGN_OR_RETURN(auto file, files_.create(path));
    renamed_ = false;
    did(fmt::format("creation of {}", path));
    return std::make_unique<Append>(*this, path, std::move(file));
  }
  Result<std::unique_ptr<env::ReadFile>> open(const std::string& path) override {
    return files_.open(path);
  }
  Result<void> remove(const std::string& path) override {
    RETURN_IF_ERROR(files_.remove(path));
    did(fmt::format("removal of {}", path));
    return {};
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    RETURN_IF_ERROR(files_.rename(from, to));
    renamed_ = true;
    did(fmt::format("rename of {} to {}", from, to));
    return {};
  }
  bool exists(const std::string& path) override { return files_.exists(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    return files_.list(directory);
  }
  Result<void> make_directory(const std::string& directory) override {
    return files_.make_directory(directory);
  }
  Result<void> sync_directory(const std::string& directory, env::Cause cause) override {
    const SyncKind kind = kind_of_directory_sync(cause);
    if (before_sync) RETURN_IF_ERROR(before_sync(kind));
    if (left_out != kind) RETURN_IF_ERROR(files_.sync_directory(directory, cause));
    did(std::string(to_string(kind)));
    return {};
  }

 private:
  struct Append final : env::AppendFile {
    Append(CrashPoints& o, std::string p, std::unique_ptr<env::AppendFile> f)
        : owner(o), path(std::move(p)), file(std::move(f)) {}
    Result<void> append(Bytes data, env::Cause cause) override {
      RETURN_IF_ERROR(file->append(data, cause));
      owner.did(fmt::format("append of {} bytes to {}", data.size(), path));
      return {};
    }
    Result<void> sync(env::Cause cause) override {
      const SyncKind kind = kind_of_sync(path, cause);
      if (owner.before_sync) RETURN_IF_ERROR(owner.before_sync(kind));
      if (owner.left_out != kind) RETURN_IF_ERROR(file->sync(cause));
      owner.did(fmt::format("sync of {}", path));
      return {};
    }
    uint64_t size() const override { return file->size(); }
    CrashPoints& owner;
    const std::string path;
    const std::unique_ptr<env::AppendFile> file;
  };

  static SyncKind kind_of_sync(const std::string& path, env::Cause cause) {
    const auto name = parse_file_name(path.substr(path.rfind('/') + 1));
    CHECK(name.has_value(), "{}", path);
    switch (name->kind) {
      case FileKind::kWal:
        return SyncKind::kWal;
      case FileKind::kManifest:
        return SyncKind::kManifest;
      case FileKind::kTemporary:
        return SyncKind::kTemporary;
      case FileKind::kSstable:
        break;
    }
    return cause.kind == env::CauseKind::kFlush ? SyncKind::kSstableOfFlush
                                                : SyncKind::kSstableOfCompaction;
  }

  SyncKind kind_of_directory_sync(env::Cause cause) const {
    switch (cause.kind) {
      case env::CauseKind::kWal:
        return SyncKind::kDirectoryOfWal;
      case env::CauseKind::kFlush:
        return SyncKind::kDirectoryOfFlush;
      case env::CauseKind::kCompaction:
        return SyncKind::kDirectoryOfCompaction;
      default:
        return renamed_ ? SyncKind::kDirectoryAfterCurrent : SyncKind::kDirectoryBeforeCurrent;
    }
  }

  void did(std::string operation) {
    if (after) after(std::move(operation));
  }

  env::FileSystem& files_;
  bool renamed_ = false;  // the last name that changed was CURRENT
};

}  // namespace revenant::lsm
