// Process kills and power losses at random instants, also during recovery, on the simulated disk
// that loses, tears and reorders what was not synced.
//
// Every batch writes a marker of its own besides its data. After each crash the markers tell which
// batches were recovered: they must be a prefix of the order of arrival (a batch that had not
// become visible may follow if all that had are there), hold all that was promised to be durable,
// and the data must be exactly what those batches wrote.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "engine/base/random.h"
#include "sim/disk/sim_disk.h"
#include "tests/engine/lsm/db_fixture.h"

namespace revenant::lsm {
namespace {

constexpr Duration kSyncPeriod = milliseconds(20);
constexpr Duration kSyncTimeMax = milliseconds(100);  // far more than a sync takes on these disks

class CrashRun final : public env::EventSink {
 public:
  CrashRun(uint64_t seed, WalSync sync, CompactionStrategy strategy)
      : random_(seed, "crash"),
        seed_(seed),
        kernel_(seed),
        disk_(kernel_, NodeId{0}, disk_options(random_)) {
    options_.memtable_size = ByteSize{random_.between(300, 4000)};
    options_.max_immutable_memtables = random_.between(1, 3);
    options_.gc_grace = {};
    options_.wal.sync = sync;
    options_.wal.sync_period = kSyncPeriod;
    options_.compaction.strategy = strategy;
    options_.compaction.min_threshold = 2;
    options_.compaction.min_sstable_size = kib(4);
    options_.compaction.level0_file_num_compaction_trigger = 2;
    options_.compaction.max_bytes_for_level_base = kib(4);
    options_.compaction.max_bytes_for_level_multiplier = 3;
    options_.compaction.target_file_size_base = kib(2);
  }

  void run() {
    for (int life = 0; life < 12 && !testing::Test::HasFailure(); ++life) live(life);
  }

  int recovered_batches = 0, lost_batches = 0, crashes_in_recovery = 0;

 private:
  struct Batch {
    std::vector<std::pair<std::string, Cell>> cells;
    std::optional<Instant> acknowledged;
  };

  static sim::DiskOptions disk_options(Random& random) {
    sim::DiskOptions options;
    options.profile =
        random.chance({500'000'000}) ? sim::DiskProfile::kIdeal : sim::DiskProfile::kNvmeEnterprise;
    options.apply_profile();
    return options;
  }
  static std::string marker(uint64_t id) { return fmt::format("w{:06}", id); }

  void applied(Bytes key, const CellView&, env::ApplySource source) override {
    if (source != env::ApplySource::kRecovery && key.starts_with('w'))
      order_.push_back(std::stoull(Buffer(key.substr(1))));
  }

  void live(int life) {
    auto files = disk_.mount();
    Node node(kernel_, *files, random_.fork(fmt::format("files {}", life)));
    node.files.delay_max = microseconds(random_.between(0, 100));
    std::unique_ptr<Db> db;
    bool opened = false;
    node.spawn([&] {
      env::Environment e = node.environment();
      auto result = Db::open({e.clock, e.files, e.tasks, *this}, options_, "db");
      ASSERT_TRUE(result.has_value()) << result.error().message << " seed " << seed_;
      db = std::move(*result);
      verify(*db);
      opened = true;
      for (int task = 0; task < 4; ++task) {
        node.spawn([&, r = random_.fork(fmt::format("life {} task {}", life, task))]() mutable {
          for (;;) write(*db, node, r);
        });
      }
    });
    // Short lives end in recovery.
    const Duration time = random_.chance({300'000'000}) ? microseconds(random_.between(0, 600))
                                                        : milliseconds(random_.between(1, 15));
    kernel_.run_until(kernel_.now() + time);
    // A crash during recovery adds to the one before it: nothing was synced in between.
    if (opened) {
      power_lost_ = false;
      crashed_at_ = kernel_.now();
    } else {
      ++crashes_in_recovery;
    }
    if (random_.chance({600'000'000})) {
      disk_.lose_power();
      power_lost_ = true;
    } else {
      disk_.kill_process();
    }
    node.kill();
    db.reset();
  }

  void write(Db& db, Node& node, Random& r) {
    if (r.chance({10'000'000})) {
      const size_t before = order_.size();
      must(db.flush());
      promised_ = std::max(promised_, before);
    }
    const uint64_t id = ++last_id_;
    WriteBatch batch;
    batch.put(marker(id), "", {id});
    for (auto n = r.between(0, 3); n > 0; --n) {
      const std::string key = fmt::format("k{:02}", r.below(40));
      if (r.chance({400'000'000})) {
        batch.remove(key, kernel_.now(), {id});
      } else {
        batch.put(key, fmt::format("{}:{}", id, std::string(r.below(100), 'v')), {id});
      }
    }
    Batch& mine = batches_[id];
    for (const auto& entry : batch.entries) mine.cells.emplace_back(entry.key, entry.cell);
    must(db.write(std::move(batch)));
    mine.acknowledged = kernel_.now();
    if (r.chance({200'000'000})) node.tasks().sleep(microseconds(r.between(0, 5000)));
  }

