#include "sim/disk/sim_disk.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "sim/disk/sim_file_system.h"

namespace revenant::sim {

SimDisk::SimDisk(Kernel& kernel, NodeId node, const DiskOptions& options)
    : kernel_(kernel),
      durability_(options.durability),
      // ext4 commits its journal unasked. A drive that lies about flushes lies to the journal too.
      commit_after_(options.write_back_after + (options.durability == Durability::kLyingFsync
                                                    ? options.drive_cache_time
                                                    : nanoseconds(0))),
      capacity_(static_cast<uint64_t>(options.capacity.bytes)),
      crash_random_(kernel.stream(fmt::format("disk/{}/crash", node.value))),
      rot_random_(kernel.stream(fmt::format("disk/{}/faults/rot", node.value))),
      device_(kernel, node, options),
      drive_(kernel, options),
      faults_(kernel, node),
      cache_(kernel, node, options, device_, drive_, faults_, image_, ledger_) {}

SimDisk::SimDisk(Kernel& kernel, NodeId node, const DiskOptions& options,
                 const DiskContents& contents)
    : SimDisk(kernel, node, options) {
  replace_contents(contents);
}

SimDisk::~SimDisk() {
  end_life();
  device_.lose_power();  // what is on its way refers to the cache
  drive_.lose_power();   // and so do the files it knows
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
  drive_.settle();
  drive_.lose_power();
  RandomFates fates(crash_random_);
  PrefixFates prefixes(fates);
  if (durability_ == Durability::kPrefixOnlyAppend) return image_.lose_power(prefixes);
  return image_.lose_power(fates);
}

DiskContents SimDisk::after_power_loss(CrashFates& fates) {
  commit_old_changes();
  cache_.catch_up();
  drive_.settle();
  PrefixFates prefixes(fates);
  if (durability_ == Durability::kPrefixOnlyAppend) return image_.after_power_loss(prefixes);
  return image_.after_power_loss(fates);
}

DiskContents SimDisk::snapshot() {
  KeepsEverything fates;
  return after_power_loss(fates);
}

void SimDisk::replace_contents(const DiskContents& contents) {
  CHECK(life_ == nullptr, "a process still uses it");
  image_ = DurableImage();
  for (const auto& [path, bytes] : contents) {
    FileRef file = make_file(path);
    file->fill(bytes);
    image_.plant(path, std::move(file));
  }
}

void SimDisk::set_lag(Duration lag) {
  device_.set_lag(lag);
  cache_.lag_changed();
}

Result<void> SimDisk::verify() const {
  return ledger_.close(device_.totals(), cache_.count_dirty());
}

FileRef SimDisk::make_file(std::string_view path) {
  return std::make_shared<StoredFile>(++last_file_id_, file_kind_of(path), cache_.tasks());
}

// A removed file gives its room back at once, though handles may keep it.
uint64_t SimDisk::room() const {
  if (capacity_ == 0 && squeezes_.empty()) return UINT64_MAX;
  uint64_t capacity = capacity_ > 0 ? capacity_ : UINT64_MAX;
  for (const Squeeze& squeeze : squeezes_) {
    const auto ns = static_cast<uint64_t>((kernel_.now() - squeeze.since).ns);
    const auto gone = static_cast<unsigned __int128>(squeeze.shrinks) * ns / 1'000'000'000;
    const uint64_t left =
        gone < squeeze.capacity ? squeeze.capacity - static_cast<uint64_t>(gone) : 0;
    capacity = std::min(capacity, left);
  }
  return capacity - std::min(capacity, used_bytes());
}

Result<void> SimDisk::append(const FileRef& file, Bytes data, env::Cause cause) {
  const uint64_t left = room();
  cache_.append(file, data.substr(0, left), cause);
  if (data.size() <= left) return {};
  ++appends_refused_;
  return error(ErrorCode::kNoSpace, "the disk is full: {} of {} bytes had room", left, data.size());
}

// Costs nothing and nobody can tell when it happened, so it needs no timer.
void SimDisk::commit_old_changes() {
  if (durability_ == Durability::kReordered) return;
  image_.make_older_durable(kernel_.now() - commit_after_);
}

Result<void> SimDisk::sync_directory(const std::string& directory, env::Cause cause) {
  ledger_.sync(cause);
  ASSIGN_OR_RETURN(const uint64_t change, image_.unsynced(directory));
  if (image_.is_durable(directory, change)) return {};
  const bool fails = faults_.any() && faults_.strikes(FileFaults::Kind::kSync,
                                                      {.kind = FileKind::kDirectory, .end = 1});
  const Instant began = kernel_.now();
  const Instant finish = device_.submit({.kind = DeviceOperationKind::kSync});
  if (!fails) {
    // The task may be killed while it waits, and its names are durable all the same.
    device_.when_finished(finish, change, [this, name = directory, began, change] {
      drive_.flushed(began, [this, name, change] { image_.make_durable(name, change); });
    });
  }
  device_.wait_until(finish, change, "disk: directory sync");
  if (fails) return error(ErrorCode::kIo, "{}: the device could not sync", directory);
  return {};
}

void SimDisk::forget_if_unreachable(StoredFile& file) {
  if (!file.named && file.handles == 0) cache_.forget(file);
}

// --- faults ---

uint64_t SimDisk::begin_fault(const DiskFault& fault) {
  using Kind = FileFaults::Kind;
  struct Begin {
    SimDisk& disk;
    uint64_t handle;
    void operator()(const ReadErrors& f) { rule(Kind::kRead, f.strikes, f.sticky); }
    void operator()(const WriteErrors& f) { rule(Kind::kWrite, f.strikes, f.sticky); }
    void operator()(const SyncErrors& f) {
      rule(Kind::kSync, {.files = f.files, .from = {0}, .to = {}, .chance = f.chance}, false);
    }
    void operator()(const TornWrites& f) { rule(Kind::kTorn, f.strikes, false); }
    void operator()(const LostWrites& f) { rule(Kind::kLost, f.strikes, false); }
    void operator()(const MisdirectedWrites& f) { rule(Kind::kMisdirected, f.strikes, false); }
    void operator()(const BitRot& f) { disk.rot(f); }
    void operator()(const FullDisk& f) {
      disk.squeezes_.push_back(
          {.handle = handle,
           .since = disk.kernel_.now(),
           .capacity = disk.used_bytes() + static_cast<uint64_t>(f.free.bytes),
           .shrinks = f.shrinks ? static_cast<uint64_t>(f.shrinks->bytes_per_second) : 0});
    }
    void operator()(const Stall& f) { disk.device_.stall(f.length); }
    void operator()(const FailSlow& f) { disk.device_.queue().begin_slowness(handle, f); }
    void rule(Kind kind, const Strikes& strikes, bool sticky) {
      disk.faults_.begin(handle, kind, strikes, sticky);
    }
  };
  const uint64_t handle = ++last_fault_;
  std::visit(Begin{*this, handle}, fault);
  cache_.lag_changed();
  return handle;
}

void SimDisk::end_fault(uint64_t handle) {
  faults_.end(handle);
  device_.queue().end_slowness(handle);
  std::erase_if(squeezes_, [handle](const Squeeze& s) { return s.handle == handle; });
}

// Every bit of what is safe on the platter is as likely as any other.
void SimDisk::rot(const BitRot& fault) {
  struct Extent {
    FileRef file;
    uint64_t begin, bytes;
  };
  std::vector<Extent> extents;
  uint64_t bytes = 0;
  drive_.settle();
  for (const FileRef& file : image_.named_files()) {
    if (fault.files != FileKind::kAny && fault.files != file->kind) continue;
    const auto begin = static_cast<uint64_t>(fault.from.bytes);
    const uint64_t end =
        fault.to ? std::min(file->kept, static_cast<uint64_t>(fault.to->bytes)) : file->kept;
    if (begin >= end) continue;
    extents.push_back({file, begin, end - begin});
    bytes += end - begin;
  }
  if (bytes == 0) return;
  for (int64_t i = 0; i < fault.bits; ++i) {
    const uint64_t bit = rot_random_.below(bytes * 8);
    uint64_t at = bit / 8;
    auto extent = extents.begin();
    for (; at >= extent->bytes; ++extent) at -= extent->bytes;
    at += extent->begin;
    extent->file->pages[at / kPageSize]->spoil()[at % kPageSize] ^= static_cast<char>(1 << bit % 8);
    extent->file->spoiled = true;
    ++bits_flipped_;
  }
}

DiskFaultCounts SimDisk::fault_counts() const {
  using Kind = FileFaults::Kind;
  return {.read_errors = faults_.struck(Kind::kRead),
          .write_errors = faults_.struck(Kind::kWrite),
          .sync_errors = faults_.struck(Kind::kSync),
          .bits_flipped = bits_flipped_,
          .torn_writes = faults_.struck(Kind::kTorn),
          .lost_writes = faults_.struck(Kind::kLost),
          .misdirected_writes = faults_.struck(Kind::kMisdirected),
          .appends_refused = appends_refused_,
          .operations_stalled = device_.queue().operations_stalled(),
          .operations_slowed = device_.queue().operations_slowed()};
}

}  // namespace revenant::sim
