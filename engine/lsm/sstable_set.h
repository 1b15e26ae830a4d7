// The SSTables of one Db at one moment. A set never changes: an installed edit makes a new one, and
// whoever still reads from the old one holds it, and with it the files.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/env/file_system.h"
#include "engine/lsm/compaction/picker.h"
#include "engine/lsm/compaction/sstable_meta.h"
#include "engine/lsm/manifest_edit.h"
#include "engine/lsm/obsolete_files.h"
#include "engine/sstable/sorted_keys.h"
#include "engine/sstable/sstable_reader.h"

namespace revenant::lsm {

// One SSTable file in use. The table cache opens it at its first read, and keeps its reader here.
class Sstable {
 public:
  Sstable(SstableMetaPtr meta, std::shared_ptr<ObsoleteFiles> obsolete_files)
      : meta_(std::move(meta)), obsolete_files_(std::move(obsolete_files)) {}
  ~Sstable();
  Sstable(const Sstable&) = delete;

  const SstableMeta& meta() const { return *meta_; }
  const SstableMetaPtr& meta_ptr() const { return meta_; }

  // The same SSTable, of which more is known now.
  void set_meta(SstableMetaPtr meta) { meta_ = std::move(meta); }

  // Where the newest set that holds it has it.
  int level() const { return level_; }
  void set_level(int level) { level_ = level; }

  // No set from now on names it: the file goes when the last reference does.
  void set_obsolete() { obsolete_ = true; }

 private:
  friend class TableCache;
  // Its place among the open ones, for the table cache.
  struct Use {
    explicit Use(Sstable* s = nullptr) : sstable(s) {}
    ~Use() { unlink(); }
    Use(const Use&) = delete;
    bool linked() const { return next != this; }
    void link_after(Use& other) {
      previous = &other;
      next = other.next;
      previous->next = next->previous = this;
    }
    void unlink() {
      previous->next = next;
      next->previous = previous;
      previous = next = this;
    }
    Sstable* const sstable;
    Use* previous = this;
    Use* next = this;
  };

  SstableMetaPtr meta_;
  const std::shared_ptr<ObsoleteFiles> obsolete_files_;
  Use use_{this};
  std::shared_ptr<sstable::SstableReader> reader_;
  int level_ = 0;
  bool obsolete_ = false;
};
using SstablePtr = std::shared_ptr<Sstable>;

class SstableSet {
 public:
  SstableSet() = default;

  // This set with the edit applied; the SSTables it removes are obsolete from now on.
  std::shared_ptr<const SstableSet> apply(
      const ManifestEdit& edit, const std::shared_ptr<ObsoleteFiles>& obsolete_files) const;

  // Those of level 0 for which `chosen` holds.
  std::shared_ptr<const SstableSet> only(
      const std::function<bool(const SstableMeta&)>& chosen) const;

  // As Levels in compaction/sstable_meta.h says.
  const std::vector<std::vector<SstablePtr>>& levels() const { return levels_; }
  const Levels& metas() const { return metas_; }
  const CompactPointers& compact_pointers() const { return compact_pointers_; }
  size_t level0_size() const { return levels_.empty() ? 0 : levels_[0].size(); }
  SstablePtr find(FileNumber number) const;  // null if it is not here

  // The first SSTable of level 1 or deeper that ends not before the key, or the level's size.
  size_t first_not_before(size_t level, Bytes user_key) const;
  // The SSTable of level 1 or deeper whose range may hold the key, or null.
  Sstable* find_in_level(size_t level, Bytes user_key) const;

  Version greatest_version() const { return greatest_version_; }  // 0 if empty
  uint64_t payload_bytes() const { return payload_bytes_; }       // user keys and values
  uint64_t range_tombstones(size_t level) const { return range_tombstones_[level]; }

 private:
  // What is looked up, from levels_.
  void tabulate();

  std::vector<std::vector<SstablePtr>> levels_;
  std::vector<sstable::SortedKeys> greatest_keys_;  // of each level but level 0
  std::vector<uint64_t> range_tombstones_;          // of each level
  Levels metas_;
  CompactPointers compact_pointers_;
  Version greatest_version_;
  uint64_t payload_bytes_ = 0;
};

}  // namespace revenant::lsm
