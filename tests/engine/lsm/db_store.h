// A Db on the simulated disk, running histories.
#pragma once

#include <array>
#include <map>

#include "sim/disk/sim_disk.h"
#include "tests/engine/lsm/db_fixture.h"
#include "tests/engine/lsm/history.h"

namespace revenant::lsm {

class DbStore final : public Store {
 public:
  explicit DbStore(LsmOptions options, uint64_t seed = 1)
      : options_(std::move(options)), kernel_(seed), disk_(kernel_, NodeId{0}, sim::DiskOptions{}) {
    boot();
  }
  ~DbStore() override { die(); }

  std::string run(const Step& step) override {
    switch (step.kind) {
      case Step::Kind::kKill:
        disk_.kill_process();
        die();
        boot();
        return {};
      case Step::Kind::kPowerLoss:
        disk_.lose_power();
        die();
        boot();
        return {};
      case Step::Kind::kAdvance:
        // All that a step does takes far less than the half hour between reads and ends.
        hours_ += step.hours;
        kernel_.run_until(Instant{} + hours(hours_));
        return {};
      default: {
        std::string line;
        in_task([&] { line = Store::run(step); });
        if (step.kind == Step::Kind::kReopen) {
          die();
          boot();
        }
        return line;
      }
    }
  }

  // What happened beneath, over all lives until the last death.
  struct Totals {
    uint64_t flushes = 0, compactions = 0;
    std::array<uint64_t, kPurgeReasons> decisions{};

    void operator+=(const Totals& o) {
      flushes += o.flushes;
      compactions += o.compactions;
      for (size_t i = 0; i < kPurgeReasons; ++i) decisions[i] += o.decisions[i];
    }
    uint64_t decided(PurgeReason reason) const { return decisions[static_cast<size_t>(reason)]; }
  };
  Totals totals() const {
    const LsmMetrics now = db_->metrics();
    Totals sum = ended_;
    sum += {now.flushes, now.compactions, now.purge_decisions};
    return sum;
  }

 protected:
  void write(const std::vector<Step>& writes) override {
    WriteBatch batch;
    for (const Step& step : writes) {
      const Version version{step.version};
      switch (step.kind) {
        case Step::Kind::kPut:
          batch.put(step.key, step.value, version);
          break;
        case Step::Kind::kPutUntil:
          batch.put_until(step.key, step.value,
                          Instant{} + hours(hours_ + step.hours) + minutes(30), version);
          break;
        case Step::Kind::kRemove:
          batch.remove(step.key, Instant{}, version);
          break;
        case Step::Kind::kRemoveRange:
          batch.remove_range(step.key, step.end, Instant{}, version);
          break;
        default:
          CHECK(false, "not a write");
      }
    }
    must(db_->write(std::move(batch)));
  }
  std::optional<std::string> get(const std::string& key, int snapshot) override {
    return live(must(db_->get(key, {.snapshot = at(snapshot)})));
  }
  std::vector<std::optional<std::string>> multi_get(const std::vector<std::string>& keys,
                                                    int snapshot) override {
    const std::vector<Bytes> views(keys.begin(), keys.end());
    std::vector<std::optional<std::string>> values;
    for (const auto& cell : must(db_->multi_get(views, {.snapshot = at(snapshot)}))) {
      values.push_back(live(cell));
    }
    return values;
  }
  std::unique_ptr<Cursor> cursor(const std::string& least, const std::string& limit,
                                 int snapshot) override {
    return std::make_unique<ScanCursor>(*this,
                                        must(db_->scan(least, limit, {.snapshot = at(snapshot)})));
  }
  void take_snapshot() override { snapshots_.emplace(taken_++, db_->snapshot()); }
  void release(int snapshot) override { snapshots_.erase(snapshot); }
  void maintain(const Step& step) override {
    if (step.kind == Step::Kind::kFlush) must(db_->flush());
    if (step.kind == Step::Kind::kCompact) must(db_->compact());
    if (step.kind == Step::Kind::kReopen) must(db_->close());
  }

 private:
  class ScanCursor final : public Cursor {
   public:
    ScanCursor(DbStore& store, std::unique_ptr<Scan> scan) : store_(store), scan_(std::move(scan)) {
      skip_on();
    }
    bool valid() override { return scan_->valid(); }
    void seek_to_first() override {
      scan_->seek_to_first();
      skip_on();
    }
    void seek_to_last() override {
      scan_->seek_to_last();
      skip_back();
    }
    void seek(const std::string& key) override {
      scan_->seek(key);
      skip_on();
    }
    void seek_for_prev(const std::string& key) override {
      scan_->seek_for_prev(key);
      skip_back();
    }
    void next() override {
      scan_->next();
      skip_on();
    }
    void prev() override {
      scan_->prev();
      skip_back();
    }
    std::string key() override { return std::string(scan_->key()); }
    std::string value() override { return std::string(scan_->cell().value); }

   private:
    bool dead() { return scan_->valid() && !store_.live(Cell(scan_->cell())); }
    void skip_on() {
      while (dead()) scan_->next();
      must(scan_->status());
    }
    void skip_back() {
      while (dead()) scan_->prev();
      must(scan_->status());
    }
    DbStore& store_;
    std::unique_ptr<Scan> scan_;
  };

  void boot() {
    files_ = disk_.mount();
    node_ = std::make_unique<Node>(kernel_, *files_);
    in_task([&] { db_ = must(Db::open(node_->environment(), options_, "db")); });
  }
  void die() {
    ended_ = totals();
    snapshots_.clear();
    disk_.kill_process();
    node_->kill();
    db_.reset();
  }
  void in_task(std::move_only_function<void()> body) {
    bool done = false;
    node_->spawn([&] {
      body();
      done = true;
      kernel_.stop();
    });
    kernel_.run_until(kernel_.now() + minutes(20));
    CHECK(done, "the task is stuck");
  }
  std::optional<std::string> live(const std::optional<Cell>& cell) const {
    if (!cell || cell->view().at(kernel_.now()).is_tombstone()) return std::nullopt;
    return cell->value;
  }
  const Snapshot* at(int snapshot) const {
    return snapshot < 0 ? nullptr : &snapshots_.at(snapshot);
  }

  const LsmOptions options_;
  sim::Kernel kernel_;
  sim::SimDisk disk_;
  int64_t hours_ = 0;
  std::unique_ptr<env::FileSystem> files_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<Db> db_;
  std::map<int, Snapshot> snapshots_;
  int taken_ = 0;
  Totals ended_;
};

}  // namespace revenant::lsm