  // Right after an open: what is there against what was written before the crash.
  void verify(Db& db) {
    std::map<std::string, Cell> found;
    auto scan = must(db.scan("", ""));
    for (; scan->valid(); scan->next()) found.emplace(scan->key(), scan->cell());
    must(scan->status());

    const auto recovered = [&](uint64_t id) { return found.contains(marker(id)); };
    size_t prefix = 0;
    while (prefix < order_.size() && recovered(order_[prefix])) ++prefix;
    for (size_t i = prefix; i < order_.size(); ++i) {
      ASSERT_FALSE(recovered(order_[i]))
          << "a hole before batch " << order_[i] << ", seed " << seed_;
    }
    const std::set<uint64_t> visible(order_.begin(), order_.end());
    for (const auto& [id, batch] : batches_) {
      if (!visible.contains(id) && recovered(id)) {
        ASSERT_EQ(prefix, order_.size())
            << "batch " << id << " without one before it, seed " << seed_;
      }
    }
    ASSERT_GE(prefix, promised(order_)) << "a durable batch was lost, seed " << seed_;

    for (const auto& [id, batch] : batches_) {
      if (!recovered(id)) {
        ++lost_batches;
        continue;
      }
      ++recovered_batches;
      for (const auto& [key, cell] : batch.cells) {
        auto [place, added] = state_.try_emplace(key, cell);
        if (!added && compare_cells(cell.view(), place->second.view()) > 0) place->second = cell;
      }
    }
    for (const auto& [key, cell] : state_) {
      const auto place = found.find(key);
      if (place == found.end()) {
        ASSERT_TRUE(cell.is_tombstone()) << key << " is gone, seed " << seed_;
      } else {
        ASSERT_EQ(compare_cells(cell.view(), place->second.view()), 0)
            << key << ": " << show(place->second) << " instead of " << show(cell) << ", seed "
            << seed_;
      }
    }
    for (const auto& [key, cell] : found)
      ASSERT_TRUE(state_.contains(key)) << key << " was never written, seed " << seed_;
    batches_.clear();
    order_.clear();
    promised_ = 0;
  }

  // How many of `order` must be there.
  size_t promised(const std::vector<uint64_t>& order) const {
    if (!power_lost_) return order.size();  // what the process wrote is in the page cache
    size_t result = promised_;
    for (size_t i = 0; i < order.size(); ++i) {
      const auto& acknowledged = batches_.at(order[i]).acknowledged;
      if (!acknowledged.has_value()) continue;
      const bool durable = options_.wal.sync != WalSync::kPeriodic ||
                           *acknowledged + kSyncPeriod + kSyncTimeMax < crashed_at_;
      if (durable) result = std::max(result, i + 1);
    }
    return result;
  }

  Random random_;
  const uint64_t seed_;
  sim::Kernel kernel_;
  sim::SimDisk disk_;
  LsmOptions options_;

  uint64_t last_id_ = 0;
  std::map<std::string, Cell> state_;  // of all batches that survived earlier crashes
  std::map<uint64_t, Batch> batches_;  // begun since
  std::vector<uint64_t> order_;        // those that became visible, as they did
  size_t promised_ = 0;                // so many of them were flushed
  bool power_lost_ = false;            // since the last life that could write
  Instant crashed_at_;                 // the end of that life
};

class DbCrash : public testing::TestWithParam<WalSync> {};

TEST_P(DbCrash, APrefixOfTheWritesSurvivesWithAllThatWasPromised) {
  int recovered = 0, lost = 0, in_recovery = 0;
  for (uint64_t seed = 1; seed <= 6 && !HasFailure(); ++seed) {
    CrashRun run(seed, GetParam(),
                 seed % 2 == 0 ? CompactionStrategy::kSizeTiered : CompactionStrategy::kLeveled);
    run.run();
    recovered += run.recovered_batches;
    lost += run.lost_batches;
    in_recovery += run.crashes_in_recovery;
  }
  EXPECT_GT(recovered, 500);
  EXPECT_GT(lost, 10);
  EXPECT_GT(in_recovery, 5);
}

INSTANTIATE_TEST_SUITE_P(All, DbCrash,
                         testing::Values(WalSync::kAlways, WalSync::kGroup, WalSync::kPeriodic),
                         [](const auto& test) { return std::string(enum_name(test.param)); });

}  // namespace
}  // namespace revenant::lsm
