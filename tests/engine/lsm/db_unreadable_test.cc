// SSTables that cannot be read, in whole or in part: an error for the keys in the damage, never a wrong
// or missing answer, and no end of the database. A compaction that meets one leaves everything as it
// was and leaves it alone from then on; what lies beside it is compacted on.
#include <gtest/gtest.h>

#include "engine/base/random.h"
#include "engine/sstable/sstable_format.h"
#include "tests/engine/lsm/any_options.h"
#include "tests/engine/lsm/db_fixture.h"

namespace revenant::lsm {
namespace {

class DbUnreadable : public DbTest {
 protected:
  static std::string key(int i) { return fmt::format("k{:03}", i); }

  // SSTables of level 0, or the levels that a strategy makes of them.
  void write_sstable(int first, int last, std::string_view value) {
    for (int i = first; i <= last; ++i) put(key(i), value);
    flush();
  }
  std::vector<std::string> sstables() const {
    std::vector<std::string> result;
    for (const std::string& path : memory.paths()) {
      if (path.ends_with(".sst")) result.push_back(path);
    }
    return result;
  }
  void damage(const std::string& path, size_t offset) { memory.contents(path)[offset] ^= 1; }
  // Value, or the error.
  std::string read(Bytes key) {
    std::string result;
    in_task([&] {
      const auto cell = db->get(key);
      result = cell.has_value() ? show(*cell) : fmt::format("{}", cell.error());
    });
    return result;
  }
  std::string error_of_compact() {
    std::string result = "none";
    in_task([&] {
      if (const auto done = db->compact(); !done.has_value())
        result = fmt::format("{}", done.error());
    });
    return result;
  }
  // Opens of files of this name, from now on.
  void count_opens(const std::string& path) {
    memory.before = [this, path](std::string_view call, const std::string& name) -> Result<void> {
      opens += call == "open" && name == path;
      return {};
    };
  }

