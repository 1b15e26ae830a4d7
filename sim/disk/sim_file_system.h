// env::FileSystem over a simulated disk, for one life of a process (SimDisk::mount).
//
// Names and sizes cost no time; append, read and sync cost what page_cache.h says. Files may be
// removed or renamed while open; a file that is open or has a name exists. An append that
// has no room takes what fits and fails with kNoSpace. Reads and syncs fail with kIo where a fault of
// the disk says so (fault_options.h). Not done: permissions, directories that can be removed, names
// that take room, errors of metadata other than at a directory sync.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/env/file_system.h"
#include "sim/disk/sim_disk.h"

namespace revenant::sim {

class SimFileSystem final : public env::FileSystem {
 public:
  explicit SimFileSystem(SimDisk::MountRef mount) : mount_(std::move(mount)) {}

  Result<std::unique_ptr<env::AppendFile>> create(const std::string& path) override;
  Result<std::unique_ptr<env::ReadFile>> open(const std::string& path) override;
  Result<void> remove(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  bool exists(const std::string& path) override;
  // Names of files only.
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<void> make_directory(const std::string& directory) override;
  Result<void> sync_directory(const std::string& directory, env::Cause cause) override;

 private:
  SimDisk::MountRef mount_;
};

}  // namespace revenant::sim
