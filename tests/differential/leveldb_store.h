// LevelDB, running histories.
#pragma once

#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include <filesystem>
#include <map>

#include "tests/engine/lsm/history.h"

namespace revenant::lsm {

class LevelDbStore final : public Store {
 public:
  // Its files are in `directory`, which it makes and removes.
  explicit LevelDbStore(std::string directory) : directory_(std::move(directory)) {
    std::filesystem::remove_all(directory_);
    open();
  }
  ~LevelDbStore() override {
    close();
    std::filesystem::remove_all(directory_);
  }

 protected:
  void write(const std::vector<Step>& writes) override {
    leveldb::WriteBatch batch;
    for (const Step& step : writes) {
      if (step.kind == Step::Kind::kPut) {
        batch.Put(step.key, step.value);
      } else {
        CHECK(step.kind == Step::Kind::kRemove, "LevelDB cannot {}", to_string(step));
        batch.Delete(step.key);
      }
    }
    check(db_->Write({}, &batch));
  }
  std::optional<std::string> get(const std::string& key, int snapshot) override {
    std::string value;
    const leveldb::Status status = db_->Get(options(snapshot), key, &value);
    if (status.IsNotFound()) return std::nullopt;
    check(status);
    return value;
  }
  std::unique_ptr<Cursor> cursor(const std::string& least, const std::string& limit,
                                 int snapshot) override {
    return std::make_unique<IteratorCursor>(
        std::unique_ptr<leveldb::Iterator>(db_->NewIterator(options(snapshot))), least, limit);
  }
  void take_snapshot() override { snapshots_[taken_++] = db_->GetSnapshot(); }
  void release(int snapshot) override {
    db_->ReleaseSnapshot(snapshots_.at(snapshot));
    snapshots_.erase(snapshot);
  }
  void maintain(const Step& step) override {
    if (step.kind == Step::Kind::kCompact) db_->CompactRange(nullptr, nullptr);
    if (step.kind == Step::Kind::kReopen) {
      close();
      open();
    }
  }

 private:
  // Bounds are the caller's business in LevelDB.
  class IteratorCursor final : public Cursor {
   public:
    IteratorCursor(std::unique_ptr<leveldb::Iterator> it, std::string least, std::string limit)
        : it_(std::move(it)), least_(std::move(least)), limit_(std::move(limit)) {}
    bool valid() override {
      return it_->Valid() && it_->key().ToString() >= least_ &&
             (limit_.empty() || it_->key().ToString() < limit_);
    }
    void seek_to_first() override { it_->Seek(least_); }
    void seek_to_last() override {
      if (limit_.empty()) {
        it_->SeekToLast();
      } else {
        it_->Seek(limit_);
        step_back();
      }
    }
    void seek(const std::string& key) override { it_->Seek(std::max(key, least_)); }
    void seek_for_prev(const std::string& key) override {
      if (!limit_.empty() && key >= limit_) return seek_to_last();
      it_->Seek(key);
      if (!it_->Valid() || it_->key() != leveldb::Slice(key)) step_back();
    }
    void next() override { it_->Next(); }
    void prev() override { it_->Prev(); }
    std::string key() override { return it_->key().ToString(); }
    std::string value() override { return it_->value().ToString(); }

   private:
    void step_back() {
      if (it_->Valid()) {
        it_->Prev();
      } else {
        it_->SeekToLast();
      }
    }
    const std::unique_ptr<leveldb::Iterator> it_;
    const std::string least_, limit_;
  };

  static void check(const leveldb::Status& status) { CHECK(status.ok(), "{}", status.ToString()); }
  leveldb::ReadOptions options(int snapshot) const {
    leveldb::ReadOptions options;
    if (snapshot >= 0) options.snapshot = snapshots_.at(snapshot);
    return options;
  }
  void open() {
    leveldb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = 64 << 10;
    leveldb::DB* db = nullptr;
    check(leveldb::DB::Open(options, directory_, &db));
    db_.reset(db);
  }
  void close() {
    for (const auto& [number, snapshot] : snapshots_) db_->ReleaseSnapshot(snapshot);
    snapshots_.clear();
    db_.reset();
  }

  const std::string directory_;
  std::unique_ptr<leveldb::DB> db_;
  std::map<int, const leveldb::Snapshot*> snapshots_;
  int taken_ = 0;
};

}  // namespace revenant::lsm
