// db_bench's workloads over Revenant's storage engine, on the real file system: the caller's task
// on the main thread, flushes and compactions on one worker thread.
#include "engine/base/check.h"
#include "engine/env/posix/posix_clock.h"
#include "engine/env/posix/posix_file_system.h"
#include "engine/env/posix/posix_tasks.h"
#include "engine/lsm/db.h"
#include "tests/bench/workloads.h"

namespace {

using namespace revenant;

env::PosixTasks* tasks = nullptr;

template <typename T>
T must(Result<T> result) {
  CHECK(result.has_value(), "{}", result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class Revenant {
 public:
  static void run(const std::function<void()>& body) {
    env::PosixTasks own;
    tasks = &own;
    own.run([&] { body(); });
  }

  Revenant(const std::string& directory, bool sync)
      : files_(must(env::open_posix_file_system(directory, {.allow_mmap_reads = true}))) {
    lsm::LsmOptions options;
    options.versions = lsm::Versions::kSequence;
    options.memtable_size = {bench::kMemtableBytes};
    options.block_cache_size = {bench::kBlockCacheBytes};
    options.sstable.bloom_bits_per_key = bench::kBloomBitsPerKey;
    options.compaction.strategy = lsm::CompactionStrategy::kLeveled;
    options.compaction.max_bytes_for_level_base = {bench::kLevel1Bytes};
    options.compaction.max_bytes_for_level_multiplier = 10;
    options.compaction.target_file_size_base = {bench::kFileBytes};
    // As the others: a tombstone goes as soon as it shadows nothing, the log is synced by every
    // write or not at all.
    options.gc_grace = {};
    options.wal.sync = sync ? lsm::WalSync::kAlways : lsm::WalSync::kPeriodic;
    options.wal.sync_period = days(1);
    db_ = must(lsm::Db::open({clock_, *files_, *tasks, events_}, options, "db"));
  }
  ~Revenant() { must(db_->close()); }

  void put(Bytes key, Bytes value) {
    lsm::WriteBatch batch;
    batch.put(key, value);
    must(db_->write(std::move(batch)));
  }
  void remove(Bytes key) {
    lsm::WriteBatch batch;
    batch.remove(key, clock_.now());
    must(db_->write(std::move(batch)));
  }
  bool get(Bytes key) {
    const std::optional<Cell> cell = must(db_->get(key));
    return cell.has_value() && !cell->is_tombstone();
  }
  uint64_t read_forward(uint64_t limit) {
    const auto scan = must(db_->scan({}, {}));
    uint64_t seen = 0;
    for (; seen < limit && scan->valid(); scan->next()) seen += is_entry(*scan);
    must(scan->status());
    return seen;
  }
  uint64_t read_backward(uint64_t limit) {
    const auto scan = must(db_->scan({}, {}));
    uint64_t seen = 0;
    for (scan->seek_to_last(); seen < limit && scan->valid(); scan->prev()) seen += is_entry(*scan);
    must(scan->status());
    return seen;
  }
  bool seek(Bytes key) {
    const auto scan = must(db_->scan(key, {}));
    must(scan->status());
    return scan->valid() && scan->key() == key;
  }

  void settle() { db_->wait_idle(); }

 private:
  static uint64_t is_entry(const lsm::Scan& scan) {
    return scan.key().size() == bench::kKeySize && scan.cell().value.size() == bench::kValueSize
               ? 1
               : 0;
  }

  env::PosixClock clock_;
  const std::unique_ptr<env::FileSystem> files_;
  env::EventSink events_;
  std::unique_ptr<lsm::Db> db_;
};

}  // namespace

int main(int argc, char** argv) { return bench::main_of<Revenant>(argc, argv); }
