#include "engine/lsm/db_scan.h"

#include <algorithm>
#include <utility>

#include "engine/lsm/winners.h"

namespace revenant::lsm {
namespace {

bool overlaps(const SstableMeta& meta, Bytes least, Bytes limit) {
  return least <= meta.greatest_key() && (limit.empty() || meta.least_key() < limit);
}

// The SSTables of a level with disjoint ranges that overlap [least, limit), as one sorted run; each
// is opened when the iteration reaches it.
class LevelIterator final : public sstable::Iterator {
 public:
  // `set` outlives it.
  LevelIterator(Core& core, const SstableSet& set, size_t level, Bytes least, Bytes limit,
                const sstable::ReadContext& context)
      : core_(core),
        set_(set),
        level_(level),
        context_(context),
        begin_(set.first_not_before(level, least)),
        end_(set.levels()[level].size()) {
    if (limit.empty()) return;
    // The one that holds the limit may begin before it, those after it do not.
    const size_t last = set.first_not_before(level, limit);
    if (last < end_) end_ = last + (sstables()[last]->meta().least_key() < limit ? 1 : 0);
  }

  bool empty() const { return begin_ >= end_; }

  // The SSTable may be one that must be opened first: that is left to the seek.
  void prefetch(Bytes internal_key) override {
    const size_t at = set_.first_not_before(level_, sstable::user_key_of(internal_key));
    if (at >= end_) return;
    if (iterator_ == nullptr || at != at_) {
      sstable::SstableReader* const reader = core_.tables.kept_open(*sstables()[at]);
      if (reader == nullptr) return;
      at_ = at;
      iterator_ = reader->iterate(context_);
    }
    iterator_->prefetch(internal_key);
  }
  void seek_to_first() override {
    enter(begin_);
    if (iterator_ != nullptr) iterator_->seek_to_first();
    skip_ended();
  }
  void seek(Bytes internal_key) override {
    enter(set_.first_not_before(level_, sstable::user_key_of(internal_key)));
    if (iterator_ != nullptr) iterator_->seek(internal_key);
    skip_ended();
  }
  void seek_to_last() override {
    if (empty()) return;
    enter(end_ - 1);
    if (iterator_ != nullptr) iterator_->seek_to_last();
    skip_ended_back();
  }
  void next() override {
    iterator_->next();
    if (!iterator_->valid()) return skip_ended();
    stand_as(*iterator_);
  }
  void prev() override {
    iterator_->prev();
    if (!iterator_->valid()) return skip_ended_back();
    stand_as(*iterator_);
  }
  Result<void> status() const override {
    if (!status_.has_value()) return status_;
    return iterator_ != nullptr ? iterator_->status() : Result<void>{};
  }

 private:
  const std::vector<SstablePtr>& sstables() const { return set_.levels()[level_]; }

  void enter(size_t at) {
    if (iterator_ != nullptr && at == at_) return;
    at_ = at;
    iterator_.reset();
    if (at_ >= end_ || !status_.has_value()) return;
    auto reader = core_.tables.open(*sstables()[at_], context_.cause);
    if (!reader.has_value()) {
      status_ = std::unexpected(std::move(reader.error()));
      return;
    }
    iterator_ = (*reader)->iterate(context_);
  }
  // The iterator stands at an end of its SSTable, or not: where this one stands.
  void skip_ended() {
    while (ended()) {
      enter(at_ + 1);
      if (iterator_ != nullptr) iterator_->seek_to_first();
    }
    stand();
  }
  void skip_ended_back() {
    while (ended() && at_ > begin_) {
      enter(at_ - 1);
      if (iterator_ != nullptr) iterator_->seek_to_last();
    }
    stand();
  }
  bool ended() const {
    return iterator_ != nullptr && !iterator_->valid() && iterator_->status().has_value();
  }
  void stand() {
    if (iterator_ == nullptr) return stand_nowhere();
    stand_as(*iterator_);
  }

  Core& core_;
  const SstableSet& set_;
  const size_t level_;
  const sstable::ReadContext context_;
  size_t begin_, end_;  // of its SSTables
  size_t at_ = 0;
  std::unique_ptr<sstable::Iterator> iterator_;  // of the SSTable at_, or null after the last
  Result<void> status_;
};

class DbScan final : public Scan {
 public:
  DbScan(Core& core, std::shared_ptr<const View> view, Bytes least, Bytes limit,
         const ReadOptions& options)
      : core_(core),
        view_(std::move(view)),
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
    const SstableSet& set = *view_->sstables;
    const auto& levels = set.levels();
    for (size_t level = 0; level < levels.size(); ++level) {
      if (set.range_tombstones(level) > 0) RETURN_IF_ERROR(add_ranges_of(levels[level], cause));
      if (level > 0) {
        auto run = std::make_unique<LevelIterator>(core_, set, level, least_, limit_, context);
        if (!run->empty()) children.push_back(std::move(run));
        continue;
      }
      for (const SstablePtr& sstable : levels[0]) {
        if (!overlaps(sstable->meta(), least_, limit_)) continue;
        ASSIGN_OR_RETURN(auto reader, core_.tables.open(*sstable, cause));
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

  Result<void> add_ranges_of(const std::vector<SstablePtr>& sstables, env::Cause cause) {
    for (const SstablePtr& sstable : sstables) {
      if (sstable->meta().properties.range_tombstones == 0) continue;
      if (!overlaps(sstable->meta(), least_, limit_)) continue;
      ASSIGN_OR_RETURN(auto reader, core_.tables.open(*sstable, cause));
      add_ranges(reader->range_tombstones().list());
    }
    return {};
  }
  // Those that the scan sees and that touch its range.
  void add_ranges(const std::vector<sstable::RangeTombstone>& ranges) {
    for (const sstable::RangeTombstone& t : ranges) {
      const bool touches = t.end > least_ && (limit_.empty() || t.start < limit_);
      if (t.sequence <= bound_ && touches) ranges_.push_back(t);
    }
  }

  void publish_counters() {
    // Most moves stay within their blocks.
    const uint64_t read = counters_.blocks_from_cache + counters_.blocks_from_file;
    if (read + counters_.memtables == 0 && winners_->tombstones() == tombstones_) return;
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

Result<std::unique_ptr<Scan>> make_scan(Core& core, std::shared_ptr<const View> view, Bytes least,
                                        Bytes limit, const ReadOptions& options) {
  auto scan = std::make_unique<DbScan>(core, std::move(view), least, limit, options);
  RETURN_IF_ERROR(scan->start(options.cause));
  return scan;
}

}  // namespace revenant::lsm