  int opens = 0;
};

TEST_F(DbUnreadable, ACompactionThatMeetsADamagedBlockKeepsItsInputsAndLeavesThemAlone) {
  options.versions = Versions::kSequence;
  options.sstable.block_size = ByteSize{256};
  options.block_cache_size = {};
  reopen();
  write_sstable(0, 99, std::string(20, 'a'));
  write_sstable(0, 99, std::string(20, 'b'));
  const std::vector<std::string> before = sstables();
  ASSERT_EQ(before.size(), 2u);
  damage(before[1], 100);  // of the newer one, the block of the first keys
  options.compaction.strategy = CompactionStrategy::kLeveled;
  options.compaction.level0_file_num_compaction_trigger = 2;
  count_opens(before[1]);
  reopen();
  run_for(hours(1));

  EXPECT_EQ(sstables(), before);
  EXPECT_EQ(db->metrics().unreadable_sstables, 1u);
  EXPECT_EQ(db->metrics().compactions, 0u);
  EXPECT_EQ(opens, 1);  // and no further attempt in all that time
  const std::string error =
      fmt::format("corruption: {}: offset 0: data block: wrong checksum", before[1]);
  EXPECT_EQ(read(key(0)), error);
  EXPECT_EQ(read(key(99)), std::string(20, 'b'));
  EXPECT_EQ(error_of_compact(), error);
  // It takes writes, and keeps them.
  put(key(0), "c");
  put(key(50), "c");
  flush();
  EXPECT_EQ(read(key(0)), "c");
  memory.before = nullptr;
  reopen();
  run_for(seconds(1));
  EXPECT_EQ(read(key(0)), "c");
  EXPECT_EQ(read(key(1)), error);
  EXPECT_EQ(read(key(50)), "c");
  EXPECT_EQ(read(key(99)), std::string(20, 'b'));
}

TEST_F(DbUnreadable, AnSstableWithoutItsFooterIsSetAsideToo) {
  write_sstable(0, 9, "a");
  write_sstable(5, 14, "b");
  const std::vector<std::string> before = sstables();
  Buffer& bytes = memory.contents(before[0]);
  damage(before[0], bytes.size() - 1);
  reopen();
  EXPECT_EQ(error_of_compact(), fmt::format("corruption: {}: offset {}: not an SSTable", before[0],
                                            bytes.size() - sstable::kFooterSize));
  EXPECT_EQ(sstables(), before);
  EXPECT_EQ(db->metrics().unreadable_sstables, 1u);
}

TEST_F(DbUnreadable, AnErrorOfTheDiskInACompactionsReadIsNoEnd) {
  write_sstable(0, 9, "a");
  write_sstable(5, 14, "b");
  const std::vector<std::string> before = sstables();
  reopen();
  memory.before = [&](std::string_view call, const std::string& path) -> Result<void> {
    if (call == "read" && path == before[0]) return error(ErrorCode::kIo, "the disk says no");
    return {};
  };
  EXPECT_EQ(error_of_compact(), "I/O error: the disk says no");
  memory.before = nullptr;
  EXPECT_EQ(sstables(), before);
  put("z", "1");
  EXPECT_EQ(read(key(0)), "a");
  reopen();  // the next life tries again
  compact();
  run_for(seconds(1));
  EXPECT_EQ(sstables().size(), 1u);
}

TEST_F(DbUnreadable, WhatLiesBesideItIsCompactedOn) {
  options.compaction.strategy = CompactionStrategy::kLeveled;
  options.compaction.level0_file_num_compaction_trigger = 2;
  options.compaction.max_bytes_for_level_base = kib(2);
  options.compaction.max_bytes_for_level_multiplier = 3;
  options.compaction.target_file_size_base = kib(1);
  options.sstable.block_size = ByteSize{256};
  options.block_cache_size = {};
  reopen();
  const std::string value(50, 'v');
  write_sstable(0, 199, value);
  write_sstable(0, 199, value);
  wait_idle();
  close();
  // One deep down.
  damage(sstables().at(3), 100);
  open();
  for (int round = 0; round < 10; ++round) write_sstable(0, 199, value);
  wait_idle();
  EXPECT_EQ(db->metrics().unreadable_sstables, 1u);
  const uint64_t compactions = db->metrics().compactions;
  for (int round = 0; round < 10; ++round) write_sstable(100 * (round % 2), 199, value);
  wait_idle();
  EXPECT_GT(db->metrics().compactions, compactions + 5);
  int errors = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string found = read(key(i));
    if (found != value) {
      ++errors;
      EXPECT_TRUE(found.starts_with("corruption: db/")) << found;
    }
  }
  EXPECT_LT(errors, 10);
}

TEST_F(DbUnreadable, AWriteThatWouldWaitForItGetsTheErrorInstead) {
  options.sstable.block_size = ByteSize{256};
  write_sstable(0, 9, "a");
  const std::string path = sstables().at(0);
  damage(path, 10);
  options.compaction.strategy = CompactionStrategy::kLeveled;
  options.compaction.level0_file_num_compaction_trigger = 2;
  options.level0_slowdown_writes_trigger = 4;
  options.level0_stop_writes_trigger = 4;
  reopen();
  for (int i = 0; i < 3; ++i) write_sstable(5, 14, "b");
  wait_idle();
  in_task([&] {
    const auto written = db->write(batch("z", "1", 1));
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(fmt::format("{}", written.error()),
              fmt::format("corruption: {}: offset 0: data block: wrong checksum", path));
  });
  EXPECT_EQ(read(key(12)), "b");
}

// Every strategy, any options: a bit of some SSTable is flipped now and then, and the history goes on
// beside a model. A read gives what the model holds, or corruption.
class DbUnreadableFuzz : public testing::TestWithParam<CompactionStrategy> {
 protected:
  struct Totals {
    int right = 0, errors = 0;
    uint64_t set_aside = 0, compactions = 0;
  };

