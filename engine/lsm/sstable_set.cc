#include "engine/lsm/sstable_set.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "engine/base/check.h"

namespace revenant::lsm {

Sstable::~Sstable() {
  if (obsolete_) obsolete_files_->add({FileKind::kSstable, meta_->number});
}

std::shared_ptr<const SstableSet> SstableSet::apply(
    const ManifestEdit& edit, const std::shared_ptr<ObsoleteFiles>& obsolete_files) const {
  auto result = std::make_shared<SstableSet>();
  result->compact_pointers_ = compact_pointers_;
  for (const auto& [level, key] : edit.compact_pointers) {
    const auto at = static_cast<size_t>(level);
    if (result->compact_pointers_.size() <= at) result->compact_pointers_.resize(at + 1);
    result->compact_pointers_[at] = key;
  }
  std::map<FileNumber, SstablePtr> removed;
  for (const auto& level : levels_) {
    auto& kept = result->levels_.emplace_back();
    for (const SstablePtr& sstable : level) {
      if (std::ranges::find(edit.removed, sstable->meta().number) == edit.removed.end()) {
        kept.push_back(sstable);
      } else {
        removed.emplace(sstable->meta().number, sstable);
      }
    }
  }
  CHECK(removed.size() == edit.removed.size(), "{} of {}", removed.size(), edit.removed.size());

  for (const auto& [level, meta] : edit.added) {
    const auto at = static_cast<size_t>(level);
    if (result->levels_.size() <= at) result->levels_.resize(at + 1);
    SstablePtr sstable;
    if (auto moved = removed.find(meta->number); moved != removed.end()) {
      sstable = std::move(moved->second);
      sstable->set_meta(meta);
      removed.erase(moved);
    } else {
      sstable = std::make_shared<Sstable>(meta, obsolete_files);
    }
    sstable->set_level(level);
    result->levels_[at].push_back(std::move(sstable));
  }
  for (const auto& [number, sstable] : removed) sstable->set_obsolete();
  result->tabulate();
  return result;
}

std::shared_ptr<const SstableSet> SstableSet::only(
    const std::function<bool(const SstableMeta&)>& chosen) const {
  auto result = std::make_shared<SstableSet>();
  if (levels_.empty()) return result;
  auto& level0 = result->levels_.emplace_back();
  std::ranges::copy_if(levels_[0], std::back_inserter(level0),
                       [&](const SstablePtr& sstable) { return chosen(sstable->meta()); });
  result->tabulate();
  return result;
}

void SstableSet::tabulate() {
  for (size_t level = 0; level < levels_.size(); ++level) {
    auto& sstables = levels_[level];
    std::ranges::sort(sstables, [&](const SstablePtr& a, const SstablePtr& b) {
      const auto& x = a->meta().properties;
      const auto& y = b->meta().properties;
      if (level == 0) {
        return std::pair(x.greatest_version, a->meta().number) >
               std::pair(y.greatest_version, b->meta().number);
      }
      return x.least_key < y.least_key;
    });
    auto& metas = metas_.emplace_back();
    uint64_t& range_tombstones = range_tombstones_.emplace_back();
    for (const SstablePtr& sstable : sstables) {
      const SstableMeta& meta = sstable->meta();
      CHECK(level == 0 || metas.empty() || metas.back()->greatest_key() < meta.least_key(),
            "level {}: {} and {} overlap", level, metas.back()->number, meta.number);
      metas.push_back(sstable->meta_ptr());
      const auto& p = meta.properties;
      range_tombstones += p.range_tombstones;
      greatest_version_ = std::max(greatest_version_, p.greatest_version);
      // Properties count internal keys, and a tombstone's deletion time as its value.
      payload_bytes_ += p.key_bytes + p.value_bytes - p.entries * sstable::kTrailerSize -
                        p.tombstones * sizeof(Instant::ns);
    }
    greatest_keys_.emplace_back(level == 0 ? 0 : sstables.size(),
                                [&](size_t i) { return sstables[i]->meta().greatest_key(); });
  }
}

SstablePtr SstableSet::find(FileNumber number) const {
  for (const auto& level : levels_) {
    for (const SstablePtr& sstable : level) {
      if (sstable->meta().number == number) return sstable;
    }
  }
  return nullptr;
}

size_t SstableSet::first_not_before(size_t level, Bytes user_key) const {
  const std::vector<SstablePtr>& sstables = levels_[level];
  return greatest_keys_[level].find(
      user_key, [&](size_t i) { return sstables[i]->meta().greatest_key() < user_key; });
}

Sstable* SstableSet::find_in_level(size_t level, Bytes user_key) const {
  const std::vector<SstablePtr>& sstables = levels_[level];
  const size_t found = first_not_before(level, user_key);
  if (found == sstables.size() || user_key < sstables[found]->meta().least_key()) return nullptr;
  return sstables[found].get();
}

}  // namespace revenant::lsm
