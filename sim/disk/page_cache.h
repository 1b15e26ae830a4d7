// A machine's page cache: what a process writes and reads goes through it, and what it holds
// survives the process but not the power.
//
//   append ──> dirty pages ──(sync, age, or too many of them)──> device ──> clean pages
//   read  <── clean or dirty pages <──(miss, read-ahead)── device              │
//                                                          least recently used evicted
//
// Appends take no time until `dirty_max` bytes are dirty or on their way; then the writer waits for
// write-back. Write-back runs by itself, one operation at a time, oldest file first, from half of
// dirty_max on and for files dirty longer than write_back_after. What becomes of a page that the
// drive has acknowledged is drive_cache.h's.
//
// A write or a flush may fail (file_faults.h). Every sync of the file that waits then returns kIo, or
// else the next one, once. With an honest kernel the pages are dirty again and stay so, kept out of
// write-back and of dirty_max, until a sync tries once more; with fsync_error_drops_pages they are
// clean, and lost.
//
// Simplified against a real kernel:
// - Clean pages are evicted in strict LRU order, and only they: dirty ones wait for write-back.
// - A file is written back from its first dirty page on, so age is kept for the file, not the page.
// - Read-ahead is of a fixed size and moves with the request that missed, which waits for both.
// - Appending to a page that was evicted does not read it back.
// - Metadata (lengths, directory entries) moves no bytes; a sync costs its flush.
// - A sync of a file with nothing unsynced returns at once. Syncs of one file by several tasks
//   share operations where they can.
#pragma once

#include <cstdint>
#include <map>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "sim/disk/device.h"
#include "sim/disk/drive_cache.h"
#include "sim/disk/durable_image.h"
#include "sim/disk/file_faults.h"
#include "sim/disk/ledger.h"
#include "sim/disk/stored_file.h"

namespace revenant::sim {

enum class Access : uint8_t { kRandom, kSequential };

class PageCache {
 public:
  // All outlive it. So must the waits: every task that called it has ended when it is destroyed.
  PageCache(Kernel& kernel, NodeId node, const DiskOptions& options, Device& device,
            DriveCache& drive, FileFaults& faults, const DurableImage& image, Ledger& ledger);
  ~PageCache();
  PageCache(const PageCache&) = delete;

  // Suspends at the dirty limit only.
  void append(const FileRef& file, Bytes data, env::Cause cause);
  // Puts up to `size` bytes at `offset` into `out`. Suspends where pages have to come from the
  // device; kIo if it cannot read one of them.
  Result<void> read(const FileRef& file, uint64_t offset, uint64_t size, Access access, Buffer& out,
                    env::Cause cause);
  // Returns when what was appended before the call is durable, its length included; kIo if a write
  // or a flush of the file failed and no sync has said so yet.
  Result<void> sync(const FileRef& file, env::Cause cause);

  // The file has neither name nor handle: its unsynced pages are dropped, it becomes what a power
  // loss would leave of it at the least, and nothing of it stays cached.
  void forget(StoredFile& file);
  // On a device that takes no time, what is old enough has been written: does that.
  void catch_up();
  // Everything leaves the cache, and what is on its way is void. Leaves the files' own figures for
  // whoever draws what survived.
  void lose_power();
  // To be called after the device became slower: write-back by age then needs a timer.
  void lag_changed();

  env::Tasks& tasks() { return tasks_; }
  // Counted page by page.
  std::map<env::Cause, uint64_t> count_dirty() const;

 private:
  void make_room(const FileRef& file);
  void write(StoredFile& file, uint64_t flush_target);
  WriteFate draw_fate(const StoredFile& file, uint64_t first, uint64_t count, Flush flush);
  void finish_write(StoredFile& file);
  void fail(StoredFile& file, WriteFate fate, uint64_t from);
  void reach_platter(StoredFile& file, WriteFate fate, uint64_t from);
  void lay_elsewhere(Bytes page, const StoredFile& than);
  void write_back();
  StoredFile* next_to_write_back() const;
  StoredFile* oldest_dirty() const;
  void set_age_timer();

  Instant ask(const StoredFile& file, uint64_t first, uint64_t count, env::Cause cause);
  Instant fetch(StoredFile& file, uint64_t first, uint64_t end, env::Cause cause);
  void make_dirty(StoredFile& file, Page& page, env::Cause cause);
  void make_clean(Page& page);
  void leave(Page& page);
  void evict();

  uint64_t unwritten_bytes() const {
    return (dirty_pages_ - stuck_pages_ + pages_on_their_way_) * kPageSize;
  }

  Kernel& kernel_;
  const NodeId node_;
  Device& device_;
  DriveCache& drive_;
  FileFaults& faults_;
  const DurableImage& image_;
  Ledger& ledger_;
  GroupTasks tasks_;  // park and unpark as the kernel has them: its group is never used
  const uint64_t pages_max_, dirty_bytes_max_, read_ahead_pages_;
  const Duration write_back_after_;
  const bool errors_drop_pages_;

  AgeList<Page> clean_;              // by last use
  AgeList<StoredFile> dirty_files_;  // by dirty_since
  uint64_t dirty_pages_ = 0, pages_on_their_way_ = 0;
  uint64_t stuck_pages_ = 0;  // those of dirty_pages_ that wait for a sync after a failure
  env::WaitList room_;        // writers at the dirty limit

  std::vector<FileRef> writing_;        // the files with pages on their way
  StoredFile* writing_back_ = nullptr;  // the one of them that write-back chose
  bool age_timer_set_ = false;
  EventId age_timer_;
};

}  // namespace revenant::sim
