// db_bench's workloads over LevelDB.
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>

#include <thread>

#include "engine/base/check.h"
#include "tests/bench/workloads.h"

namespace {

using revenant::Bytes;
namespace bench = revenant::bench;

leveldb::Slice slice(Bytes bytes) { return {bytes.data(), bytes.size()}; }
void must(const leveldb::Status& status) { CHECK(status.ok(), "{}", status.ToString()); }

class LevelDb {
 public:
  static void run(const std::function<void()>& body) { body(); }

  // Its levels are the ones all stores are given: 10 MiB, times 10 a level. One background thread.
  LevelDb(const std::string& directory, bool sync)
      : cache_(leveldb::NewLRUCache(bench::kBlockCacheBytes)),
        filter_(leveldb::NewBloomFilterPolicy(bench::kBloomBitsPerKey)) {
    write_.sync = sync;
    leveldb::Options options;
    options.create_if_missing = true;
    options.error_if_exists = true;
    options.compression = leveldb::kNoCompression;
    options.write_buffer_size = bench::kMemtableBytes;
    options.max_file_size = bench::kFileBytes;
    options.block_cache = cache_.get();
    options.filter_policy = filter_.get();
    leveldb::DB* db = nullptr;
    must(leveldb::DB::Open(options, directory, &db));
    db_.reset(db);
  }

  void put(Bytes key, Bytes value) { must(db_->Put(write_, slice(key), slice(value))); }
  void remove(Bytes key) { must(db_->Delete(write_, slice(key))); }
  bool get(Bytes key) {
    const leveldb::Status status = db_->Get({}, slice(key), &value_);
    CHECK(status.ok() || status.IsNotFound(), "{}", status.ToString());
    return status.ok();
  }
  uint64_t read_forward(uint64_t limit) {
    const std::unique_ptr<leveldb::Iterator> it(db_->NewIterator({}));
    uint64_t seen = 0;
    for (it->SeekToFirst(); seen < limit && it->Valid(); it->Next()) seen += is_entry(*it);
    must(it->status());
    return seen;
  }
  uint64_t read_backward(uint64_t limit) {
    const std::unique_ptr<leveldb::Iterator> it(db_->NewIterator({}));
    uint64_t seen = 0;
    for (it->SeekToLast(); seen < limit && it->Valid(); it->Prev()) seen += is_entry(*it);
    must(it->status());
    return seen;
  }
  bool seek(Bytes key) {
    const std::unique_ptr<leveldb::Iterator> it(db_->NewIterator({}));
    it->Seek(slice(key));
    must(it->status());
    return it->Valid() && it->key() == slice(key);
  }

  // LevelDB does not say whether a compaction is due. One of its largest (50 MiB) takes well under
  // the time that its statistics must not have changed for.
  void settle() {
    std::string before, now;
    do {
      before = now;
      std::this_thread::sleep_for(std::chrono::seconds(2));
      CHECK(db_->GetProperty("leveldb.stats", &now));
    } while (now != before);
  }

 private:
  static uint64_t is_entry(const leveldb::Iterator& it) {
    return it.key().size() == bench::kKeySize && it.value().size() == bench::kValueSize ? 1 : 0;
  }

  const std::unique_ptr<leveldb::Cache> cache_;
  const std::unique_ptr<const leveldb::FilterPolicy> filter_;
  leveldb::WriteOptions write_;
  std::unique_ptr<leveldb::DB> db_;
  std::string value_;
};

}  // namespace

int main(int argc, char** argv) { return bench::main_of<LevelDb>(argc, argv); }
