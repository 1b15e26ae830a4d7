// The names on a disk, twice: as processes see them, and as a power loss would find them.
//
//   entries   what list, open and exists go by
//   durable   what is on the platter
//   changes   what leads from the one to the other: creations, removals and renames not yet synced,
//             in order
//
// A sync of the directory applies its changes to the platter. Changes older than a while are there
// already: a journalling file system commits without being asked (ext4: every 5 s).
//
// At a power loss each change not on the platter yet survives or not, whatever becomes of the others:
// a created entry vanishes, a removal is undone, a rename shows the old name instead of the new one,
// never both and never none. A change that survives although one it needs did not (the rename of a
// file whose creation vanished) does nothing. Then every surviving file has one of the lengths it
// had since its last sync, and each of its pages with bytes that are not safe yet is kept, lost (what was
// written of it, then zeros) or torn (each sector one or the other). crash_fates.h decides.
//
// Simplified: directories themselves are durable at once and stay for ever; a rename stays within
// its directory; no hard links, permissions or times.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "sim/disk/crash_fates.h"
#include "sim/disk/stored_file.h"

namespace revenant::sim {

// What a power loss left and took.
struct CrashReport {
  uint64_t entries_kept = 0, entries_vanished = 0;          // unsynced creations
  uint64_t unlinks_kept = 0, unlinks_undone = 0;            // unsynced removals
  uint64_t renames_kept = 0, renames_undone = 0;            // unsynced renames
  uint64_t files_shortened = 0;                             // shorter than the process saw them
  uint64_t pages_kept = 0, pages_lost = 0, pages_torn = 0;  // unsynced pages within what survived

  CrashReport& operator+=(const CrashReport& other);
  friend bool operator==(const CrashReport&, const CrashReport&) = default;
};

// Files by path, with their bytes.
using DiskContents = std::map<std::string, Buffer>;

// "db/CURRENT" is the name CURRENT in the directory db; "CURRENT" stands in the root, "".
struct Path {
  std::string_view directory, name;
  static Path split(std::string_view path);
  static std::string join(std::string_view directory, std::string_view name);
};

class DurableImage {
 public:
  DurableImage() { directories_[""]; }

  // --- names, as processes see them; kNotFound for what is missing, kInvalid for what is wrong ---
  Result<void> create(std::string_view path, FileRef file, Instant now);
  Result<FileRef> find(std::string_view path) const;
  // The file that lost its name.
  Result<FileRef> remove(std::string_view path, Instant now);
  // The file that `to` named before, or null.
  Result<FileRef> rename(std::string_view from, std::string_view to, Instant now);
  bool exists(std::string_view path) const;
  Result<std::vector<std::string>> list(std::string_view directory) const;
  Result<void> make_directory(std::string_view directory);
  uint64_t named_bytes() const;
  // All that have a name, in order of path.
  std::vector<FileRef> named_files() const;

  // --- the platter ---
  // Names the changes so far of a directory, for make_durable(); 0 if all of them are durable.
  Result<uint64_t> unsynced(std::string_view directory) const;
  bool is_durable(std::string_view directory, uint64_t change) const;
  void make_durable(std::string_view directory, uint64_t change);
  // All changes made before then.
  void make_older_durable(Instant than);

  // Leaves only what survives, all of it durable. Fates are asked for directory by directory: of
  // each change in order, then of each file that has a name, in order of path.
  CrashReport lose_power(CrashFates& fates);
  // What lose_power() would leave, byte by byte. Changes nothing.
  DiskContents after_power_loss(CrashFates& fates) const;
  // Puts a file there, durable, with its directory. Its name is new.
  void plant(const std::string& path, FileRef file);

 private:
  using ChangeKind = DirectoryChangeKind;
  struct Change {
    uint64_t number = 0;  // of the disk, from 1 on
    Instant at;
    ChangeKind kind = ChangeKind::kCreate;
    std::string name = {}, new_name = {};  // new_name: kRename
    FileRef file = {};                     // kCreate
  };
  using Names = std::map<std::string, FileRef, std::less<>>;
  struct Directory {
    Names entries, durable;
    std::deque<Change> changes;
  };

  Result<Directory*> directory(std::string_view name);
  void add(Directory& directory, Change change);
  static bool apply(const Change& change, Names& names);
  static void count(ChangeKind kind, bool kept, CrashReport& report);
  // What becomes of a file: its length, and the bytes within it that are zeros from then on.
  struct Range {
    uint64_t begin, end;
  };
  struct FileFate {
    uint64_t length = 0;
    std::vector<Range> lost = {};
  };

  static Names surviving_names(std::string_view name, const Directory& directory, CrashFates& fates,
                               CrashReport& report);
  static FileFate fate_of(std::string_view path, const StoredFile& file, CrashFates& fates,
                          CrashReport& report);

  std::map<std::string, Directory, std::less<>> directories_;
  uint64_t last_change_ = 0;
};

}  // namespace revenant::sim