  void run(uint64_t seed, Totals& totals) {
    Random random(seed, "unreadable");
    MemoryMachine machine;
    LsmOptions options = any_options(random, milliseconds(10));
    options.versions = seed % 2 == 0 ? Versions::kSequence : Versions::kTimestamp;
    options.compaction.strategy = GetParam();
    options.gc_grace = {};
    std::map<std::string, std::string> expected;
    uint64_t version = 0;
    bool refused = false;
    for (int life = 0; life < 3 && !refused; ++life) {
      machine.boot();
      std::unique_ptr<Db> db;
      machine.run([&] {
        db = must(Db::open(machine.environment(), options, "db"));
        for (int i = 0; i < 300 && !refused; ++i) {
          const std::string key = fmt::format("k{:02}", random.below(60));
          WriteBatch write;
          ++version;
          const bool removed = random.below(4) == 0;
          if (removed) {
            write.remove(key, machine.environment().clock.now(), {version});
          } else {
            write.put(key, fmt::format("{}:{}", version, std::string(random.below(60), 'v')),
                      {version});
          }
          std::string value = removed ? "-" : write.entries[0].cell.value;
          if (const auto written = db->write(std::move(write)); !written.has_value()) {
            ASSERT_EQ(written.error().code, ErrorCode::kCorruption) << written.error().message;
            refused = true;
            break;
          }
          expected[key] = std::move(value);
          if (random.below(100) == 0) flip_a_bit(machine.memory, random);
          if (random.below(10) == 0) machine.environment().tasks.sleep(milliseconds(1));
          verify_some(*db, random, expected, seed, totals);
        }
        db->wait_idle();
        for (const auto& [key, value] : expected) verify(*db, key, value, seed, totals);
        totals.set_aside += db->metrics().unreadable_sstables;
        totals.compactions += db->metrics().compactions;
        must(db->close());
      });
      db.reset();
      machine.kill();
    }
  }

 private:
  static void flip_a_bit(tests::MemoryFileSystem& files, Random& random) {
    std::vector<std::string> sstables;
    for (const std::string& path : files.paths()) {
      if (path.ends_with(".sst") && !files.contents(path).empty()) sstables.push_back(path);
    }
    if (sstables.empty()) return;
    Buffer& bytes = files.contents(sstables[random.below(sstables.size())]);
    bytes[random.below(bytes.size())] ^= static_cast<char>(1 << random.below(8));
  }
  void verify_some(Db& db, Random& random, const std::map<std::string, std::string>& expected,
                   uint64_t seed, Totals& totals) {
    auto some = expected.lower_bound(fmt::format("k{:02}", random.below(60)));
    if (some != expected.end()) verify(db, some->first, some->second, seed, totals);
  }
  void verify(Db& db, const std::string& key, const std::string& value, uint64_t seed,
              Totals& totals) {
    const auto found = db.get(key);
    if (!found.has_value()) {
      ASSERT_EQ(found.error().code, ErrorCode::kCorruption) << found.error().message;
      ++totals.errors;
      return;
    }
    const std::string shown = show(*found);
    ASSERT_EQ(shown == "x" ? "-" : shown, value) << key << ", seed " << seed;
    ++totals.right;
  }
};

TEST_P(DbUnreadableFuzz, AReadIsRightOrAnError) {
  Totals totals;
  for (uint64_t seed = 1; seed <= 12 && !HasFatalFailure(); ++seed) run(seed, totals);
  EXPECT_GT(totals.right, 1000);
  EXPECT_GT(totals.errors, 20);
  EXPECT_GT(totals.set_aside, 3u);
  EXPECT_GT(totals.compactions, 20u);
}

INSTANTIATE_TEST_SUITE_P(
    All, DbUnreadableFuzz,
    testing::Values(CompactionStrategy::kSizeTiered, CompactionStrategy::kLeveled,
                    CompactionStrategy::kUniversal, CompactionStrategy::kLazyLeveling,
                    CompactionStrategy::kTimeWindow, CompactionStrategy::kUnified,
                    CompactionStrategy::kIncremental),
    [](const auto& test) { return std::string(enum_name(test.param)); });

}  // namespace
}  // namespace revenant::lsm
