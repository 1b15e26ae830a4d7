#include "sim/disk/sim_file_system.h"

#include <utility>

namespace revenant::sim {
namespace {

std::unexpected<Error> dead() { return error(ErrorCode::kIo, "the process has ended"); }

}  // namespace

// A handle keeps its file, and tells the disk when it lets go.
class SimAppendFile final : public env::AppendFile {
 public:
  SimAppendFile(SimDisk::MountRef mount, FileRef file)
      : mount_(std::move(mount)), file_(std::move(file)) {
    ++file_->handles;
  }
  ~SimAppendFile() override {
    --file_->handles;
    mount_->disk.forget_if_unreachable(*file_);
  }

  Result<void> append(Bytes data, env::Cause cause) override {
    if (!mount_->alive) return dead();
    return mount_->disk.append(file_, data, cause);
  }
  Result<void> sync(env::Cause cause) override {
    if (!mount_->alive) return dead();
    return mount_->disk.cache_.sync(file_, cause);
  }
  uint64_t size() const override { return file_->size; }

 private:
  const SimDisk::MountRef mount_;
  const FileRef file_;
};

class SimReadFile final : public env::ReadFile {
 public:
  SimReadFile(SimDisk::MountRef mount, FileRef file)
      : mount_(std::move(mount)), file_(std::move(file)) {
    ++file_->handles;
  }
  ~SimReadFile() override {
    --file_->handles;
    mount_->disk.forget_if_unreachable(*file_);
  }

  Result<void> read(uint64_t offset, uint64_t size, Buffer& out, env::Cause cause) override {
    if (!mount_->alive) return dead();
    const Access access = offset == next_ ? Access::kSequential : Access::kRandom;
    next_ = offset + size;
    return mount_->disk.cache_.read(file_, offset, size, access, out, cause);
  }
  uint64_t size() const override { return file_->size; }

 private:
  const SimDisk::MountRef mount_;
  const FileRef file_;
  uint64_t next_ = UINT64_MAX;  // where the last read ended
};

Result<std::unique_ptr<env::AppendFile>> SimFileSystem::create(const std::string& path) {
  if (!mount_->alive) return dead();
  SimDisk& disk = mount_->disk;
  disk.commit_old_changes();
  FileRef file = disk.make_file(path);
  RETURN_IF_ERROR(disk.image_.create(path, file, disk.kernel_.now()));
  return std::make_unique<SimAppendFile>(mount_, std::move(file));
}

Result<std::unique_ptr<env::ReadFile>> SimFileSystem::open(const std::string& path) {
  if (!mount_->alive) return dead();
  ASSIGN_OR_RETURN(FileRef file, mount_->disk.image_.find(path));
  return std::make_unique<SimReadFile>(mount_, std::move(file));
}

Result<void> SimFileSystem::remove(const std::string& path) {
  if (!mount_->alive) return dead();
  SimDisk& disk = mount_->disk;
  disk.commit_old_changes();
  ASSIGN_OR_RETURN(const FileRef file, disk.image_.remove(path, disk.kernel_.now()));
  file->named = false;
  disk.forget_if_unreachable(*file);
  return {};
}

Result<void> SimFileSystem::rename(const std::string& from, const std::string& to) {
  if (!mount_->alive) return dead();
  SimDisk& disk = mount_->disk;
  disk.commit_old_changes();
  ASSIGN_OR_RETURN(const FileRef replaced, disk.image_.rename(from, to, disk.kernel_.now()));
  if (replaced == nullptr) return {};
  replaced->named = false;
  disk.forget_if_unreachable(*replaced);
  return {};
}

bool SimFileSystem::exists(const std::string& path) {
  return mount_->alive && mount_->disk.image_.exists(path);
}

Result<std::vector<std::string>> SimFileSystem::list(const std::string& directory) {
  if (!mount_->alive) return dead();
  return mount_->disk.image_.list(directory);
}

Result<void> SimFileSystem::make_directory(const std::string& directory) {
  if (!mount_->alive) return dead();
  return mount_->disk.image_.make_directory(directory);
}

Result<void> SimFileSystem::sync_directory(const std::string& directory, env::Cause cause) {
  if (!mount_->alive) return dead();
  return mount_->disk.sync_directory(directory, cause);
}

}  // namespace revenant::sim
