// What a write may rely on: syncs, groups, fences, stalls, and what recovery makes of what it
// finds.
#include <gtest/gtest.h>

#include "engine/lsm/manifest.h"
#include "tests/engine/lsm/compaction/sstables.h"
#include "tests/engine/lsm/db_fixture.h"
#include "tests/engine/lsm/log_segment.h"

namespace revenant::lsm {
namespace {

class DbLogTest : public DbTest {
 protected:
  // Counts the log's syncs, each of which takes `time`.
  void count_syncs(Duration time) {
    memory.before = [this, time](std::string_view call, const std::string& path) -> Result<void> {
      if (call == "sync" && path.ends_with(".wal")) {
        ++syncs;
        if (time.ns > 0) node().tasks().sleep(time);
      }
      return {};
    };
  }
  void fail(std::string_view failing_call, std::string name) {
    memory.before = [failing_call, name](std::string_view call,
                                         const std::string& path) -> Result<void> {
      if (call != failing_call || path.find(name) == path.npos) return {};
      return error(ErrorCode::kIo, "the disk says no");
    };
  }
  // `tasks` writes that start at once; when each was acknowledged.
  std::vector<Instant> write_at_once(int tasks) {
    std::vector<Instant> acknowledged;
    for (int i = 0; i < tasks; ++i) {
      node().spawn([&, i] {
        must(db->write(batch(fmt::format("k{}", i), "v", 1)));
        acknowledged.push_back(kernel.now());
      });
    }
    run_for(seconds(5));
    return acknowledged;
  }
  std::vector<std::string> files_ending(const std::string& suffix) const {
    std::vector<std::string> result;
    for (const std::string& path : memory.paths()) {
      if (path.ends_with(suffix)) result.push_back(path);
    }
    return result;
  }

