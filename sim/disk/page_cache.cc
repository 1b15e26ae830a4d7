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

}  // namespace

PageCache::PageCache(Kernel& kernel, NodeId node, const DiskOptions& options, Device& device,
                     Ledger& ledger)
    : kernel_(kernel),
      node_(node),
      device_(device),
      ledger_(ledger),
      tasks_(kernel, GroupId{}),
      pages_max_(static_cast<uint64_t>(options.page_cache.bytes) / kPageSize),
      dirty_bytes_max_(static_cast<uint64_t>(options.dirty_max.bytes)),
      read_ahead_pages_(pages_in(static_cast<uint64_t>(options.read_ahead.bytes))),
      write_back_after_(options.write_back_after),
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

void PageCache::finish_write(StoredFile& file) {
  pages_on_their_way_ -= std::exchange(file.pages_on_their_way, 0);
  file.written = file.submitted;
  file.make_length_durable(std::exchange(file.flush_length, 0));
  file.writing = false;
  if (writing_back_ == &file) writing_back_ = nullptr;
  file.write_done.wake_all();
  room_.wake_all();
}

void PageCache::sync(const FileRef& file, env::Cause cause) {
  ledger_.sync(cause);
  const FileRef keep = file;  // its handle may go while we wait
  StoredFile& f = *keep;
  const uint64_t target = f.size;
  while (f.durable_length < target) {
    if (f.writing) {
      f.write_done.wait("disk: sync");
      continue;
    }
    const uint64_t before_target = pages_in(target) - f.submitted / kPageSize;
    const bool last = f.submitted >= target || before_target <= kOperationPagesMax;
    write(f, last ? target : 0);
  }
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

StoredFile* PageCache::next_to_write_back() const {
  const StoredFile* const oldest = dirty_files_.oldest();
  if (oldest == nullptr) return nullptr;
  const bool many = unwritten_bytes() >= dirty_bytes_max_ / 2;
  if (!many && kernel_.now() - oldest->dirty_since < write_back_after_) return nullptr;
  for (StoredFile* file = dirty_files_.oldest(); file != nullptr;
       file = AgeList<StoredFile>::next_newer(*file)) {
    if (!many && kernel_.now() - file->dirty_since < write_back_after_) return nullptr;
    if (!file->writing) return file;
  }
  return nullptr;
}

// On a device that takes no time, age is looked at when something happens: nobody can tell.
void PageCache::set_age_timer() {
  const StoredFile* const oldest = dirty_files_.oldest();
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

void PageCache::read(const FileRef& file, uint64_t offset, uint64_t size, Access access,
                     Buffer& out, env::Cause cause) {
  out.clear();
  const FileRef keep = file;  // its handle may go while we wait
  StoredFile& f = *keep;
  size = offset < f.size ? std::min(size, f.size - offset) : 0;
  ledger_.read(cause, size);
  if (size == 0) return;

  const uint64_t first = offset / kPageSize;
  const uint64_t end = pages_in(offset + size);
  const auto absent = [&f](uint64_t i) { return f.pages[i]->residency == Residency::kAbsent; };
  Instant ready = kernel_.now();
  for (uint64_t i = first; i < end; ++i) {
    if (absent(i)) [[unlikely]] {
      uint64_t run_end = i;
      while (run_end < end && absent(run_end)) ++run_end;
      if (run_end == end && access == Access::kSequential) {
        const uint64_t limit = std::min<uint64_t>(end + read_ahead_pages_, f.pages.size());
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

  // A page evicted meanwhile has been read all the same. Bytes up to the size of before are fixed.
  for (uint64_t at = offset; at < offset + size;) {
    const uint64_t in_page = at % kPageSize;
    const uint64_t taken = std::min(offset + size - at, kPageSize - in_page);
    out.append(f.pages[at / kPageSize]->bytes + in_page, taken);
    at += taken;
  }
}

Instant PageCache::fetch(StoredFile& file, uint64_t first, uint64_t end, env::Cause cause) {
  Instant finish;
  while (first < end) {
    const uint64_t count = std::min(end - first, kOperationPagesMax);
    ledger_.device_read(cause, count * kPageSize);
    finish = device_.submit({.kind = DeviceOperationKind::kRead,
                             .bytes = count * kPageSize,
                             .file = file.id,
                             .first_page = first});
    for (uint64_t i = first; i < first + count; ++i) {
      file.pages[i]->ready_at = finish;
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
    dirty_files_.remove(*file);
  }
  while (clean_.size() > 0) leave(*clean_.oldest());
  for (const FileRef& file : writing_) {
    file->writing = false;
    file->flush_length = file->pages_on_their_way = 0;
  }
  writing_.clear();
  writing_back_ = nullptr;
  dirty_pages_ = pages_on_their_way_ = 0;
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
