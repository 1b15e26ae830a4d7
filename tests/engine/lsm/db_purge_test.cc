// Tombstones and what arrives under them, step by step.
#include <gtest/gtest.h>

#include "tests/engine/lsm/db_fixture.h"

namespace revenant::lsm {
namespace {

class DbPurgeTest : public DbTest {
 protected:
  DbPurgeTest() {
    options.gc_grace = {};
    reopen();
  }

  // Runs `body` in the compaction's task when it creates its output: after it judged nothing yet,
  // before it is installed.
  void during_compaction(std::function<void()> body) {
    memory.before = [body = std::move(body), done = false](
                        std::string_view call, const std::string& path) mutable -> Result<void> {
      if (call == "create" && path.ends_with(".sst") && !std::exchange(done, true)) body();
      return {};
    };
  }
  // Two SSTables: a value and its tombstone, and something that stays so that there is an output.
  void put_and_delete(const std::string& key) {
    put(key, "old", 10);
    put("stays", "here", 10);
    flush();
    remove(key, 20);
    flush();
    run_for(milliseconds(1));
  }
  uint64_t decided(PurgeReason reason) const {
    return db->metrics().purge_decisions[static_cast<size_t>(reason)];
  }
};

TEST_F(DbPurgeTest, AMajorCompactionPurgesATombstoneWithAllItShadows) {
  put_and_delete("a");
  compact();
  EXPECT_EQ(get("a"), "-");
  EXPECT_EQ(decided(PurgeReason::kPurged), 1u);
  ASSERT_EQ(node().observer.purges.size(), 1u);
  EXPECT_EQ(node().observer.purges[0].first, "a");
  EXPECT_EQ(db->physical_bytes(), std::string("stayshere").size());
}

// What a repair session takes, marks, and keeps apart.
TEST_F(DbPurgeTest, ASessionTakesWhatNoSessionHasMarked) {
  const auto unrepaired = [&] {
    std::string found;
    in_task([&] {
      auto scan = must(db->scan_unrepaired({}, {}));
      for (; scan->valid(); scan->next()) found += scan->key();
    });
    return found;
  };
  put("a", "1", 10);
  in_task([&] { must(db->begin_repair(true)); });
  put("b", "1", 10);
  flush();
  EXPECT_EQ(unrepaired(), "a");
  const Cell received(CellView{CellKind::kValue, Version{10}, {}, "sent"});
  in_task([&] { must(db->mark_repaired(node().environment().clock.now(), {{"c", received}})); });
  in_task([&] { db->end_repair(); });
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(get("c"), "sent");
  reopen();
  in_task([&] { must(db->begin_repair(true)); });
  EXPECT_EQ(unrepaired(), "b") << "c came as repaired";
  in_task([&] { db->end_repair(); });
  EXPECT_EQ(get("c"), "sent");
}

// Of some keys alone: what holds others too is split, and only one half is marked.
TEST_F(DbPurgeTest, ASessionOfSomeKeysSplitsWhatHoldsOthersToo) {
  const auto taken = [&](std::shared_ptr<const KeySpans> spans) {
    std::string found;
    in_task([&] {
      must(db->begin_repair(true, std::move(spans)));
      auto scan = must(db->scan_unrepaired({}, {}));
      for (; scan->valid(); scan->next()) found += scan->key();
      scan.reset();
      must(db->mark_repaired(node().environment().clock.now(), {}));
      db->end_repair();
    });
    return found;
  };
  for (const char* key : {"a", "b", "c", "d"}) put(key, key, 10);
  flush();
  put("c", "newer", 20);
  put("m", "m", 20);
  flush();
  put("y", "y", 20);
  put("z", "z", 20);
  flush();
  const auto spans = std::make_shared<const KeySpans>(KeySpans{{"b", "d"}, {"y", ""}});
  EXPECT_EQ(taken(spans), "bcyz");
  EXPECT_EQ(db->metrics().anticompactions, 2u) << "one lay within a span";
  EXPECT_GT(db->metrics().bytes_anticompacted, 0u);
  EXPECT_EQ(taken(spans), "");
  const auto expect_all = [&] { EXPECT_EQ(scan("", ""), "a=a b=b c=newer d=d m=m y=y z=z"); };
  expect_all();
  compact();
  EXPECT_EQ(db->metrics().levels[0].sstables, 2u) << "the marked and the others";
  reopen();
  expect_all();
  EXPECT_EQ(taken(nullptr), "adm") << "what no session has marked";
}

TEST_F(DbPurgeTest, RepairedAndUnrepairedAreNeverMerged) {
  options.compaction.only_purge_repaired_tombstones = true;
  reopen();
  put_and_delete("a");
  compact();
  EXPECT_EQ(get("a"), "x") << "not repaired yet";
  EXPECT_EQ(decided(PurgeReason::kKeptByRepair), 1u);
  in_task([&] {
    must(db->begin_repair(true));
    must(db->mark_repaired(node().environment().clock.now(), {}));
    db->end_repair();
  });
  put("a", "older", 5);
  compact();
  EXPECT_EQ(db->metrics().levels[0].sstables, 2u);
  EXPECT_EQ(get("a"), "x") << "the purge rule asks both sets";
  in_task([&] {
    must(db->begin_repair(true));
    must(db->mark_repaired(node().environment().clock.now(), {}));
    db->end_repair();
  });
  compact();
  EXPECT_EQ(db->metrics().levels[0].sstables, 1u);
  EXPECT_EQ(get("a"), "-");
}

TEST_F(DbPurgeTest, CompactionsLeaveWhatASessionHasPinnedAlone) {
  put_and_delete("a");
  in_task([&] { must(db->begin_repair(true)); });
  bool compacted = false;
  node().spawn([&] {
    must(db->compact());
    compacted = true;
  });
  run_for(seconds(5));
  EXPECT_FALSE(compacted);
  in_task([&] { db->end_repair(); });
  run_for(seconds(5));
  EXPECT_TRUE(compacted);
  EXPECT_EQ(get("a"), "-");
}

TEST_F(DbPurgeTest, GcGraceCountsAsItIsWhenACompactionBegins) {
  in_task([&] { db->set_gc_grace(hours(1)); });
  put_and_delete("a");
  compact();
  EXPECT_EQ(get("a"), "x");
  in_task([&] { db->set_gc_grace({}); });
  compact();
  EXPECT_EQ(get("a"), "-");
}

TEST_F(DbPurgeTest, ATruncationLeavesNoTombstoneAndNothingToReplay) {
  put("a", "flushed", 10);
  flush();
  put("b", "in the memtable", 10);
  in_task([&] { must(db->truncate()); });
  EXPECT_EQ(get("a"), "-");
  EXPECT_EQ(get("b"), "-");
  EXPECT_EQ(db->physical_bytes(), 0u);
  EXPECT_TRUE(node().observer.purges.empty());
  put("a", "older", 5);
  EXPECT_EQ(get("a"), "older");
  reopen();
  EXPECT_EQ(get("a"), "older");
  EXPECT_EQ(get("b"), "-");
}

// Each defect that weakens a purge, where the sound rule keeps the tombstone.
TEST_F(DbPurgeTest, AReadThatForgetsWhatTimeLetsGoShowsWhatItDeleted) {
  remove("a", 20);
  flush();
  put("a", "late", 10);
  run_for(milliseconds(1));
  EXPECT_EQ(get("a"), "x");
  options.defects.plant(Defect::kReadDropsPurgeable);
  reopen();
  EXPECT_EQ(get("a"), "late");
}

TEST_F(DbPurgeTest, APurgeThatAsksDeeperLevelsOnlyMissesWhatLiesAbove) {
  for (const bool defective : {false, true}) {
    options.compaction.strategy = CompactionStrategy::kLeveled;
    options.compaction.tombstone_compaction_interval = milliseconds(50);
    options.compaction.unchecked_tombstone_compaction = true;
    if (defective) options.defects.plant(Defect::kPurgeAsksDeeperLevelsOnly);
    reopen();
    in_task([&] { db->set_gc_grace(hours(1)); });
    const std::string key = defective ? "b" : "a";
    remove(key, 20);
    compact();
    put(key, "late", 10);
    flush();
    in_task([&] { db->set_gc_grace({}); });
    run_for(seconds(1));
    EXPECT_EQ(get(key), defective ? "late" : "x");
  }
}

TEST_F(DbPurgeTest, AnOlderWriteDuringTheCompactionMakesItsResultVoid) {
  put_and_delete("a");
  during_compaction([&] { must(db->write(batch("a", "late", 15))); });
  compact();
  EXPECT_EQ(get("a"), "x");
  EXPECT_EQ(db->metrics().compactions_abandoned, 1u);
  EXPECT_EQ(db->metrics().compactions, 1u);  // the second attempt kept the tombstone
  EXPECT_EQ(decided(PurgeReason::kPurged), 0u);
  EXPECT_EQ(decided(PurgeReason::kKeptByMemtable), 1u);
  ASSERT_EQ(node().observer.compactions.size(), 2u);
  EXPECT_FALSE(node().observer.compactions[0].installed);
  EXPECT_TRUE(node().observer.purges.empty());
  // With the late write merged in, it goes.
  compact();
  EXPECT_EQ(get("a"), "-");
}

TEST_F(DbPurgeTest, EvenOneThatWentToAMemtableOfLater) {
  put_and_delete("a");
  during_compaction([&] {
    must(db->write(batch("z", "fills a memtable", 30)));
    must(db->flush());
    must(db->write(batch("a", "late", 15)));
  });
  compact();
  EXPECT_EQ(get("a"), "x");
  EXPECT_EQ(db->metrics().compactions_abandoned, 1u);
}

TEST_F(DbPurgeTest, EvenOneThatWasFlushedMeanwhile) {
  put_and_delete("a");
  during_compaction([&] {
    must(db->write(batch("a", "late", 15)));
    must(db->flush());
  });
  compact();
  EXPECT_EQ(get("a"), "x");
  EXPECT_EQ(db->metrics().compactions_abandoned, 1u);
}

TEST_F(DbPurgeTest, NewerWritesAndOtherKeysDuringTheCompactionAreNoMatter) {
  put_and_delete("a");
  during_compaction([&] {
    must(db->write(batch("a", "newer", 25)));
    must(db->write(batch("b", "older", 1)));
  });
  compact();
  EXPECT_EQ(get("a"), "newer");
  EXPECT_EQ(db->metrics().compactions_abandoned, 0u);
  EXPECT_EQ(decided(PurgeReason::kPurged), 1u);
}

TEST_F(DbPurgeTest, NoWriteSlipsInWhileAPurgeIsInstalled) {
  struct Order final : env::EventSink {
    void applied(Bytes key, const CellView& cell, env::ApplySource) override {
      events += fmt::format("{}@{} ", key, cell.version);
    }
    void purged(Bytes key, Version version) override {
      events += fmt::format("purged {}@{} ", key, version);
    }
    std::string events;
  } order;
  close();
  in_task([&] {
    env::Environment e = node().environment();
    db = must(Db::open({e.clock, e.files, e.tasks, order}, options, "db"));
  });
  put_and_delete("a");
  order.events.clear();
  memory.before = [&, done = false](std::string_view call,
                                    const std::string& path) mutable -> Result<void> {
    if (call == "append" && path.starts_with("db/MANIFEST") && !std::exchange(done, true)) {
      node().spawn([&] { must(db->write(batch("a", "late", 15))); });
      node().tasks().sleep(milliseconds(5));
    }
    return {};
  };
  compact();
  run_for(milliseconds(1));
  EXPECT_EQ(order.events, "purged a@20 a@15 ");
}

TEST_F(DbPurgeTest, AnOlderWriteInTheMemtableKeepsATombstone) {
  put_and_delete("a");
  options.compaction.strategy = CompactionStrategy::kSizeTiered;
  options.compaction.min_threshold = 2;
  options.purge_guards.log = false;  // else it would speak too, not only instead
  // compact() would flush the late write first: let the strategy merge the two SSTables by itself.
  close();
  in_task([&] {
    env::Environment e = node().environment();
    during_compaction([&] { must(db->write(batch("a", "late", 15))); });
    db = must(Db::open(e, options, "db"));
  });
  wait_idle();
  EXPECT_EQ(db->metrics().compactions_abandoned, 1u);
  EXPECT_EQ(decided(PurgeReason::kKeptByMemtable), 1u);
  EXPECT_EQ(get("a"), "x");
}

TEST_F(DbPurgeTest, WithoutTheMemtableGuardItComesBack) {
  options.purge_guards.memtables = false;
  reopen();
  put_and_delete("a");
  during_compaction([&] { must(db->write(batch("a", "late", 15))); });
  compact();
  EXPECT_EQ(get("a"), "late");
  EXPECT_EQ(db->metrics().compactions_abandoned, 0u);
}

TEST_F(DbPurgeTest, AnSstableOutsideOfTheMergeKeepsATombstone) {
  options.compaction.strategy = CompactionStrategy::kSizeTiered;
  options.compaction.min_threshold = 2;
  options.compaction.min_sstable_size = {};
  reopen();
  put("a", std::string(20'000, 'v'), 10);  // large: a bucket of its own
  flush();
  remove("a", 20);
  flush();
  run_for(milliseconds(1));
  put("b", "", 30);
  flush();
  wait_idle();
  EXPECT_EQ(db->metrics().compactions, 1u);
  EXPECT_EQ(decided(PurgeReason::kKeptBySstable), 1u);
  EXPECT_EQ(get("a"), "x");
  compact();
  EXPECT_EQ(get("a"), "-");
}

TEST_F(DbPurgeTest, WithoutTheSstableGuardItComesBack) {
  options.compaction.strategy = CompactionStrategy::kSizeTiered;
  options.compaction.min_threshold = 2;
  options.compaction.min_sstable_size = {};
  options.purge_guards.sstables = false;
  reopen();
  put("a", std::string(20'000, 'v'), 10);
  flush();
  remove("a", 20);
  flush();
  run_for(milliseconds(1));
  put("b", "", 30);
  flush();
  wait_idle();
  EXPECT_EQ(get("a"), std::string(20'000, 'v'));
}

TEST_F(DbPurgeTest, ARangeThatIsBeingSentKeepsItsTombstones) {
  put_and_delete("a");
  const auto streaming = std::make_shared<const KeySpans>(KeySpans{{"a", "b"}});
  in_task([&] { db->set_streaming(streaming); });
  compact();
  EXPECT_EQ(decided(PurgeReason::kKeptByStreaming), 1u);
  put("a", "sent late", 15);
  EXPECT_EQ(get("a"), "x");
  in_task([&] { db->set_streaming(nullptr); });
  compact();
  EXPECT_EQ(get("a"), "-");
  EXPECT_EQ(decided(PurgeReason::kPurged), 1u);
}

TEST_F(DbPurgeTest, ACleanupLeavesWhatIsOwnedAndNothingElse) {
  options.gc_grace = days(1);
  reopen();
  for (int i = 0; i < 10; ++i) put(fmt::format("k{}", i), "v", 10);
  remove("k2", 20);
  remove("k7", 20);
  in_task([&] { must(db->cleanup([] { return KeySpans{{"k0", "k2"}, {"k6", ""}}; })); });
  for (int i = 0; i < 10; ++i) {
    const bool owned = i < 2 || i >= 6;
    EXPECT_EQ(get(fmt::format("k{}", i)), !owned ? "-" : i == 7 ? "x" : "v") << i;
  }
  EXPECT_EQ(db->metrics().cells_not_owned, 4u);
  EXPECT_EQ(db->metrics().bytes_not_owned, 3 * 3u + 2u);
  EXPECT_TRUE(node().observer.purges.empty());
  reopen();
  EXPECT_EQ(get("k3"), "-");
  EXPECT_EQ(get("k8"), "v");
}

TEST_F(DbPurgeTest, TimeAloneMakesATombstoneCompactionDueAndWaitingCostsNothing) {
  options.compaction.strategy = CompactionStrategy::kSizeTiered;
  options.gc_grace = days(10);
  reopen();
  for (int i = 0; i < 10; ++i) put(fmt::format("k{}", i), "v", 1);
  for (int i = 0; i < 5; ++i) remove(fmt::format("k{}", i), 2);
  flush();
  run_for(hours(1));
  const uint64_t events = kernel.event_count();
  run_for(days(10) - hours(2));
  EXPECT_EQ(kernel.event_count(), events);
  EXPECT_EQ(db->metrics().compactions, 0u);
  run_for(hours(2));
  EXPECT_EQ(db->metrics().compactions, 1u);
  EXPECT_EQ(decided(PurgeReason::kPurged), 5u);
  EXPECT_EQ(get("k0"), "-");
  EXPECT_EQ(get("k9"), "v");
}

TEST_F(DbPurgeTest, ARepairMakesATombstoneCompactionDueAndLetsGoOfWhatItCovered) {
  options.compaction.strategy = CompactionStrategy::kSizeTiered;
  options.tombstone_gc = TombstoneGc::kRepair;
  options.propagation_delay = hours(1);
  reopen();
  for (int i = 0; i < 10; ++i) put(fmt::format("k{}", i), "v", 1);
  for (int i = 0; i < 8; ++i) remove(fmt::format("k{}", i), 2);
  flush();
  run_for(days(100));
  compact();
  EXPECT_EQ(decided(PurgeReason::kKeptByRepair), 8u);
  const auto repaired_at = [&](Instant began) {
    auto ranges = std::make_shared<RepairedRanges>();
    ranges->add({"k0", "k5", began});
    db->set_repaired(std::move(ranges));
    run_for(days(1));
    wait_idle();
  };
  const uint64_t compactions = db->metrics().compactions;
  repaired_at(Instant{});
  EXPECT_EQ(db->metrics().compactions, compactions) << "the deletes came after it";
  repaired_at(node().environment().clock.now() - days(1));
  EXPECT_EQ(db->metrics().compactions, compactions + 1);
  EXPECT_EQ(decided(PurgeReason::kPurged), 5u);
  EXPECT_EQ(get("k0"), "-");
  EXPECT_EQ(get("k7"), "x");
  EXPECT_EQ(get("k9"), "v");
}

TEST_F(DbPurgeTest, DisabledKeepsAndImmediateDrops) {
  options.gc_grace = days(10);
  options.tombstone_gc = TombstoneGc::kDisabled;
  reopen();
  put_and_delete("a");
  run_for(days(1000));
  compact();
  EXPECT_EQ(decided(PurgeReason::kKeptByMode), 1u);
  EXPECT_EQ(get("a"), "x");
  options.tombstone_gc = TombstoneGc::kImmediate;
  reopen();
  put("b", "new", 30);
  flush();
  compact();
  EXPECT_EQ(get("a"), "-");
  EXPECT_EQ(decided(PurgeReason::kPurged), 1u);
}

}  // namespace
}  // namespace revenant::lsm
