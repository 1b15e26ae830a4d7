// Interruptions by number: each sync of a history fails once; a compaction dies at each operation that
// changes something on the disk.
#include <gtest/gtest.h>

#include <set>

#include "tests/engine/lsm/crash_images.h"
#include "tests/engine/lsm/db_fixture.h"
#include "tests/engine/lsm/life.h"

namespace revenant::lsm {
namespace {

LsmOptions small_options() {
  LsmOptions options;
  options.versions = Versions::kSequence;
  options.memtable_size = ByteSize{600};
  options.sstable.block_size = ByteSize{256};
  options.compaction.strategy = CompactionStrategy::kLeveled;
  options.compaction.level0_file_num_compaction_trigger = 2;
  options.compaction.max_bytes_for_level_base = ByteSize{1500};
  options.compaction.max_bytes_for_level_multiplier = 2;
  options.compaction.target_file_size_base = ByteSize{700};
  options.max_manifest_file_size = ByteSize{500};
  return options;
}

// One history in which one sync fails.
class FailedSync {
 public:
  FailedSync(WalSync sync, int number) : left_(number), random_(1, "failed sync") {
    options_.wal.sync = sync;
    options_.wal.sync_period = milliseconds(3);
  }

  // False if there is no sync of that number.
  bool run() {
    Life life(kernel_, 1, {});
    life.points.before_sync = [this](SyncKind kind) -> Result<void> {
      if (left_-- != 0) return {};
      failed = kind;
      return error(ErrorCode::kIo, "the disk says no");
    };
    life.run([&] { live(life); }, nullptr);
    if (!failed.has_value()) return false;
    CrashImages::enumerate(life.disk, 12, random_,
                           [&](const sim::DiskContents& contents, const auto&) {
                             ++images;
                             Life after(after_, images, contents);
                             after.run([&] { verify_recovered(after); }, nullptr);
                             return !testing::Test::HasFailure();
                           });
    return true;
  }

  std::optional<SyncKind> failed;
  uint64_t images = 0;

 private:
  // Every value a key was to have, and how many of them are visible and durable.
  struct Values {
    std::vector<std::string> all;
    size_t visible = 0, durable = 0;
  };

  void live(Life& life) {
    for (int round = 0; round < 2; ++round) {
      auto opened = Db::open(life.node.environment(), options_, "db");
      if (!opened.has_value()) {
        ASSERT_TRUE(failed.has_value()) << opened.error().message;
        return;
      }
      life.db = std::move(*opened);
      work(life);
      if (failed.has_value()) return verify_fenced(life);
      const bool closed = life.db->close().has_value();
      ASSERT_EQ(closed, !failed.has_value());
      life.db.reset();
      if (!closed) return;
      for (auto& [key, values] : keys_) values.durable = values.visible;
    }
  }
  // To its end or to the failure.
  void work(Life& life) {
    for (int i = 0; i < 30; ++i) {
      if (write(life, fmt::format("k{}", random_.below(10))).has_value()) {
        if (random_.below(3) == 0) life.node.tasks().sleep(milliseconds(1));
        if (i % 12 == 11) flush(life);
        if (i == 28) (void)life.db->compact();
      }
      // Whoever met it has told the others by then.
      if (failed.has_value()) return life.node.tasks().sleep(milliseconds(20));
    }
  }
  Result<void> write(Life& life, const std::string& key) {
    Values& values = keys_[key];
    const std::string value = fmt::format("{}:{}", ++last_, std::string(random_.below(120), 'v'));
    WriteBatch batch;
    batch.put(key, value, {});
    values.all.push_back(value);
    auto written = life.db->write(std::move(batch));
    if (written.has_value()) {
      values.visible = values.all.size();
      if (options_.wal.sync != WalSync::kPeriodic) values.durable = values.visible;
    }
    return written;
  }
  void flush(Life& life) {
    if (!life.db->flush().has_value()) return;
    for (auto& [key, values] : keys_) values.durable = values.visible;
  }

  // No write is acknowledged any more, although every later sync would succeed; reads go on.
  void verify_fenced(Life& life) {
    for (int i = 0; i < 5; ++i) {
      const auto written = write(life, fmt::format("k{}", i));
      ASSERT_FALSE(written.has_value()) << to_string(*failed);
      EXPECT_EQ(written.error().code, ErrorCode::kIo) << written.error().message;
      life.node.tasks().sleep(milliseconds(5));
    }
    EXPECT_FALSE(life.db->flush().has_value()) << to_string(*failed);
    EXPECT_FALSE(life.db->compact().has_value()) << to_string(*failed);
    for (const auto& [key, values] : keys_) {
      const std::string expected = values.visible == 0 ? "-" : values.all[values.visible - 1];
      EXPECT_EQ(show(must(life.db->get(key))), expected) << to_string(*failed);
    }
    EXPECT_FALSE(life.db->close().has_value()) << to_string(*failed);
  }
  void verify_recovered(Life& life) {
    auto opened = Db::open(life.node.environment(), options_, "db");
    ASSERT_TRUE(opened.has_value()) << to_string(*failed) << ": " << opened.error().message;
    life.db = std::move(*opened);
    for (const auto& [key, values] : keys_) {
      const std::string found = show(must(life.db->get(key)));
      const auto at = std::ranges::find(values.all, found);
      const size_t count =
          at == values.all.end() ? 0 : static_cast<size_t>(at - values.all.begin()) + 1;
      ASSERT_TRUE(count > 0 || found == "-") << found;
      ASSERT_GE(count, values.durable) << key << " is lost after a failed " << to_string(*failed);
    }
    must(life.db->write(batch("k0", "new", 0)));
    must(life.db->close());
  }

