#include "engine/lsm/lookup.h"

#include <array>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/checksum.h"

namespace revenant::lsm {
namespace {

class Lookup {
 public:
  Lookup(Core& core, const View& view, Bytes key, SequenceNumber bound,
         sstable::ReadCounters& counters, env::Cause cause)
      : core_(core), view_(view), key_(key), bound_(bound), counters_(counters), cause_(cause) {}

  Result<std::optional<Cell>> run() {
    read_memtables();
    if (!decided_against(view_.sstables->greatest_version()) && !(found_ && sequences())) {
      RETURN_IF_ERROR(read_sstables());
    }
    if (!found_) return std::nullopt;
    if (best_.is_tombstone()) ++counters_.tombstones_stepped;
    if (owned_.has_value()) return std::move(owned_);
    return Cell(best_);
  }

 private:
  bool sequences() const {
    return core_.options.versions == Versions::kSequence ||
           core_.options.defects.has(Defect::kReadStopsAtFirstSource);
  }
  // Nothing with a version up to `greatest` can win any more.
  bool decided_against(Version greatest) const { return found_ && best_.version > greatest; }

  void read_memtables() {
    read_memtable(*view_.active);
    if (core_.options.defects.has(Defect::kReadSkipsFrozenMemtables)) return;
    for (const FrozenMemtable& frozen : view_.frozen) {
      if (found_ && sequences()) return;
      read_memtable(*frozen.memtable);
    }
  }

  void read_memtable(const Memtable& memtable) {
    if (memtable.empty() || decided_against(memtable.greatest_version())) return;
    ++counters_.memtables;
    const std::optional<CellView> cell = memtable.get(key_, bound_);
    if (cell.has_value() && wins(*cell)) take(*cell);
    if (!memtable.range_tombstones().empty()) read_ranges(memtable.cut_range_tombstones());
  }

  void read_ranges(const sstable::RangeTombstones& ranges) {
    const auto marker = ranges.winner(key_, bound_);
    if (marker.has_value() && wins(marker->cell())) take(marker->cell());
  }

  // As far as time goes. Nothing but a defect asks: a purge is the business of compactions, which see
  // all that a tombstone shadows.
  bool purgeable(const CellView& cell) const {
    return cell.is_tombstone() &&
           core_.options.gc_rule().of(key_, core_.env.clock.now()).passed(cell);
  }

  bool wins(const CellView& cell) const { return !found_ || compare_cells(cell, best_) > 0; }
  // A cell whose bytes outlive the lookup.
  void take(const CellView& cell) {
    owned_.reset();
    best_ = cell;
    found_ = true;
  }

  Result<void> read_sstables() {
    const auto& levels = view_.sstables->levels();
    if (levels.empty()) return {};
    return sequences() ? read_newest_level_first(levels) : read_greatest_version_first(levels);
  }

  Result<void> read_newest_level_first(const std::vector<std::vector<SstablePtr>>& levels) {
    for (const SstablePtr& sstable : levels[0]) {
      if (!sstable->meta().covers(key_)) continue;
      if (decided_against(greatest(*sstable))) break;
      RETURN_IF_ERROR(read_sstable(*sstable));
    }
    for (size_t level = 1; level < levels.size() && !found_; ++level) {
      Sstable* sstable = view_.sstables->find_in_level(level, key_);
      if (sstable != nullptr) RETURN_IF_ERROR(read_sstable(*sstable));
    }
    return {};
  }

  Result<void> read_greatest_version_first(const std::vector<std::vector<SstablePtr>>& levels) {
    // At most one SSTable of each deeper level, merged with those of level 0, which are in order.
    CHECK(levels.size() <= kLevelsMax, "{} levels", levels.size());
    std::array<Sstable*, kLevelsMax> deeper{};
    for (size_t level = 1; level < levels.size(); ++level) {
      deeper[level] = view_.sstables->find_in_level(level, key_);
    }
    auto level0 = levels[0].begin();
    for (;;) {
      while (level0 != levels[0].end() && !(*level0)->meta().covers(key_)) ++level0;
      Sstable** next = nullptr;
      for (Sstable*& candidate : deeper) {
        if (candidate == nullptr) continue;
        if (next == nullptr || greatest(*candidate) > greatest(**next)) next = &candidate;
      }
      Sstable* sstable;
      if (level0 != levels[0].end() &&
          (next == nullptr || greatest(**level0) >= greatest(**next))) {
        sstable = (level0++)->get();
      } else if (next != nullptr) {
        sstable = std::exchange(*next, nullptr);
      } else {
        return {};
      }
      if (decided_against(greatest(*sstable))) return {};
      RETURN_IF_ERROR(read_sstable(*sstable));
    }
  }

  static Version greatest(const Sstable& sstable) {
    return sstable.meta().properties.greatest_version;
  }

  Result<void> read_sstable(Sstable& sstable) {
    Result<void> read = search(sstable);
    if (!read && core_.options.defects.has(Defect::kUnreadableReadsAsEmpty)) return {};
    return read;
  }

  Result<void> search(Sstable& sstable) {
    sstable::SstableReader* reader = core_.tables.kept_open(sstable);
    std::shared_ptr<sstable::SstableReader> held;
    if (reader == nullptr) {
      ASSIGN_OR_RETURN(held, core_.tables.open(sstable, cause_));
      reader = held.get();
    }
    if (!reader->range_tombstones().empty()) read_ranges(reader->range_tombstones());
    if (!reader->may_contain(key_, &counters_)) return {};
    if (core_.options.defects.has(Defect::kFilterFalseNegative) && hash64(key_) % 64 == 0)
      return {};
    return reader->get(
        key_, {.cause = cause_, .cache = &core_.block_cache, .counters = &counters_},
        [this](const sstable::InternalKey& entry, Bytes value) { return visit(entry, value); });
  }

  // One entry of the key, the greatest version first: true while a later one might win.
  bool visit(const sstable::InternalKey& entry, Bytes value) {
    if (entry.sequence > bound_) return true;
    const CellView cell = sstable::entry_cell(entry, value);
    if (core_.options.defects.has(Defect::kReadDropsPurgeable) && purgeable(cell)) return true;
    if (!wins(cell)) return cell.version == best_.version;
    owned_.emplace(cell);
    best_ = owned_->view();
    found_ = true;
    return true;
  }

  Core& core_;
  const View& view_;
  const Bytes key_;
  const SequenceNumber bound_;
  sstable::ReadCounters& counters_;
  const env::Cause cause_;
  bool found_ = false;
  CellView best_;              // of a memtable, or of `owned_`
  std::optional<Cell> owned_;  // what an SSTable's block held
};

}  // namespace

Result<std::optional<Cell>> lookup(Core& core, const View& view, Bytes key, SequenceNumber bound,
                                   sstable::ReadCounters& counters, env::Cause cause) {
  return Lookup(core, view, key, bound, counters, cause).run();
}

}  // namespace revenant::lsm
