#include "engine/lsm/db.h"

#include <gtest/gtest.h>

#include "tests/engine/lsm/db_fixture.h"

namespace revenant::lsm {
namespace {

class DbOnEverySeam : public DbVerbs, public testing::WithParamInterface<Seam> {
 protected:
  DbOnEverySeam() : DbVerbs(make_machine(GetParam())) {}
};

INSTANTIATE_TEST_SUITE_P(, DbOnEverySeam,
                         testing::Values(Seam::kSimulated, Seam::kPosix, Seam::kPosixMapped),
                         seam_name);

TEST_P(DbOnEverySeam, WhatWasPutIsRead) {
  put("a", "1");
  put("b", "2");
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("b"), "2");
  EXPECT_EQ(get("c"), "-");
}

TEST_P(DbOnEverySeam, ADeleteIsReadAsATombstone) {
  put("a", "1");
  remove("a");
  EXPECT_EQ(get("a"), "x");
}

TEST_P(DbOnEverySeam, TheGreaterVersionWinsWhateverArrivedLast) {
  put("a", "new", 20);
  put("a", "old", 10);
  EXPECT_EQ(get("a"), "new");
  flush();
  put("a", "older", 5);
  flush();
  EXPECT_EQ(get("a"), "new");
  remove("a", 15);
  EXPECT_EQ(get("a"), "new");
  remove("a", 25);
  flush();
  put("a", "late", 24);
  EXPECT_EQ(get("a"), "x");
}

TEST_P(DbOnEverySeam, TiesResolveAlikeInEveryOrderOfArrivalAndPlace) {
  put("value then tombstone", "v", 10);
  remove("value then tombstone", 10);
  remove("tombstone then value", 10);
  put("tombstone then value", "v", 10);
  put("larger then smaller", "z", 10);
  flush();
  put("larger then smaller", "a", 10);
  put("smaller then larger", "a", 10);
  flush();
  put("smaller then larger", "z", 10);
  const auto expect = [&] {
    EXPECT_EQ(get("value then tombstone"), "x");
    EXPECT_EQ(get("tombstone then value"), "x");
    EXPECT_EQ(get("larger then smaller"), "z");
    EXPECT_EQ(get("smaller then larger"), "z");
  };
  expect();
  compact();
  expect();
  reopen();
  expect();
}

TEST_P(DbOnEverySeam, WithSequenceVersionsTheLastArrivalWins) {
  options.versions = Versions::kSequence;
  reopen();
  put("a", "1");
  put("a", "2");
  flush();
  EXPECT_EQ(get("a"), "2");
  put("a", "3");
  EXPECT_EQ(get("a"), "3");
  remove("a");
  EXPECT_EQ(get("a"), "x");
}

TEST_P(DbOnEverySeam, AScanYieldsTheWinnersInOrder) {
  put("b", "1", 1);
  put("c", "2", 2);
  flush();
  put("a", "3", 3);
  put("b", "4", 4);
  remove("c", 5);
  EXPECT_EQ(scan("", ""), "a=3 b=4 c=x");
  EXPECT_EQ(scan("b", ""), "b=4 c=x");
  EXPECT_EQ(scan("", "b"), "a=3");
  EXPECT_EQ(scan("bb", "c"), "");
}

TEST_P(DbOnEverySeam, AScanShowsTheMomentItBegan) {
  put("a", "1", 1);
  put("c", "1", 1);
  in_task([&] {
    auto scan = must(db->scan("", ""));
    must(db->write(batch("b", "late", 2)));
    must(db->write(batch("c", "late", 2)));
    must(db->compact());
    std::string seen;
    for (; scan->valid(); scan->next())
      seen += fmt::format("{}={} ", scan->key(), scan->cell().value);
    EXPECT_EQ(seen, "a=1 c=1 ");
  });
}

TEST_P(DbOnEverySeam, TheLogBringsBackWhatWasNotFlushed) {
  put("a", "1", 1);
  remove("b", 2);
  kill();
  reopen();
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("b"), "x");
  EXPECT_EQ(db->recovery().wal_records, 2u);
  EXPECT_EQ(machine().observer().applied_by[env::ApplySource::kRecovery], 2);
}

