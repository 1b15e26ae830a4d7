#include "sim/disk/page_cache.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/check.h"

namespace revenant::sim {
namespace {

// The most that one operation moves, so that no stream holds the device for long. Linux caps a
// request at 1,280 KiB (BLK_DEF_MAX_SECTORS) and drives at their own figure, often below.
constexpr uint64_t kOperationPagesMax = (uint64_t{1} << 20) / kPageSize;

uint64_t digest_of(DeviceOperationKind kind, const StoredFile& file, uint64_t pages) {
  return static_cast<uint64_t>(kind) << 60 ^ file.id << 24 ^ pages;
}

// From byte `from` to `to` the platter has nothing of what the file has.
void leave_blank(StoredFile& file, uint64_t from, uint64_t to) {
  while (from < to) {
    const uint64_t end = std::min(to, (from / kPageSize + 1) * kPageSize);
    std::memset(file.pages[from / kPageSize]->spoil() + from % kPageSize, 0, end - from);
    file.spoiled = true;
    from = end;
  }
}

// From byte `from` to `to` the platter has what the cache had.
void mend(StoredFile& file, uint64_t from, uint64_t to) {
  while (from < to) {
    const uint64_t end = std::min(to, (from / kPageSize + 1) * kPageSize);
    Page& page = *file.pages[from / kPageSize];
    if (page.shows_platter) {
      std::memcpy(page.spoil() + from % kPageSize, page.bytes + from % kPageSize, end - from);
    } else {
      page.platter.reset();
    }
    from = end;
  }
}

}  // namespace

PageCache::PageCache(Kernel& kernel, NodeId node, const DiskOptions& options, Device& device,
                     DriveCache& drive, FileFaults& faults, const DurableImage& image,
                     Ledger& ledger)
    : kernel_(kernel),
      node_(node),
      device_(device),
      drive_(drive),
      faults_(faults),
      image_(image),
      ledger_(ledger),
      tasks_(kernel, GroupId{}),
      pages_max_(static_cast<uint64_t>(options.page_cache.bytes) / kPageSize),
      dirty_bytes_max_(static_cast<uint64_t>(options.dirty_max.bytes)),
      read_ahead_pages_(pages_in(static_cast<uint64_t>(options.read_ahead.bytes))),
      write_back_after_(options.write_back_after),
      errors_drop_pages_(options.durability == Durability::kFsyncErrorDropsPages),
      room_(tasks_) {}

PageCache::~PageCache() {
  if (age_timer_set_) kernel_.cancel(age_timer_);
}

// --- append ---

void PageCache::append(const FileRef& file, Bytes data, env::Cause cause) {
  if (unwritten_bytes() >= dirty_bytes_max_) [[unlikely]]
    make_room(file);
  // Nothing below suspends: the bytes come in whole, in the order of the calls.
  StoredFile& f = *file;
  ledger_.append(cause, data.size());
  if (data.empty()) return;
  while (!data.empty()) {
    const uint64_t at = f.size % kPageSize;
    if (at == 0) f.pages.push_back(std::unique_ptr<Page>(new Page));  // its bytes stay undefined
    Page& page = *f.pages.back();
    if (page.residency != Residency::kDirty) make_dirty(f, page, cause);
    const uint64_t taken = std::min<uint64_t>(data.size(), kPageSize - at);
    std::memcpy(page.bytes + at, data.data(), taken);
    if (page.shows_platter) std::memcpy(page.spoil() + at, data.data(), taken);
    f.size += taken;
    data.remove_prefix(taken);
  }
  f.note_length();
  evict();
  write_back();
}

void PageCache::make_room(const FileRef& file) {
  const FileRef keep = file;  // its handle may go while we wait
  while (dirty_pages_ + pages_on_their_way_ > 0 && unwritten_bytes() >= dirty_bytes_max_) {
    write_back();
    if (unwritten_bytes() < dirty_bytes_max_) return;
    room_.wait("disk: too many dirty pages");
  }
}

void PageCache::make_dirty(StoredFile& file, Page& page, env::Cause cause) {
  leave(page);
  page.residency = Residency::kDirty;
  page.dirtied_by = cause;
  page.ready_at = kernel_.now();
  ledger_.page_dirtied(cause);
  ++dirty_pages_;
  if (file.stuck) ++stuck_pages_;
  if (file.dirty_pages++ > 0) return;
  file.dirty_since = kernel_.now();
  dirty_files_.push_newest(file);
  set_age_timer();
}

// --- writing ---

// Hands the device the file's dirty pages from the first on, as many as one operation takes. With a
// flush_target, a length that the file has had, they end in a flush that makes it durable: then
// there may be no dirty pages, and they must reach as far as that.
void PageCache::write(StoredFile& file, uint64_t flush_target) {
  CHECK(!file.writing, "file={}", file.id);
  if (std::exchange(file.stuck, false)) stuck_pages_ -= file.dirty_pages;
  const uint64_t first = file.submitted / kPageSize;
  const uint64_t count = std::min(file.dirty_pages, kOperationPagesMax);
  for (uint64_t i = first; i < first + count; ++i) {
    Page& page = *file.pages[i];
    CHECK(page.residency == Residency::kDirty, "file={} page={}", file.id, i);
    ledger_.page_written(page.dirtied_by);
    make_clean(page);
  }
  file.writing = true;
  file.pages_on_their_way = count;
  pages_on_their_way_ += count;
  dirty_pages_ -= count;
  if (count > 0) {
    file.submitted = std::min(file.size, (first + count) * kPageSize);
    file.dirty_pages -= count;
    if (file.dirty_pages == 0) dirty_files_.remove(file);
  }
  CHECK(file.dirty_pages == pages_in(file.size) - pages_in(file.submitted), "file={}", file.id);
  CHECK(file.submitted >= flush_target, "submitted={} flush={}", file.submitted, flush_target);
  const bool flushes = flush_target > 0;
  file.flush_length = flushes && file.submitted == file.size ? file.size : flush_target;

  const DeviceOperationKind kind =
      count > 0 ? DeviceOperationKind::kWrite : DeviceOperationKind::kSync;
  file.fate = faults_.any() ? draw_fate(file, first, count, flushes ? Flush::kYes : Flush::kNo)
                            : WriteFate::kWell;
  file.write_began = kernel_.now();
  const Instant finish = device_.submit({.kind = kind,
                                         .bytes = count * kPageSize,
                                         .file = file.id,
                                         .first_page = first,
                                         .flush = flushes ? Flush::kYes : Flush::kNo});
  if (finish == kernel_.now()) return finish_write(file);
  writing_.push_back(file.shared_from_this());
  device_.when_finished(finish, digest_of(kind, file, count), [this, &file] {
    const auto found = std::find_if(writing_.begin(), writing_.end(),
                                    [&file](const FileRef& ref) { return ref.get() == &file; });
    const FileRef keep = std::exchange(*found, writing_.back());
    writing_.pop_back();
    finish_write(file);
    write_back();
    set_age_timer();
  });
}

WriteFate PageCache::draw_fate(const StoredFile& file, uint64_t first, uint64_t count,
                               Flush flush) {
  using Kind = FileFaults::Kind;
  if (count > 0) {
    const Touched touched{.kind = file.kind,
                          .file = file.id,
                          .begin = std::max(file.written, first * kPageSize),
                          .end = file.submitted};
    if (faults_.strikes(Kind::kWrite, touched)) return WriteFate::kWriteFails;
    if (faults_.strikes(Kind::kTorn, touched)) return WriteFate::kTorn;
    if (faults_.strikes(Kind::kLost, touched)) return WriteFate::kLost;
    if (faults_.strikes(Kind::kMisdirected, touched)) return WriteFate::kMisdirected;
  }
  if (flush == Flush::kNo) return WriteFate::kWell;
  const Touched whole{.kind = file.kind, .file = file.id, .begin = 0, .end = 1};
  return faults_.strikes(Kind::kSync, whole) ? WriteFate::kFlushFails : WriteFate::kWell;
}

void PageCache::finish_write(StoredFile& file) {
  pages_on_their_way_ -= std::exchange(file.pages_on_their_way, 0);
  const uint64_t length = std::exchange(file.flush_length, 0);
  const uint64_t from = file.written;
  const WriteFate fate = std::exchange(file.fate, WriteFate::kWell);
  file.writing = false;
  if (writing_back_ == &file) writing_back_ = nullptr;
  if (fate == WriteFate::kWriteFails || fate == WriteFate::kFlushFails) {
    fail(file, fate, from);
  } else {
    file.written = file.submitted;
    reach_platter(file, fate, from);
    file.synced = std::max(file.synced, length);
    if (drive_.honest()) {
      file.keep(file.written, length);
    } else {
      const auto effect = [keep = file.shared_from_this(), written = file.written, length] {
        keep->keep(written, length);
      };
      length > 0 ? drive_.flushed(file.write_began, effect) : drive_.wrote(effect);
    }
  }
  file.write_done.wake_all();
  room_.wake_all();
}

void PageCache::fail(StoredFile& file, WriteFate fate, uint64_t from) {
  ++file.failures;
  if (errors_drop_pages_) {
    file.written = file.submitted;
    leave_blank(file, from, file.written);
    file.keep(file.written, 0);
    return;
  }
  if (fate == WriteFate::kFlushFails) {
    file.written = file.submitted;
    reach_platter(file, WriteFate::kWell, from);
    if (drive_.honest()) file.keep(file.written, 0);
    return;
  }
  const uint64_t end = file.submitted > from ? pages_in(file.submitted) : 0;
  file.submitted = from;
  for (uint64_t i = from / kPageSize; i < end; ++i) {
    Page& page = *file.pages[i];
    if (page.residency != Residency::kDirty) make_dirty(file, page, page.dirtied_by);
  }
  file.stuck = file.dirty_pages > 0;
  if (file.stuck) stuck_pages_ += file.dirty_pages;
}

// What the device did with the bytes from `from` to file.written.
void PageCache::reach_platter(StoredFile& file, WriteFate fate, uint64_t from) {
  const uint64_t to = file.written;
  if (from == to) return;
  if (file.spoiled) mend(file, from, to);
  switch (fate) {
    case WriteFate::kTorn: {
      const uint64_t first = from / kSectorSize;
      const uint64_t sectors = (to - 1) / kSectorSize - first + 1;
      const uint64_t whole =
          sectors == 1 ? 0 : 1 + faults_.random(FileFaults::Kind::kTorn).below(sectors - 1);
      return leave_blank(file, std::max(from, (first + whole) * kSectorSize), to);
    }
    case WriteFate::kMisdirected:
      lay_elsewhere({file.pages[from / kPageSize]->bytes,
                     std::min(kPageSize, to - from / kPageSize * kPageSize)},
                    file);
      return leave_blank(file, from, to);
    case WriteFate::kLost:
      return leave_blank(file, from, to);
    case WriteFate::kWell:
    case WriteFate::kWriteFails:
    case WriteFate::kFlushFails:
      return;
  }
}

void PageCache::lay_elsewhere(Bytes page, const StoredFile& than) {
  std::vector<FileRef> files = image_.named_files();
  std::erase_if(files, [&than](const FileRef& file) { return file.get() == &than; });
  uint64_t pages = 0;
  for (const FileRef& file : files) pages += pages_in(file->written);
  if (pages == 0) return;
  uint64_t chosen = faults_.random(FileFaults::Kind::kMisdirected).below(pages);
  auto file = files.begin();
  for (; chosen >= pages_in((*file)->written); ++file) chosen -= pages_in((*file)->written);
  char* const over = (*file)->pages[chosen]->spoil();
  std::memset(over, 0, kPageSize);
  page.copy(over, page.size());
  (*file)->spoiled = true;
}

Result<void> PageCache::sync(const FileRef& file, env::Cause cause) {
  ledger_.sync(cause);
  const FileRef keep = file;  // its handle may go while we wait
  StoredFile& f = *keep;
  const uint64_t target = f.size;
  const uint64_t failures = f.failures_told;
  const auto failed = [&]() -> Result<void> {
    f.failures_told = f.failures;
    return error(ErrorCode::kIo, "the device could not write");
  };
  if (f.failures != failures) return failed();
  while (f.synced < target) {
    if (f.writing) {
      f.write_done.wait("disk: sync");
    } else {
      const uint64_t before_target = pages_in(target) - f.submitted / kPageSize;
      const bool last = f.submitted >= target || before_target <= kOperationPagesMax;
      write(f, last ? target : 0);
    }
    if (f.failures != failures) return failed();
  }
  return {};
}

// --- write-back ---

// Writes while there is a reason to, one operation at a time.
void PageCache::write_back() {
  while (writing_back_ == nullptr) {
    StoredFile* const file = next_to_write_back();
    if (file == nullptr) return;
    writing_back_ = file;
    write(*file, 0);
  }
}

StoredFile* PageCache::oldest_dirty() const {
  StoredFile* file = dirty_files_.oldest();
  while (file != nullptr && file->stuck) file = AgeList<StoredFile>::next_newer(*file);
  return file;
}

StoredFile* PageCache::next_to_write_back() const {
  StoredFile* const oldest = oldest_dirty();
  if (oldest == nullptr) return nullptr;
  const bool many = unwritten_bytes() >= dirty_bytes_max_ / 2;
  if (!many && kernel_.now() - oldest->dirty_since < write_back_after_) return nullptr;
  for (StoredFile* file = oldest; file != nullptr; file = AgeList<StoredFile>::next_newer(*file)) {
    if (!many && kernel_.now() - file->dirty_since < write_back_after_) return nullptr;
    if (!file->writing && !file->stuck) return file;
  }
  return nullptr;
}

// On a device that takes no time, age is looked at when something happens: nobody can tell.
void PageCache::set_age_timer() {
  const StoredFile* const oldest = oldest_dirty();
  if (age_timer_set_ || oldest == nullptr || device_.instant()) return;
  const Instant due = oldest->dirty_since + write_back_after_;
  if (due <= kernel_.now()) return;  // it is being written, and the end of that comes back here
  age_timer_set_ = true;
  age_timer_ = kernel_.at(due, node_, EventKind::kTimer, oldest->id, [this] {
    age_timer_set_ = false;
    write_back();
    set_age_timer();
  });
}

void PageCache::lag_changed() {
  write_back();
  set_age_timer();
}

// --- read ---

Result<void> PageCache::read(const FileRef& file, uint64_t offset, uint64_t size, Access access,
                             Buffer& out, env::Cause cause) {
  out.clear();
  const FileRef keep = file;  // its handle may go while we wait
  StoredFile& f = *keep;
  size = offset < f.size ? std::min(size, f.size - offset) : 0;
  ledger_.read(cause, size);
  if (size == 0) return {};

  const uint64_t first = offset / kPageSize;
  const uint64_t end = pages_in(offset + size);
  const auto absent = [&f](uint64_t i) { return f.pages[i]->residency == Residency::kAbsent; };
  Instant ready = kernel_.now();
  bool failed = false;
  for (uint64_t i = first; i < end; ++i) {
    if (absent(i)) [[unlikely]] {
      uint64_t run_end = i;
      while (run_end < end && absent(run_end)) ++run_end;
      if (faults_.any()) [[unlikely]] {
        failed = faults_.strikes(FileFaults::Kind::kRead,
                                 {.kind = f.kind,
                                  .file = f.id,
                                  .begin = std::max(offset, i * kPageSize),
                                  .end = std::min(offset + size, run_end * kPageSize)});
      }
      if (failed) {
        ready = std::max(ready, ask(f, i, std::min(run_end - i, kOperationPagesMax), cause));
        break;
      }
      if (run_end == end && access == Access::kSequential) {
        uint64_t limit = std::min<uint64_t>(end + read_ahead_pages_, f.pages.size());
        if (faults_.any()) [[unlikely]]
          limit = faults_.readable_until(f.id, end, limit);
        while (run_end < limit && absent(run_end)) ++run_end;
      }
      ready = std::max(ready, fetch(f, i, run_end, cause));
      i = std::min(run_end, end) - 1;
      continue;
    }
    Page& page = *f.pages[i];
    ready = std::max(ready, page.ready_at);
    if (page.residency == Residency::kClean) clean_.make_newest(page);
  }
  evict();
  device_.wait_until(ready, digest_of(DeviceOperationKind::kRead, f, end - first), "disk: read");
  if (failed) {
    return error(ErrorCode::kIo, "the device could not read {} bytes at {}", size, offset);
  }

  // A page evicted meanwhile has been read all the same. Bytes up to the size of before are fixed.
  for (uint64_t at = offset; at < offset + size;) {
    const uint64_t in_page = at % kPageSize;
    const uint64_t taken = std::min(offset + size - at, kPageSize - in_page);
    out.append(f.pages[at / kPageSize]->cached() + in_page, taken);
    at += taken;
  }
  return {};
}

// Has the device read pages, which go nowhere yet; when it is done.
Instant PageCache::ask(const StoredFile& file, uint64_t first, uint64_t count, env::Cause cause) {
  ledger_.device_read(cause, count * kPageSize);
  return device_.submit({.kind = DeviceOperationKind::kRead,
                         .bytes = count * kPageSize,
                         .file = file.id,
                         .first_page = first});
}

Instant PageCache::fetch(StoredFile& file, uint64_t first, uint64_t end, env::Cause cause) {
  Instant finish;
  while (first < end) {
    const uint64_t count = std::min(end - first, kOperationPagesMax);
    finish = ask(file, first, count, cause);
    for (uint64_t i = first; i < first + count; ++i) {
      file.pages[i]->ready_at = finish;
      file.pages[i]->shows_platter = file.pages[i]->platter != nullptr;
      make_clean(*file.pages[i]);
    }
    first += count;
  }
  return finish;
}

// --- what is cached ---

void PageCache::make_clean(Page& page) {
  page.residency = Residency::kClean;
  clean_.push_newest(page);
}

void PageCache::leave(Page& page) {
  if (page.residency == Residency::kClean) clean_.remove(page);
  page.residency = Residency::kAbsent;
}

void PageCache::evict() {
  while (clean_.size() > 0 && clean_.size() + dirty_pages_ > pages_max_) leave(*clean_.oldest());
}

void PageCache::forget(StoredFile& file) {
  for (const auto& page : file.pages) {
    if (page->residency == Residency::kDirty) ledger_.page_dropped(page->dirtied_by);
    leave(*page);
  }
  if (file.dirty_pages > 0) dirty_files_.remove(file);
  if (std::exchange(file.stuck, false)) stuck_pages_ -= file.dirty_pages;
  dirty_pages_ -= std::exchange(file.dirty_pages, 0);
  file.settle(file.durable_length);
}

void PageCache::catch_up() {
  if (device_.instant()) write_back();
}

void PageCache::lose_power() {
  catch_up();
  while (StoredFile* const file = dirty_files_.oldest()) {
    for (uint64_t i = file->submitted / kPageSize; i < file->pages.size(); ++i) {
      ledger_.page_dropped(file->pages[i]->dirtied_by);
      file->pages[i]->residency = Residency::kAbsent;
    }
    file->dirty_pages = 0;
    file->stuck = false;
    dirty_files_.remove(*file);
  }
  while (clean_.size() > 0) leave(*clean_.oldest());
  for (const FileRef& file : writing_) {
    file->writing = false;
    file->flush_length = file->pages_on_their_way = 0;
    file->fate = WriteFate::kWell;
  }
  writing_.clear();
  writing_back_ = nullptr;
  dirty_pages_ = pages_on_their_way_ = stuck_pages_ = 0;
  if (std::exchange(age_timer_set_, false)) kernel_.cancel(age_timer_);
}

std::map<env::Cause, uint64_t> PageCache::count_dirty() const {
  std::map<env::Cause, uint64_t> result;
  for (const StoredFile* file = dirty_files_.oldest(); file != nullptr;
       file = AgeList<StoredFile>::next_newer(*file)) {
    for (const auto& page : file->pages) {
      if (page->residency == Residency::kDirty) ++result[page->dirtied_by];
    }
  }
  return result;
}

}  // namespace revenant::sim
