#include "engine/lsm/db.h"

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
        flusher(core, [this] { compactor.schedule(); }),
        commits(core, flusher) {}

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

Result<std::optional<Cell>> Db::get(Bytes key, sstable::ReadCounters* counters, env::Cause cause) {
  sstable::ReadCounters costs;
  auto cell = lookup(impl_->core, key, costs, cause);
  impl_->core.metrics.reads += costs;
  if (counters != nullptr) *counters += costs;
  return cell;
}

Result<std::unique_ptr<Scan>> Db::scan(Bytes least, Bytes limit, sstable::ReadCounters* counters,
                                       env::Cause cause) {
  return make_scan(impl_->core, least, limit, counters, cause);
}

Result<void> Db::flush() { return impl_->flusher.flush(); }

Result<void> Db::compact() {
  RETURN_IF_ERROR(impl_->flusher.flush());
  return impl_->compactor.compact_all();
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
