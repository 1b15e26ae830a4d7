// One file of a simulated disk: its bytes, and how much of them would be found after a power loss.
//
// Files are only ever appended to, and their pages are written in order. So what lies on the
// platter is a prefix of what was appended, the last page on it padded with zeros, and no second
// copy of a page is needed to know its durable content:
//
//   0 ───── kept ────── written ─────── submitted ─────── size
//     safe    │ in the    │  on its way   │  dirty: only in │
//             │ drive     │  to it        │  the page cache │
//
//   kept             a power loss does not touch these bytes; with an honest drive, written
//   durable_length   ≤ kept: the length that the file's metadata has on the platter; bytes beyond it
//                    may lie there and are still lost with the length
//   synced           the length that syncs have vouched for; durable_length, unless they lied
//
// Faults lie over that content. A page that they spoiled has a second copy, `platter`: what the
// device returns for it. The page cache shows that copy once it has read the page from the device,
// and what the process appended until then.
//
// The lengths the file had since, any of which a power loss may leave, are remembered one by one up
// to kLengthsMax; of more, every second is forgotten.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/time.h"
#include "engine/env/cause.h"
#include "engine/env/sync.h"
#include "sim/disk/age_list.h"
#include "sim/disk/file_kind.h"

namespace revenant::sim {

constexpr uint64_t kPageSize = 4096;   // what the page cache and the device move
constexpr uint64_t kSectorSize = 512;  // what the device writes whole or not at all
static_assert(kPageSize % kSectorSize == 0);

constexpr uint64_t pages_in(uint64_t bytes) { return (bytes + kPageSize - 1) / kPageSize; }

// What becomes of an operation that writes.
enum class WriteFate : uint8_t { kWell, kWriteFails, kFlushFails, kTorn, kLost, kMisdirected };

enum class Residency : uint8_t { kAbsent, kClean, kDirty };

struct Page {
  Links<Page> links;  // among the clean pages of the cache
  Instant ready_at;   // when its content has arrived from the device
  env::Cause dirtied_by;
  Residency residency = Residency::kAbsent;
  bool shows_platter = false;  // the cached page is what the device returned
  std::unique_ptr<std::array<char, kPageSize>> platter;  // null: the same as `bytes`
  char bytes[kPageSize];

  const char* on_platter() const { return platter != nullptr ? platter->data() : bytes; }
  const char* cached() const { return shows_platter ? on_platter() : bytes; }
  // A copy of what is on the platter, to be spoiled.
  char* spoil() {
    if (platter == nullptr) {
      platter = std::make_unique<std::array<char, kPageSize>>();
      std::memcpy(platter->data(), bytes, kPageSize);
    }
    return platter->data();
  }
};

struct StoredFile : std::enable_shared_from_this<StoredFile> {
  StoredFile(uint64_t file_id, FileKind file_kind, env::Tasks& tasks)
      : id(file_id), kind(file_kind), write_done(tasks) {}

  const uint64_t id;    // from 1 on, never reused on this disk
  const FileKind kind;  // by the name it was created under
  std::vector<std::unique_ptr<Page>> pages;
  uint64_t size = 0;
  uint64_t submitted = 0, written = 0, kept = 0;
  uint64_t durable_length = 0, synced = 0;
  std::vector<uint64_t> lengths;  // since durable_length, ascending; the last is size

  // The page cache's part.
  Links<StoredFile> links;  // among the files with dirty pages
  uint64_t dirty_pages = 0;
  Instant dirty_since;        // when its first dirty page became so
  bool writing = false;       // pages are on their way, at most one operation at a time
  uint64_t flush_length = 0;  // and then this length is durable; 0 if it ends in no flush
  uint64_t pages_on_their_way = 0;
  WriteFate fate = WriteFate::kWell;  // of that operation
  Instant write_began;                // when the device took it in
  uint64_t failures = 0;              // operations that failed
  uint64_t failures_told = 0;         // of them, those that a sync has reported
  bool spoiled = false;               // some page has, or had, a copy of its own on the platter
  bool stuck = false;        // its dirty pages wait for the next sync: the last operation failed
  env::WaitList write_done;  // of who waits for that operation

  // The file system's part: it lives while it has a name or an open handle.
  bool named = true;
  uint32_t handles = 0;

  static constexpr size_t kLengthsMax = 4096;

  void note_length() {
    if (lengths.size() == kLengthsMax) {
      for (size_t i = 0; i < kLengthsMax / 2; ++i) lengths[i] = lengths[2 * i + 1];
      lengths.resize(kLengthsMax / 2);
    }
    lengths.push_back(size);
  }
  void make_length_durable(uint64_t length) {
    durable_length = std::max(durable_length, length);
    lengths.erase(lengths.begin(),
                  std::upper_bound(lengths.begin(), lengths.end(), durable_length));
  }
  // What the drive has of the file, up to this byte, survives from now on; so does this length.
  void keep(uint64_t bytes, uint64_t length) {
    kept = std::max(kept, std::min(bytes, size));
    make_length_durable(std::min(length, size));
  }
  // Puts durable bytes into a new file.
  void fill(Bytes bytes) {
    for (uint64_t at = 0; at < bytes.size(); at += kPageSize) {
      pages.push_back(std::unique_ptr<Page>(new Page));
      bytes.copy(pages.back()->bytes, kPageSize, at);
    }
    settle(bytes.size());
  }
  // The file as it is is all there is, and all of it durable.
  void settle(uint64_t length) {
    pages.resize(pages_in(length));
    size = submitted = written = kept = durable_length = synced = length;
    lengths.clear();
  }
};

using FileRef = std::shared_ptr<StoredFile>;

}  // namespace revenant::sim
