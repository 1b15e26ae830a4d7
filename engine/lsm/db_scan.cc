#include "engine/lsm/db_scan.h"

#include <algorithm>
#include <utility>

#include "engine/lsm/winners.h"

namespace revenant::lsm {
namespace {

bool overlaps(const SstableMeta& meta, Bytes least, Bytes limit) {
  return least <= meta.greatest_key() && (limit.empty() || meta.least_key() < limit);
}

// The SSTables of one level with disjoint ranges as one sorted run, each opened when the iteration
// reaches it.
class LevelIterator final : public sstable::Iterator {
 public:
  LevelIterator(Core& core, std::vector<SstablePtr> sstables, const sstable::ReadContext& context)
      : core_(core), sstables_(std::move(sstables)), context_(context) {}

  bool valid() const override { return iterator_ != nullptr && iterator_->valid(); }
  void seek_to_first() override {
    enter(0);
    if (iterator_ != nullptr) iterator_->seek_to_first();
    skip_ended();
  }
  void seek(Bytes internal_key) override {
    const auto found =
        std::ranges::lower_bound(sstables_, sstable::user_key_of(internal_key), {},
                                 [](const SstablePtr& s) { return s->meta().greatest_key(); });
    enter(static_cast<size_t>(found - sstables_.begin()));
    if (iterator_ != nullptr) iterator_->seek(internal_key);
    skip_ended();
  }
  void seek_to_last() override {
    if (sstables_.empty()) return;
    enter(sstables_.size() - 1);
    if (iterator_ != nullptr) iterator_->seek_to_last();
    skip_ended_back();
  }
  void next() override {
    iterator_->next();
    skip_ended();
  }
  void prev() override {
    iterator_->prev();
    skip_ended_back();
  }
  Bytes key() const override { return iterator_->key(); }
  Bytes value() const override { return iterator_->value(); }
  Result<void> status() const override {
    if (!status_.has_value()) return status_;
    return iterator_ != nullptr ? iterator_->status() : Result<void>{};
  }

 private:
  void enter(size_t at) {
    at_ = at;
    iterator_.reset();
    if (at_ >= sstables_.size() || !status_.has_value()) return;
    auto reader = sstables_[at_]->open(core_.env.files, core_.directory, context_.cause);
    if (!reader.has_value()) {
      status_ = std::unexpected(std::move(reader.error()));
      return;
    }
    iterator_ = (*reader)->iterate(context_);
  }
  void skip_ended() {
    while (iterator_ != nullptr && !iterator_->valid() && iterator_->status().has_value()) {
      enter(at_ + 1);
      if (iterator_ != nullptr) iterator_->seek_to_first();
    }
  }

  void skip_ended_back() {
    while (iterator_ != nullptr && !iterator_->valid() && iterator_->status().has_value()) {
      if (at_ == 0) return;
      enter(at_ - 1);
      if (iterator_ != nullptr) iterator_->seek_to_last();
    }
  }

  Core& core_;
  const std::vector<SstablePtr> sstables_;
  const sstable::ReadContext context_;
  size_t at_ = 0;
  std::unique_ptr<sstable::Iterator> iterator_;  // of sstables_[at_], or null after the last
  Result<void> status_;
};

class DbScan final : public Scan {
 public:
  DbScan(Core& core, Bytes least, Bytes limit, const ReadOptions& options)
      : core_(core),
        view_(core.view),
        bound_(options.snapshot != nullptr ? options.snapshot->sequence() : core.last_sequence),
        least_(least),
        limit_(limit),
        callers_counters_(options.counters) {}