  sim::Kernel kernel_{1}, after_{2};
  LsmOptions options_ = small_options();
  int left_;
  Random random_;
  std::map<std::string, Values> keys_;
  int last_ = 0;
};

class EachSyncFails : public testing::TestWithParam<WalSync> {};

TEST_P(EachSyncFails, NothingIsAcknowledgedAfterItAndNothingAcknowledgedIsLost) {
  std::set<SyncKind> kinds;
  int number = 0;
  uint64_t images = 0;
  for (;; ++number) {
    FailedSync history(GetParam(), number);
    if (!history.run()) break;
    kinds.insert(*history.failed);
    images += history.images;
    ASSERT_FALSE(HasFailure()) << "sync " << number << ", " << to_string(*history.failed);
  }
  fmt::print("found: {} syncs failed, {} crash images after them, none wrong\n", number, images);
  EXPECT_EQ(kinds.size(), 10u);  // every SyncKind
  EXPECT_GT(number, 50);
}

INSTANTIATE_TEST_SUITE_P(All, EachSyncFails,
                         testing::Values(WalSync::kAlways, WalSync::kGroup, WalSync::kPeriodic),
                         [](const auto& test) { return std::string(enum_name(test.param)); });

struct CompactionCase {
  std::string name;
  CompactionStrategy strategy;
  int64_t max_subcompactions = 1;
};

class InterruptedCompaction : public testing::TestWithParam<CompactionCase> {
 protected:
  InterruptedCompaction() {
    options.max_subcompactions = GetParam().max_subcompactions;
    options.compaction.sstable_size = ByteSize{700};
    options.compaction.strategy = CompactionStrategy::kNone;
  }

  // Several SSTables that overlap, and nothing else.
  sim::DiskContents before_compaction() {
    Life life(kernel, 1, {});
    life.run(
        [&] {
          life.db = must(Db::open(life.node.environment(), options, "db"));
          for (int i = 0; i < 40; ++i) {
            WriteBatch write;
            write.put(fmt::format("k{:02}", i * 7 % 30), fmt::format("{:060}", i), {});
            must(life.db->write(std::move(write)));
          }
          must(life.db->flush());
          expected = contents_of(*life.db);
          must(life.db->close());
        },
        nullptr);
    return image(life, CrashImages::Default::kKept);
  }
  static sim::DiskContents image(Life& life, CrashImages::Default fate) {
    CrashImages::Fates fates(fate);
    fates.start();
    return life.disk.after_power_loss(fates);
  }
  static std::string contents_of(Db& db) {
    std::string result;
    auto scan = must(db.scan("", ""));
    for (; scan->valid(); scan->next())
      result += fmt::format("{}={} ", scan->key(), show(Cell(scan->cell())));
    must(scan->status());
    return result;
  }
  void verify(const sim::DiskContents& contents) {
    Life life(after, 1, contents);
    life.run(
        [&] {
          life.db = must(Db::open(life.node.environment(), options, "db"));
          orphans += life.db->recovery().orphans_removed;
          uint64_t files = 0, sstables = 0;
          for (const std::string& name : must(life.node.environment().files.list("db")))
            files += name.ends_with(".sst") || name.ends_with(".tmp");
          for (const LevelMetrics& level : life.db->metrics().levels) sstables += level.sstables;
          ASSERT_EQ(files, sstables);
          ASSERT_EQ(contents_of(*life.db), expected);
          must(life.db->close());
        },
        nullptr);
  }

  sim::Kernel kernel{1}, after{2};
  LsmOptions options = small_options();
  std::string expected;
  uint64_t orphans = 0;
};

TEST_P(InterruptedCompaction, LeavesNoOrphanAfterReopening) {
  const sim::DiskContents begin = before_compaction();
  options.compaction.strategy = GetParam().strategy;
  options.compaction.level0_file_num_compaction_trigger = 1000;  // only on demand
  options.compaction.min_threshold = options.compaction.max_threshold = 1000;
  int operations = 0;
  for (bool done = false; !done; ++operations) {
    Life life(kernel, 1, begin);
    life.run([&] { life.db = must(Db::open(life.node.environment(), options, "db")); }, nullptr);
    int left = operations;
    done = true;
    life.run(
        [&] {
          must(life.db->compact());
          life.node.tasks().sleep(milliseconds(10));  // the inputs' removal
        },
        [&](const std::string&) {
          if (left-- > 0) return true;
          done = false;
          return false;
        });
    // The process dies, and the power goes.
    for (const auto fate : {CrashImages::Default::kKept, CrashImages::Default::kLost}) {
      verify(image(life, fate));
      ASSERT_FALSE(HasFailure()) << "operation " << operations;
    }
  }
  EXPECT_GT(operations, 20);
  EXPECT_GT(orphans, 20u);
}

INSTANTIATE_TEST_SUITE_P(
    All, InterruptedCompaction,
    testing::Values(CompactionCase{"leveled", CompactionStrategy::kLeveled},
                    CompactionCase{"subcompactions", CompactionStrategy::kLeveled, 3},
                    CompactionCase{"incremental", CompactionStrategy::kIncremental}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace revenant::lsm