  int syncs = 0;
};

TEST_F(DbLogTest, WritesThatWaitTogetherShareASync) {
  options.wal.sync = WalSync::kAlways;
  reopen();
  count_syncs(milliseconds(10));
  const Instant start = kernel.now();
  const auto acknowledged = write_at_once(20);
  ASSERT_EQ(acknowledged.size(), 20u);
  EXPECT_EQ(syncs, 2);  // the first alone, then all that came meanwhile
  EXPECT_EQ(acknowledged.front(), start + milliseconds(10));
  EXPECT_EQ(acknowledged.back(), start + milliseconds(20));
}

TEST_F(DbLogTest, ASegmentStaysForAllMemtablesWhoseWritesItHolds) {
  options.wal.segment_size = kib(1);
  reopen();
  put("a", "1", 1);
  flush();
  EXPECT_EQ(files_ending(".wal").size(), 1u) << "for writes to come";
  put("b", "1", 2);
  put("a", "2", 3);
  flush();
  EXPECT_EQ(files_ending(".wal").size(), 1u);
  put("c", std::string(2000, 'c'), 4);
  flush();
  run_for(seconds(1));
  EXPECT_TRUE(files_ending(".wal").empty()) << "it was large enough to end";
}

TEST_F(DbLogTest, OfASharedSegmentARecoveryReplaysWhatIsNotFlushed) {
  for (const bool replays_flushed : {false, true}) {
    options.wal.segment_size = mib(1);
    options.wal.replays_flushed = replays_flushed;
    reopen();
    const uint64_t version = replays_flushed ? 20 : 10;
    put("a", "flushed", version);
    put("b", "flushed", version);
    flush();
    put("c", "not flushed", version);
    kill();
    machine().boot();
    open();
    EXPECT_EQ(db->recovery().wal_records, replays_flushed ? 3u : 1u);
    EXPECT_EQ(db->recovery().wal_damage, "");
    for (const char* key : {"a", "b"}) EXPECT_EQ(get(key), "flushed");
    EXPECT_EQ(get("c"), "not flushed");
  }
}

TEST_F(DbLogTest, APurgeWaitsForASharedSegmentThatHoldsWhatItsTombstoneShadows) {
  options.wal.segment_size = mib(1);
  options.gc_grace = {};
  for (const bool guarded : {true, false}) {
    options.purge_guards.log = guarded;
    reopen();
    put("a", "old", 10);
    remove("a", 20);
    flush();
    run_for(milliseconds(1));
    compact();
    EXPECT_EQ(get("a"), guarded ? "x" : "-");
  }
}

TEST_F(DbLogTest, AGroupWaitsForCompany) {
  options.wal.sync = WalSync::kGroup;
  options.wal.sync_group_window = milliseconds(3);
  reopen();
  count_syncs(milliseconds(10));
  const Instant start = kernel.now();
  const auto acknowledged = write_at_once(20);
  ASSERT_EQ(acknowledged.size(), 20u);
  EXPECT_EQ(syncs, 1);
  EXPECT_EQ(acknowledged.front(), start + milliseconds(13));
}

TEST_F(DbLogTest, PeriodicWritesDoNotWaitAndOneSyncFollows) {
  options.wal.sync_period = seconds(1);
  reopen();
  count_syncs(milliseconds(10));
  const Instant start = kernel.now();
  const auto acknowledged = write_at_once(20);
  ASSERT_EQ(acknowledged.size(), 20u);
  EXPECT_EQ(acknowledged.back(), start);
  EXPECT_EQ(syncs, 1);
  // Nothing more is due: not an event in twelve days.
  const uint64_t events = kernel.event_count();
  run_for(days(12));
  EXPECT_EQ(kernel.event_count(), events);
}

TEST_F(DbLogTest, AFailedSyncFencesTheDbForGood) {
  options.wal.sync = WalSync::kAlways;
  reopen();
  put("a", "1", 1);
  fail("sync", ".wal");
  in_task([&] {
    EXPECT_EQ(db->write(batch("b", "2", 2)).error().code, ErrorCode::kIo);
    memory.before = nullptr;
    EXPECT_EQ(db->write(batch("c", "3", 3)).error().code, ErrorCode::kIo);
    EXPECT_FALSE(db->flush().has_value());
    EXPECT_FALSE(db->compact().has_value());
    EXPECT_EQ(show(must(db->get("a"))), "1");
    EXPECT_EQ(show(must(db->get("b"))), "-");
    EXPECT_FALSE(db->close().has_value());
  });
  kill();
  reopen();
  EXPECT_EQ(get("a"), "1");
  put("c", "3", 3);
}

TEST_F(DbLogTest, AFailedFlushOrManifestFencesToo) {
  for (const auto& [call, name] : {std::pair{"append", ".sst"}, std::pair{"sync", "MANIFEST-"}}) {
    put("a", "1", 1);
    fail(call, name);
    in_task([&] { EXPECT_EQ(db->flush().error().code, ErrorCode::kIo); });
    memory.before = nullptr;
    in_task([&] { EXPECT_FALSE(db->write(batch("b", "2", 2)).has_value()); });
    EXPECT_EQ(get("a"), "1");
    kill();
    reopen();
    EXPECT_EQ(get("a"), "1");
    EXPECT_EQ(get("b"), "-");
  }
}

TEST_F(DbLogTest, WritesStopWhenNoMemtableIsLeft) {
  options.memtable_size = ByteSize{100};
  options.max_immutable_memtables = 1;
  reopen();
  memory.before = [&](std::string_view call, const std::string& path) -> Result<void> {
    if (call == "create" && path.ends_with(".sst")) node().tasks().sleep(milliseconds(50));
    return {};
  };
  for (int i = 0; i < 3; ++i) put(fmt::format("k{}", i), std::string(100, 'v'), 1);
  ASSERT_EQ(node().observer.stalls.size(), 1u);
  EXPECT_EQ(node().observer.stalls[0].first, env::StallCause::kMemtables);
  EXPECT_EQ(node().observer.stalls[0].second, milliseconds(50));
  EXPECT_EQ(db->metrics().stalls, 1u);
  EXPECT_EQ(db->metrics().stall_time, milliseconds(50));
}

TEST_F(DbLogTest, WritesSlowDownAndStopWithLevel0) {
  options.compaction.strategy = CompactionStrategy::kLeveled;
  options.compaction.level0_file_num_compaction_trigger = 3;
  options.level0_slowdown_writes_trigger = 2;
  options.level0_stop_writes_trigger = 3;
  reopen();
  for (uint64_t i = 0; i < 2; ++i) {
    put("a", "v", i);
    flush();
  }
  put("a", "v", 5);
  ASSERT_EQ(node().observer.stalls.size(), 1u);
  EXPECT_EQ(node().observer.stalls[0],
            std::pair(env::StallCause::kLevel0Slowdown, milliseconds(1)));
  int created = 0;
  memory.before = [&](std::string_view call, const std::string& path) -> Result<void> {
    // The third SSTable is the flush's, the next one the compaction's.
    if (call == "create" && path.ends_with(".sst") && ++created == 2)
      node().tasks().sleep(milliseconds(70));
    return {};
  };
  flush();
  put("a", "v", 6);
  ASSERT_EQ(node().observer.stalls.size(), 2u);
  EXPECT_EQ(node().observer.stalls[1], std::pair(env::StallCause::kLevel0Stop, milliseconds(70)));
  EXPECT_EQ(db->metrics().levels[0].sstables, 0u);
}

TEST_F(DbLogTest, OrphansAreRemovedAndNumbersNeverUsedAgain) {
  put("a", "1", 1);
  flush();
  close();
  memory.put("db/000500.sst", "never installed");
  memory.put("db/000501.tmp", "MANIFEST-000123");
  reopen();
  EXPECT_EQ(db->recovery().orphans_removed, 2u);
  EXPECT_FALSE(memory.exists("db/000500.sst"));
  EXPECT_FALSE(memory.exists("db/000501.tmp"));
  put("b", "2", 2);
  flush();
  for (const std::string& path : files_ending(".sst")) {
    EXPECT_TRUE(path < "db/000500.sst" || path > "db/000501.sst") << path;
  }
  EXPECT_EQ(get("a"), "1");
}

TEST_F(DbLogTest, ATornEndIsDroppedAndReported) {
  put("a", "1", 1);
  put("b", "2", 2);
  kill();
  memory.contents(files_ending(".wal").at(0)).pop_back();
  reopen();
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("b"), "-");
  EXPECT_EQ(db->recovery().wal_records, 1u);
  EXPECT_GT(db->recovery().wal_dropped_bytes, 20u);
}

TEST_F(DbLogTest, NothingIsReplayedAcrossAHoleNowOrLater) {
  kill();
  put_segment(memory, 100, 1, {"a", "b", "c"});
  put_segment(memory, 101, 4, {"d"});
  const Buffer after_hole = memory.contents("db/000101.wal");
  memory.contents("db/000100.wal").pop_back();  // c is torn: d must not be there without it
  reopen();
  EXPECT_EQ(scan("", ""), "a=v b=v");
  put("e", "v", 8);  // its sequence is 3
  for (int i = 0; i < 2; ++i) {
    kill();
    memory.put("db/000101.wal", after_hole);  // as if its removal had been undone
    reopen();
    EXPECT_EQ(scan("", ""), "a=v b=v e=v");
  }
}

TEST_F(DbLogTest, RecoveryEndsTheSameHoweverOftenItIsCutShort) {
  for (int i = 0; i < 20; ++i) put(fmt::format("k{:02}", i), "v", 1);
  const std::string expected = scan("", "");
  kill();
  for (int step = 0;; ++step) {
    machine().boot();
    int left = step;
    memory.before = [&](std::string_view, const std::string&) -> Result<void> {
      if (left-- <= 0) return error(ErrorCode::kIo, "crash");
      return {};
    };
    bool opened = false;
    in_task([&] { opened = Db::open(node().environment(), options, "db").has_value(); });
    memory.before = nullptr;
    if (opened) break;
    machine().kill();
  }
  kill();
  reopen();
  EXPECT_EQ(scan("", ""), expected);
}

TEST_F(DbLogTest, AMissingFileIsCorruption) {
  put("a", "1", 1);
  flush();
  close();
  const std::string sstable = files_ending(".sst").at(0);
  const Buffer bytes = memory.contents(sstable);
  const auto code_of_open = [&] {
    machine().boot();
    std::optional<ErrorCode> code;
    in_task([&] {
      auto opened = Db::open(node().environment(), options, "db");
      if (!opened.has_value()) code = opened.error().code;
    });
    machine().kill();
    return code;
  };
  must(memory.remove(sstable));
  EXPECT_EQ(code_of_open(), ErrorCode::kCorruption);
  memory.put(sstable, bytes);
  must(memory.rename("db/CURRENT", "db/elsewhere"));
  EXPECT_EQ(code_of_open(), ErrorCode::kCorruption);
  must(memory.rename("db/elsewhere", "db/CURRENT"));
  EXPECT_EQ(code_of_open(), std::nullopt);
}

TEST_F(DbLogTest, SstablesOfOneLevelThatOverlapInTheManifestAreCorruption) {
  kill();
  for (const std::string& path : memory.paths()) must(memory.remove(path));
  ManifestEdit whole;
  for (const uint64_t number : {7, 8}) {
    whole.added.push_back({1, sstable({.number = number, .least = "a", .greatest = "m"})});
    memory.put(sstable_path("db", {number}), "");
  }
  must(Manifest::create(memory, "db", {3}, whole));
  machine().boot();
  in_task([&] {
    const auto opened = Db::open(node().environment(), options, "db");
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(
        fmt::format("{}", opened.error()),
        "corruption: db/MANIFEST-000003: offset 16: SSTables 000007 and 000008 overlap in level 1");
  });
}

TEST_F(DbLogTest, ALargeManifestIsReplacedByAShortOne) {
  const std::string long_key(100'000, 'k');
  for (uint64_t i = 1; i <= 20; ++i) {
    put(long_key, fmt::format("{}", i), i);
    flush();
    if (i % 4 == 0) compact();
  }
  run_for(seconds(1));
  const auto manifests = [&] {
    std::vector<std::string> result;
    for (const std::string& path : memory.paths()) {
      if (path.starts_with("db/MANIFEST")) result.push_back(path);
    }
    return result;
  }();
  ASSERT_EQ(manifests.size(), 1u);
  EXPECT_LT(memory.contents(manifests[0]).size(), 2'000'000u);
  kill();
  reopen();
  EXPECT_EQ(get(long_key), "20");
}

}  // namespace
}  // namespace revenant::lsm