TEST_P(DbOnEverySeam, FlushedLogsAndMergedSstablesAreRemoved) {
  for (int i = 0; i < 3; ++i) {
    put("a", fmt::format("{}", i), static_cast<uint64_t>(i + 1));
    flush();
  }
  compact();
  wait_until([&] { return files_ending(".sst") == 1 && files_ending(".wal") == 0; });
  EXPECT_EQ(get("a"), "2");
}

TEST_P(DbOnEverySeam, AFileThatAScanReadsStaysUntilTheScanEnds) {
  put("a", "1", 1);
  flush();
  in_task([&] {
    auto scan = must(db->scan("", ""));
    must(db->write(batch("a", "2", 2)));
    must(db->compact());
    machine().environment().tasks.sleep(milliseconds(50));
    EXPECT_EQ(files_ending(".sst"), 2);
    EXPECT_EQ(scan->cell().value, "1");
    scan.reset();
  });
  wait_until([&] { return files_ending(".sst") == 1; });
}

TEST_P(DbOnEverySeam, AReadStopsAtTheSstableThatNoOtherCanBeat) {
  for (uint64_t i = 1; i <= 3; ++i) {
    put("a", fmt::format("{}", i), 10 * i);
    put("b", "v", 10 * i + 1);
    flush();
  }
  in_task([&] {
    sstable::ReadCounters counters;
    EXPECT_EQ(show(must(db->get("a", {.counters = &counters}))), "3");
    EXPECT_EQ(counters.sstables, 1u);
    EXPECT_EQ(counters.memtables, 0u);
    counters = {};
    EXPECT_EQ(show(must(db->get("nothing", {.counters = &counters}))), "-");
    EXPECT_EQ(counters.sstables, 0u);  // outside of all ranges
  });
  EXPECT_EQ(db->metrics().reads.sstables, 1u);
}

TEST_P(DbOnEverySeam, AReadGoesOnWhereAnOlderSstableMayHoldANewerVersion) {
  put("a", "newest", 30);
  put("b", "v", 1);
  flush();
  put("a", "late", 20);
  put("b", "v", 40);
  flush();
  in_task([&] {
    sstable::ReadCounters counters;
    EXPECT_EQ(show(must(db->get("a", {.counters = &counters}))), "newest");
    EXPECT_EQ(counters.sstables, 2u);
  });
}

TEST_P(DbOnEverySeam, PhysicalBytesAreThePayload) {
  put("key", "value", 1);
  EXPECT_EQ(db->physical_bytes(), 8u);
  remove("gone", 2);
  EXPECT_EQ(db->physical_bytes(), 12u);
  flush();
  EXPECT_EQ(db->physical_bytes(), 12u);
  EXPECT_EQ(db->metrics().levels[0].entries, 2u);
  EXPECT_EQ(db->metrics().levels[0].tombstones, 1u);
  EXPECT_EQ(db->metrics().memtable_bytes, 0u);
  EXPECT_EQ(db->metrics().user_bytes_written, 12u);
}

TEST_P(DbOnEverySeam, WhatStrategyMadeIsReadByAnother) {
  options.compaction.strategy = CompactionStrategy::kLeveled;
  options.compaction.target_file_size_base = kib(1);
  reopen();
  for (int i = 0; i < 100; ++i) put(fmt::format("k{:02}", i), std::string(100, 'v'), 1);
  compact();
  EXPECT_GT(db->metrics().levels[1].sstables, 5u);
  options.compaction.strategy = CompactionStrategy::kSizeTiered;
  reopen();
  put("k50", "new", 2);
  flush();
  EXPECT_EQ(get("k50"), "new");
  compact();
  EXPECT_EQ(db->metrics().levels[0].sstables, 1u);
  EXPECT_EQ(get("k50"), "new");
  EXPECT_EQ(get("k99"), std::string(100, 'v'));
}

TEST_P(DbOnEverySeam, ACloseWithPeriodicSyncLosesNothing) {
  put("a", "1", 1);
  in_task([&] {
    must(db->close());
    EXPECT_EQ(db->write(batch("b", "2", 2)).error().code, ErrorCode::kUnavailable);
  });
  db.reset();
  reopen();
  EXPECT_EQ(get("a"), "1");
}

}  // namespace
}  // namespace revenant::lsm
