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
  std::shared_ptr<const View> repairing;  // what a repair session has taken; null: there is none
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
  return make_scan(impl_->core, impl_->core.view, least, limit, options);
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

Result<void> Db::begin_repair(bool pinned, std::shared_ptr<const KeySpans> spans) {
  CHECK(impl_->repairing == nullptr);
  // Before anything suspends, so that nobody else begins.
  impl_->repairing = std::make_shared<View>(View{.active = std::make_shared<Memtable>(),
                                                 .frozen = {},
                                                 .sstables = std::make_shared<SstableSet>()});
  const auto begin = [&]() -> Result<std::shared_ptr<const SstableSet>> {
    RETURN_IF_ERROR(impl_->flusher.flush());
    return impl_->compactor.begin_session(pinned, std::move(spans));
  };
  auto taken = begin();
  if (!taken.has_value()) {
    impl_->repairing = nullptr;
    return std::unexpected(std::move(taken.error()));
  }
  impl_->repairing = std::make_shared<View>(
      View{.active = std::make_shared<Memtable>(), .frozen = {}, .sstables = std::move(*taken)});
  return {};
}

bool Db::in_repair() const { return impl_->repairing != nullptr; }

Result<std::unique_ptr<Scan>> Db::scan_unrepaired(Bytes least, Bytes limit,
                                                  const ReadOptions& options) {
  CHECK(impl_->repairing != nullptr);
  return make_scan(impl_->core, impl_->repairing, least, limit, options);
}

Result<void> Db::mark_repaired(Instant at, const std::map<Buffer, Cell>& received) {
  Core& core = impl_->core;
  const std::shared_ptr<const View> taken = impl_->repairing;
  CHECK(taken != nullptr);
  Result<SstableMetaPtr> sstable(nullptr);
  if (!received.empty()) {
    const auto memtable = std::make_shared<Memtable>();
    for (const auto& [key, cell] : received) memtable->insert(key, cell.view(), core.last_sequence);
    const FileNumber number = core.new_file_number();
    const Instant now = core.env.clock.now();
    std::vector<env::WatchedEntry> told;
    core.env.tasks.run_job("repair", env::JobUrgency::kUrgent, [&] {
      sstable = write_memtable(core.env.files, *memtable, core.directory, core.options.sstable,
                               number, now, {}, {}, told, at);
    });
    if (!sstable.has_value()) {
      core.remove_soon({FileKind::kSstable, number});
      return std::unexpected(std::move(sstable.error()));
    }
  }
  RETURN_IF_ERROR(impl_->compactor.mark_repaired(*taken->sstables, at, *sstable));
  for (const auto& [key, cell] : received)
    core.env.events.applied(key, cell.view(), env::ApplySource::kRepair);
  return {};
}

void Db::end_repair() {
  impl_->repairing = nullptr;
  impl_->compactor.end_session();
}

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