  Result<void> start(env::Cause cause) {
    const sstable::ReadContext context{
        .cause = cause, .cache = &core_.block_cache, .counters = &counters_};
    std::vector<std::unique_ptr<sstable::Iterator>> children;
    add_memtable(*view_->active, children);
    for (const FrozenMemtable& frozen : view_->frozen) add_memtable(*frozen.memtable, children);
    const auto& levels = view_->sstables->levels();
    for (size_t level = 0; level < levels.size(); ++level) {
      std::vector<SstablePtr> sstables;
      for (const SstablePtr& sstable : levels[level]) {
        if (!overlaps(sstable->meta(), least_, limit_)) continue;
        sstables.push_back(sstable);
        if (sstable->meta().properties.range_tombstones == 0) continue;
        ASSIGN_OR_RETURN(auto reader, sstable->open(core_.env.files, core_.directory, cause));
        add_ranges(reader->range_tombstones().list());
      }
      if (sstables.empty()) continue;
      if (level > 0) {
        children.push_back(std::make_unique<LevelIterator>(core_, std::move(sstables), context));
        continue;
      }
      for (const SstablePtr& sstable : sstables) {
        ASSIGN_OR_RETURN(auto reader, sstable->open(core_.env.files, core_.directory, cause));
        children.push_back(reader->iterate(context));
      }
    }
    winners_.emplace(sstable::make_merging_iterator(std::move(children)),
                     sstable::RangeTombstones(ranges_), bound_, core_.options.versions);
    seek_to_first();
    return winners_->status();
  }

  bool valid() const override {
    return winners_->valid() && winners_->user_key() >= least_ &&
           (limit_.empty() || winners_->user_key() < limit_);
  }
  void seek_to_first() override { seek(least_); }
  void seek_to_last() override {
    if (limit_.empty()) {
      winners_->seek_to_last();
    } else {
      winners_->seek_before(limit_);
    }
    publish_counters();
  }
  void seek(Bytes key) override {
    winners_->seek(std::max<Bytes>(key, least_));
    publish_counters();
  }
  void seek_for_prev(Bytes key) override {
    if (!limit_.empty() && key >= limit_) return seek_to_last();
    winners_->seek_for_prev(key);
    publish_counters();
  }
  void next() override {
    winners_->next();
    publish_counters();
  }
  void prev() override {
    winners_->prev();
    publish_counters();
  }
  Bytes key() const override { return winners_->user_key(); }
  CellView cell() const override { return winners_->cell(); }
  Result<void> status() const override { return winners_->status(); }
  std::vector<sstable::RangeTombstone> range_tombstones() const override { return ranges_; }

 private:
  void add_memtable(const Memtable& memtable,
                    std::vector<std::unique_ptr<sstable::Iterator>>& children) {
    if (memtable.empty()) return;
    ++counters_.memtables;
    children.push_back(memtable.iterate());
    add_ranges(memtable.range_tombstones());
  }

  // Those that the scan sees and that touch its range.
  void add_ranges(const std::vector<sstable::RangeTombstone>& ranges) {
    for (const sstable::RangeTombstone& t : ranges) {
      const bool touches = t.end > least_ && (limit_.empty() || t.start < limit_);
      if (t.sequence <= bound_ && touches) ranges_.push_back(t);
    }
  }

  void publish_counters() {
    counters_.tombstones_stepped =
        winners_->tombstones() - std::exchange(tombstones_, winners_->tombstones());
    core_.metrics.reads += counters_;
    if (callers_counters_ != nullptr) *callers_counters_ += counters_;
    counters_ = {};
  }

  Core& core_;
  const std::shared_ptr<const View> view_;
  const SequenceNumber bound_;
  const Buffer least_, limit_;
  sstable::ReadCounters* const callers_counters_;
  sstable::ReadCounters counters_;  // since they were last published
  uint64_t tombstones_ = 0;         // published
  std::vector<sstable::RangeTombstone> ranges_;
  std::optional<Winners> winners_;
};

}  // namespace

Result<std::unique_ptr<Scan>> make_scan(Core& core, Bytes least, Bytes limit,
                                        const ReadOptions& options) {
  auto scan = std::make_unique<DbScan>(core, least, limit, options);
  RETURN_IF_ERROR(scan->start(options.cause));
  return scan;
}

}  // namespace revenant::lsm
