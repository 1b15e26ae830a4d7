// db_bench's workloads over RocksDB.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <thread>

#include "engine/base/check.h"
#include "tests/bench/workloads.h"

namespace {

using revenant::Bytes;
namespace bench = revenant::bench;

rocksdb::Slice slice(Bytes bytes) { return {bytes.data(), bytes.size()}; }
void must(const rocksdb::Status& status) { CHECK(status.ok(), "{}", status.ToString()); }

class RocksDb {
 public:
  static void run(const std::function<void()>& body) { body(); }

  RocksDb(const std::string& directory, bool sync) {
    write_.sync = sync;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(bench::kBlockCacheBytes);
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(bench::kBloomBitsPerKey));
    rocksdb::Options options;
    options.create_if_missing = true;
    options.error_if_exists = true;
    options.compression = rocksdb::kNoCompression;
    options.write_buffer_size = bench::kMemtableBytes;
    options.max_bytes_for_level_base = bench::kLevel1Bytes;
    options.max_bytes_for_level_multiplier = 10;
    options.target_file_size_base = bench::kFileBytes;
    options.max_background_jobs = 1;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    rocksdb::DB* db = nullptr;
    must(rocksdb::DB::Open(options, directory, &db));
    db_.reset(db);
    // One worker in all: without threads of high priority, flushes go to the pool of compactions.
    db_->GetEnv()->SetBackgroundThreads(0, rocksdb::Env::Priority::HIGH);
    db_->GetEnv()->SetBackgroundThreads(1, rocksdb::Env::Priority::LOW);
  }

  void put(Bytes key, Bytes value) { must(db_->Put(write_, slice(key), slice(value))); }
  void remove(Bytes key) { must(db_->Delete(write_, slice(key))); }
  bool get(Bytes key) {
    value_.Reset();
    const rocksdb::Status status = db_->Get({}, db_->DefaultColumnFamily(), slice(key), &value_);
    CHECK(status.ok() || status.IsNotFound(), "{}", status.ToString());
    return status.ok();
  }
  uint64_t read_forward(uint64_t limit) {
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}));
    uint64_t seen = 0;
    for (it->SeekToFirst(); seen < limit && it->Valid(); it->Next()) seen += is_entry(*it);
    must(it->status());
    return seen;
  }
  uint64_t read_backward(uint64_t limit) {
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}));
    uint64_t seen = 0;
    for (it->SeekToLast(); seen < limit && it->Valid(); it->Prev()) seen += is_entry(*it);
    must(it->status());
    return seen;
  }
  bool seek(Bytes key) {
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}));
    it->Seek(slice(key));
    must(it->status());
    return it->Valid() && it->key() == slice(key);
  }

  void settle() {
    const auto busy = [this] {
      for (const std::string& property : {rocksdb::DB::Properties::kMemTableFlushPending,
                                          rocksdb::DB::Properties::kNumRunningFlushes,
                                          rocksdb::DB::Properties::kCompactionPending,
                                          rocksdb::DB::Properties::kNumRunningCompactions}) {
        uint64_t value = 0;
        CHECK(db_->GetIntProperty(property, &value), "{}", property);
        if (value > 0) return true;
      }
      return false;
    };
    while (busy()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

 private:
  static uint64_t is_entry(const rocksdb::Iterator& it) {
    return it.key().size() == bench::kKeySize && it.value().size() == bench::kValueSize ? 1 : 0;
  }

  rocksdb::WriteOptions write_;
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::PinnableSlice value_;
};

}  // namespace

int main(int argc, char** argv) { return bench::main_of<RocksDb>(argc, argv); }
