#include "engine/lsm/db.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/lsm/commit_queue.h"
#include "engine/lsm/compactor.h"
#include "engine/lsm/core.h"
#include "engine/lsm/db_scan.h"
#include "engine/lsm/flusher.h"
#include "engine/lsm/lookup.h"
#include "engine/lsm/recovery.h"

namespace revenant::lsm {

struct Db::Impl {
  Impl(env::Environment environment, LsmOptions options, std::string directory)
      : core(environment, std::move(options), std::move(directory)),
        compactor(core),
        flusher(core, compactor),
        commits(core, flusher, compactor) {}

  void stop() {
    core.begin_closing();
    compactor.wake();
  }

  Core core;
  Compactor compactor;
  Flusher flusher;
  CommitQueue commits;
};

Result<std::unique_ptr<Db>> Db::open(env::Environment environment, LsmOptions options,
                                     std::string directory) {
  auto impl = std::make_shared<Impl>(environment, std::move(options), std::move(directory));
  RETURN_IF_ERROR(recover(impl->core, impl));
  impl->compactor.schedule();
  return std::unique_ptr<Db>(new Db(std::move(impl)));
}

Db::Db(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Db::~Db() {
  // Background tasks that still run keep the Impl alive; nothing of theirs is installed any more.
  if (!impl_->core.closing())
    impl_->core.fence({ErrorCode::kUnavailable, "the database was destroyed"});
  impl_->stop();
}

Result<void> Db::close() {
  Core& core = impl_->core;
  impl_->stop();
  core.wait_for_background();
  const env::Mutex::Lock lock(core.commit_lock);
  if (core.fenced()) return core.writable();
  return core.log.sync();
}

Result<void> Db::write(WriteBatch batch, env::ApplySource source) {
  return impl_->commits.write(batch, source);
}

namespace {

SequenceNumber bound_of(const ReadOptions& options) {
  return options.snapshot != nullptr ? options.snapshot->sequence() : SequenceNumber::max();
}

}  // namespace

Result<std::optional<Cell>> Db::get(Bytes key, const ReadOptions& options) {
  Core& core = impl_->core;
  sstable::ReadCounters costs;
  const std::shared_ptr<const View> view = core.view;
  auto cell = lookup(core, *view, key, bound_of(options), costs, options.cause);
  core.metrics.reads += costs;
  if (options.counters != nullptr) *options.counters += costs;
  return cell;
}

Result<std::vector<std::optional<Cell>>> Db::multi_get(std::span<const Bytes> keys,
                                                       const ReadOptions& options) {
  Core& core = impl_->core;
  const std::shared_ptr<const View> view = core.view;
  const SequenceNumber bound = std::min(bound_of(options), core.last_sequence);
  // In the order of keys, so that neighbours find their block in the cache.
  std::vector<size_t> order(keys.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t i) { return keys[i]; });
  sstable::ReadCounters costs;
  std::vector<std::optional<Cell>> cells(keys.size());
  Result<void> status;
  for (size_t i : order) {
    auto cell = lookup(core, *view, keys[i], bound, costs, options.cause);
    if (!cell.has_value()) {
      status = std::unexpected(std::move(cell.error()));
      break;
    }
    cells[i] = std::move(*cell);
  }
  core.metrics.reads += costs;
  if (options.counters != nullptr) *options.counters += costs;
  RETURN_IF_ERROR(status);
  return cells;
}

Result<std::unique_ptr<Scan>> Db::scan(Bytes least, Bytes limit, const ReadOptions& options) {
  return make_scan(impl_->core, least, limit, options);
}

Snapshot Db::snapshot() { return Snapshot(impl_->core.snapshots, impl_->core.last_sequence); }

void Db::set_repaired(std::shared_ptr<const RepairedRanges> repaired) {
  impl_->compactor.set_repaired(std::move(repaired));
}

void Db::set_gc_grace(Duration gc_grace) { impl_->compactor.set_gc_grace(gc_grace); }

void Db::set_streaming(std::shared_ptr<const KeySpans> streaming) {
  impl_->compactor.set_streaming(std::move(streaming));
}

const GcRule& Db::gc() const { return impl_->compactor.gc(); }

Result<void> Db::flush() { return impl_->flusher.flush(); }

Result<void> Db::truncate() {
  RETURN_IF_ERROR(impl_->flusher.flush());
  return impl_->compactor.drop_all();
}

Result<void> Db::compact() {
  RETURN_IF_ERROR(impl_->flusher.flush());
  return impl_->compactor.compact_all();
}

Result<void> Db::cleanup(const std::function<KeySpans()>& owned) {
  RETURN_IF_ERROR(impl_->flusher.flush());
  return impl_->compactor.compact_all(owned);
}

void Db::wait_idle() {
  Core& core = impl_->core;
  const auto busy = [&] { return !impl_->flusher.idle() || !impl_->compactor.idle(); };
  while (busy() && !core.stopped()) core.progress.wait("idle");
}

LsmMetrics Db::metrics() const {
  const Core& core = impl_->core;
  LsmMetrics result = core.metrics;
  for (const auto& level : core.view->sstables->metas()) {
    LevelMetrics& sums = result.levels.emplace_back();
    for (const SstableMetaPtr& sstable : level) {
      ++sums.sstables;
      sums.bytes += sstable->file_bytes;
      sums.entries += sstable->properties.entries;
      sums.tombstones += sstable->properties.tombstones;
    }
  }
  result.memtable_bytes = core.view->active->bytes();
  for (const FrozenMemtable& frozen : core.view->frozen)
    result.memtable_bytes += frozen.memtable->bytes();
  result.wal_bytes = core.log.bytes();
  result.unreadable_sstables = impl_->compactor.set_aside();
  result.block_cache_hits = core.block_cache.hits();
  result.block_cache_misses = core.block_cache.misses();
  return result;
}

uint64_t Db::physical_bytes() const {
  const View& view = *impl_->core.view;
  uint64_t sum = view.active->payload_bytes() + view.sstables->payload_bytes();
  for (const FrozenMemtable& frozen : view.frozen) sum += frozen.memtable->payload_bytes();
  return sum;
}

const RecoveryInfo& Db::recovery() const { return impl_->core.recovery; }

}  // namespace revenant::lsm
