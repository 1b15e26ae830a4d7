#include "sim/disk/sim_disk.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "sim/disk/sim_file_system.h"

namespace revenant::sim {

SimDisk::SimDisk(Kernel& kernel, NodeId node, const DiskOptions& options)
    : kernel_(kernel),
      write_back_after_(options.write_back_after),
      capacity_(static_cast<uint64_t>(options.capacity.bytes)),
      crash_random_(kernel.stream(fmt::format("disk/{}/crash", node.value))),
      device_(kernel, node, options),
      cache_(kernel, node, options, device_, ledger_) {}

SimDisk::SimDisk(Kernel& kernel, NodeId node, const DiskOptions& options,
                 const DiskContents& contents)
    : SimDisk(kernel, node, options) {
  for (const auto& [path, bytes] : contents) {
    FileRef file = make_file();
    file->fill(bytes);
    image_.plant(path, std::move(file));
  }
}

SimDisk::~SimDisk() {
  end_life();
  device_.lose_power();  // what is on its way refers to the cache
}

std::unique_ptr<env::FileSystem> SimDisk::mount() {
  CHECK(life_ == nullptr, "the process before has not ended");
  life_ = std::make_shared<Mount>(Mount{.disk = *this});
  return std::make_unique<SimFileSystem>(life_);
}

void SimDisk::end_life() {
  if (life_ != nullptr) life_->alive = false;
  life_ = nullptr;
}

void SimDisk::kill_process() { end_life(); }

CrashReport SimDisk::lose_power() {
  end_life();
  commit_old_changes();
  cache_.lose_power();
  device_.lose_power();
  RandomFates fates(crash_random_);
  return image_.lose_power(fates);
}

DiskContents SimDisk::after_power_loss(CrashFates& fates) {
  commit_old_changes();
  cache_.catch_up();
  return image_.after_power_loss(fates);
}

void SimDisk::set_lag(Duration lag) {
  device_.set_lag(lag);
  cache_.lag_changed();
}

Result<void> SimDisk::verify() const {
  return ledger_.close(device_.totals(), cache_.count_dirty());
}

FileRef SimDisk::make_file() {
  return std::make_shared<StoredFile>(++last_file_id_, cache_.tasks());
}

Result<void> SimDisk::append(const FileRef& file, Bytes data, env::Cause cause) {
  // A removed file gives its room back at once, though handles may keep it.
  const uint64_t used = capacity_ > 0 ? used_bytes() : 0;
  const uint64_t room = capacity_ == 0 ? data.size() : capacity_ - std::min(capacity_, used);
  cache_.append(file, data.substr(0, room), cause);
  if (data.size() <= room) return {};
  return error(ErrorCode::kNoSpace, "the disk is full: {} of {} bytes had room", room, data.size());
}

// Costs nothing and nobody can tell when it happened, so it needs no timer.
void SimDisk::commit_old_changes() { image_.make_older_durable(kernel_.now() - write_back_after_); }

Result<void> SimDisk::sync_directory(const std::string& directory, env::Cause cause) {
  ledger_.sync(cause);
  ASSIGN_OR_RETURN(const uint64_t change, image_.unsynced(directory));
  if (image_.is_durable(directory, change)) return {};
  const Instant finish = device_.submit({.kind = DeviceOperationKind::kSync});
  // The task may be killed while it waits, and its names are durable all the same.
  std::string name = directory;
  device_.when_finished(finish, change, [this, name = std::move(name), change] {
    image_.make_durable(name, change);
  });
  device_.wait_until(finish, change, "disk: directory sync");
  return {};
}

void SimDisk::forget_if_unreachable(StoredFile& file) {
  if (!file.named && file.handles == 0) cache_.forget(file);
}

}  // namespace revenant::sim
