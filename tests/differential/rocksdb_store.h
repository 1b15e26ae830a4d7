// RocksDB, running histories.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <filesystem>
#include <map>

#include "tests/engine/lsm/history.h"

namespace revenant::lsm {

class RocksDbStore final : public Store {
 public:
  // Its files are in `directory`, which it makes and removes.
  explicit RocksDbStore(std::string directory) : directory_(std::move(directory)) {
    std::filesystem::remove_all(directory_);
    open();
  }
  ~RocksDbStore() override {
    close();
    std::filesystem::remove_all(directory_);
  }

 protected:
  void write(const std::vector<Step>& writes) override {
    rocksdb::WriteBatch batch;
    for (const Step& step : writes) {
      switch (step.kind) {
        case Step::Kind::kPut:
          check(batch.Put(step.key, step.value));
          break;
        case Step::Kind::kRemove:
          check(batch.Delete(step.key));
          break;
        case Step::Kind::kRemoveRange:
          check(batch.DeleteRange(step.key, step.end));
          break;
        default:
          CHECK(false, "RocksDB cannot {}", to_string(step));
      }
    }
    check(db_->Write({}, &batch));
  }
  std::optional<std::string> get(const std::string& key, int snapshot) override {
    std::string value;
    const rocksdb::Status status = db_->Get(options(snapshot), key, &value);
    if (status.IsNotFound()) return std::nullopt;
    check(status);
    return value;
  }
  std::unique_ptr<Cursor> cursor(const std::string& least, const std::string& limit,
                                 int snapshot) override {
    return std::make_unique<IteratorCursor>(*db_, options(snapshot), least, limit);
  }
  void take_snapshot() override { snapshots_[taken_++] = db_->GetSnapshot(); }
  void release(int snapshot) override {
    db_->ReleaseSnapshot(snapshots_.at(snapshot));
    snapshots_.erase(snapshot);
  }
  void maintain(const Step& step) override {
    if (step.kind == Step::Kind::kFlush) check(db_->Flush({}));
    if (step.kind == Step::Kind::kCompact) check(db_->CompactRange({}, nullptr, nullptr));
    if (step.kind == Step::Kind::kReopen) {
      close();
      open();
    }
  }

 private:
  class IteratorCursor final : public Cursor {
   public:
    IteratorCursor(rocksdb::DB& db, rocksdb::ReadOptions options, std::string least,
                   std::string limit)
        : least_(std::move(least)), limit_(std::move(limit)) {
      options.iterate_lower_bound = &lower_;
      if (!limit_.empty()) options.iterate_upper_bound = &upper_;
      it_.reset(db.NewIterator(options));
    }
    bool valid() override { return it_->Valid(); }
    void seek_to_first() override { it_->SeekToFirst(); }
    void seek_to_last() override { it_->SeekToLast(); }
    void seek(const std::string& key) override { it_->Seek(key); }
    void seek_for_prev(const std::string& key) override { it_->SeekForPrev(key); }
    void next() override { it_->Next(); }
    void prev() override { it_->Prev(); }
    std::string key() override { return it_->key().ToString(); }
    std::string value() override { return it_->value().ToString(); }

   private:
    const std::string least_, limit_;
    const rocksdb::Slice lower_{least_}, upper_{limit_};
    std::unique_ptr<rocksdb::Iterator> it_;
  };

  static void check(const rocksdb::Status& status) { CHECK(status.ok(), "{}", status.ToString()); }
  rocksdb::ReadOptions options(int snapshot) const {
    rocksdb::ReadOptions options;
    if (snapshot >= 0) options.snapshot = snapshots_.at(snapshot);
    return options;
  }
  void open() {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    check(rocksdb::DB::Open(options, directory_, &db));
    db_.reset(db);
  }
  void close() {
    for (const auto& [number, snapshot] : snapshots_) db_->ReleaseSnapshot(snapshot);
    snapshots_.clear();
    db_.reset();
  }

  const std::string directory_;
  std::unique_ptr<rocksdb::DB> db_;
  std::map<int, const rocksdb::Snapshot*> snapshots_;
  int taken_ = 0;
};

}  // namespace revenant::lsm
