#include "engine/lsm/core.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"

namespace revenant::lsm {
std::optional<Version> View::least_version_memtables() const {
  std::optional<Version> least;
  const auto take = [&](const Memtable& memtable) {
    if (!memtable.empty())
      least = std::min(least.value_or(Version::max()), memtable.least_version());
  };
  take(*active);
  for (const FrozenMemtable& frozen_memtable : frozen) take(*frozen_memtable.memtable);
  return least;
}

void apply(Core& core, Memtable& memtable, const LogRecordEntry& write, env::ApplySource source) {
  if (write.end.empty()) {
    memtable.insert(write.key, write.cell, write.sequence);
    core.env.events.applied(write.key, write.cell, source);
    return;
  }
  memtable.insert(sstable::RangeTombstone{.start = Buffer(write.key),
                                          .end = Buffer(write.end),
                                          .version = write.cell.version,
                                          .sequence = write.sequence,
                                          .deletion_time = write.cell.deletion_time});
  core.env.events.range_applied(write.key, write.end, write.cell, source);
}

Core::Core(env::Environment environment, LsmOptions o, std::string d)
    : env(environment),
      options(o),
      directory(std::move(d)),
      log(env.files, directory, options.defects),
      block_cache(static_cast<uint64_t>(options.block_cache_size.bytes)),
      tables(env.files, directory, options, block_cache),
      obsolete_files(std::make_shared<ObsoleteFiles>(env.tasks)),
      snapshots(std::make_shared<SnapshotList>()),
      rate_limiter(static_cast<uint64_t>(options.rate_limiter_bytes_per_sec.bytes)),
      commit_lock(env.tasks, "commit lock"),
      progress(env.tasks),
      manifest_lock_(env.tasks, "manifest lock"),
      closing_(env.tasks) {
  view = std::make_shared<View>(
      View{.active = new_memtable(), .frozen = {}, .sstables = std::make_shared<SstableSet>()});
}

Result<void> Core::start(const ManifestEdit& recovered, std::weak_ptr<void> owner) {
  owner_ = std::move(owner);
  next_file_ = recovered.next_file.value_or(FileNumber{1});
  log_number_ = recovered.log_number.value_or(FileNumber{});
  flushed_sequence_ = recovered.last_sequence.value_or(SequenceNumber{});
  last_sequence = flushed_sequence_;
  auto next = std::make_shared<View>(*view);
  next->sstables = view->sstables->apply(recovered, obsolete_files);
  view = std::move(next);
  return create_manifest();
}

FileNumber Core::reserve_file_numbers(uint64_t count) {
  const FileNumber first = next_file_;
  next_file_.value += count;
  return first;
}

void Core::fence(const Error& failure) {
  if (!failure_.has_value()) failure_ = failure;
  progress.wake_all();
}

Result<void> Core::writable() const {
  if (failure_.has_value()) return std::unexpected(*failure_);
  if (closing()) return error(ErrorCode::kUnavailable, "{} is closed", directory);
  if (no_space_.has_value()) return std::unexpected(*no_space_);
  return {};
}

void Core::out_of_space(const Error& failure) {
  CHECK(failure.code == ErrorCode::kNoSpace, "{}", failure);
  if (!no_space_.has_value()) ++metrics.disk_full;
  no_space_ = failure;
  progress.wake_all();
}

void Core::room_again() {
  if (!no_space_.has_value() || manifest_full_ || log.tail_unknown()) return;
  no_space_.reset();
  progress.wake_all();
}

void Core::begin_closing() {
  closing_.set();
  obsolete_files->wake();
  progress.wake_all();
}

void Core::wait_for_background() {
  while (background_tasks_ > 0) progress.wait("background tasks");
}

void Core::keep_to_rate(uint64_t bytes) {
  const Duration wait = rate_limiter.charge(bytes, env.clock.monotonic());
  if (wait > Duration{}) sleep_or_close("rate limiter", wait);
}

void Core::background(const char* name, std::move_only_function<void()> body) {
  // Counts the task down however it ends, and keeps the owner until then.
  struct Token {
    explicit Token(Core& c, std::shared_ptr<void> k) : keep(std::move(k)), core(&c) {
      ++core->background_tasks_;
    }
    Token(Token&& o) noexcept : keep(std::move(o.keep)), core(std::exchange(o.core, nullptr)) {}
    ~Token() {
      if (core == nullptr) return;
      --core->background_tasks_;
      core->progress.wake_all();
    }
    std::shared_ptr<void> keep;
    Core* core;
  };
  std::shared_ptr<void> keep = owner_.lock();
  CHECK(keep != nullptr);
  env.tasks.spawn(
      name, [token = Token(*this, std::move(keep)), body = std::move(body)]() mutable { body(); });
}

std::shared_ptr<Memtable> Core::new_memtable() const {
  return std::make_shared<Memtable>(static_cast<uint64_t>(options.memtable_size.bytes));
}

void Core::freeze_active() {
  // What stands at the end of a full disk takes nothing more.
  const auto bytes_min = static_cast<uint64_t>(options.wal.segment_size.bytes);
  const std::optional<FileNumber> segment = log.end(log.tail_unknown() ? 0 : bytes_min);
  CHECK(!view->active->empty());
  CHECK(segment.has_value());
  auto next = std::make_shared<View>(*view);
  next->frozen.insert(next->frozen.begin(), {view->active, *segment});
  next->active = new_memtable();
  for (auto* watcher : memtable_watchers) watcher->push_back(next->active);
  view = std::move(next);
}

Result<void> Core::install(ManifestEdit edit, const Memtable* flushed) {
  const env::Mutex::Lock lock(manifest_lock_);
  if (failure_.has_value()) return std::unexpected(*failure_);
  using enum env::Milestone::Kind;
  if (flushed != nullptr) {
    env.events.reached({.kind = kFlushInstalls});
  } else if (!edit.added.empty()) {
    env.events.reached({.kind = kCompactionInstalls, .level = edit.added.front().level});
  } else if (!edit.removed.empty()) {
    env.events.reached({.kind = kCompactionInstalls});
  }
  if (auto written = write_edit(edit); !written.has_value()) {
    // Whether the edit is in the manifest is unknown, and does not matter: the next attempt begins
    // with a new one, and a recovery before that finds what the edit names.
    manifest_full_ = written.error().code == ErrorCode::kNoSpace;
    if (!manifest_full_) fence(written.error());
    return written;
  }
  auto next = std::make_shared<View>(*view);
  next->sstables = view->sstables->apply(edit, obsolete_files);
  std::erase_if(next->frozen, [&](const FrozenMemtable& f) { return f.memtable.get() == flushed; });
  view = std::move(next);
  ++edits;
  if (edit.last_sequence.has_value()) flushed_sequence_ = *edit.last_sequence;
  if (edit.log_number.has_value()) {
    log_number_ = *edit.log_number;
    for (FileNumber number : log.release(log_number_)) remove_soon({FileKind::kWal, number});
  }
  start_cleaner();  // for the SSTables whose last reader may leave any time
  return {};
}

Result<void> Core::install_when_there_is_room(const ManifestEdit& edit, const Memtable* flushed) {
  for (;;) {
    auto installed = install(edit, flushed);
    if (installed.has_value() || installed.error().code != ErrorCode::kNoSpace) return installed;
    out_of_space(installed.error());
    retry_later();
    if (stopped()) return writable();
  }
}

Result<void> Core::write_edit(ManifestEdit& edit) {
  if (manifest_full_ || manifest_->bytes() > manifest_bytes_max_) {
    const FileNumber old = manifest_->number();
    RETURN_IF_ERROR(create_manifest());
    manifest_full_ = false;
    remove_soon({FileKind::kManifest, old});
  }
  edit.next_file = next_file_;
  Result<void> written;
  env.tasks.run_job("manifest", env::JobUrgency::kUrgent,
                    [&] { written = manifest_->append(edit, options.defects); });
  return written;
}

Result<void> Core::create_manifest() {
  const FileNumber number = reserve_file_numbers(2);
  env.events.reached({.kind = env::Milestone::Kind::kManifestSwitches});
  ASSIGN_OR_RETURN(auto manifest, Manifest::create(env.files, directory, number, whole_state()));
  manifest_.emplace(std::move(manifest));
  // At least twice what it begins with, so that replacing it costs no more than the edits did.
  manifest_bytes_max_ =
      std::max(static_cast<uint64_t>(options.max_manifest_file_size.bytes), 2 * manifest_->bytes());
  return {};
}

ManifestEdit Core::whole_state() const {
  ManifestEdit edit{.log_number = log_number_,
                    .next_file = next_file_,
                    .last_sequence = flushed_sequence_,
                    .removed = {},
                    .added = {},
                    .compact_pointers = {}};
  const Levels& levels = view->sstables->metas();
  for (size_t level = 0; level < levels.size(); ++level) {
    for (const SstableMetaPtr& meta : levels[level])
      edit.added.push_back({static_cast<int>(level), meta});
  }
  const CompactPointers& pointers = view->sstables->compact_pointers();
  for (size_t level = 0; level < pointers.size(); ++level) {
    if (!pointers[level].empty())
      edit.compact_pointers.emplace_back(static_cast<int>(level), pointers[level]);
  }
  return edit;
}

void Core::remove_soon(FileName name) {
  obsolete_files->add(name);
  start_cleaner();
}

void Core::start_cleaner() {
  if (cleaner_runs_) return;
  cleaner_runs_ = true;
  background("file removal", [this] { remove_obsolete_files(); });
}

void Core::remove_obsolete_files() {
  while (!closing()) {
    const std::vector<FileName> names = obsolete_files->take();
    if (!names.empty()) {
      env.tasks.run_job("file removal", env::JobUrgency::kUrgent, [&] {
        // One that cannot be removed now is an orphan that the next open removes.
        for (FileName name : names) (void)env.files.remove(path_of(directory, name));
      });
    }
    if (!closing()) obsolete_files->wait();
  }
}

}  // namespace revenant::lsm
