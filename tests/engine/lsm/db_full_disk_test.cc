// A disk without room: the database refuses writes, reads on, and goes on when there is room again,
// with all that was acknowledged; wherever it was that the room ran out.
#include <gtest/gtest.h>

#include "sim/disk/sim_disk.h"
#include "tests/engine/lsm/db_fixture.h"

namespace revenant::lsm {
namespace {

class FullDisk : public DbTest {
 protected:
  // Until room(): calls of this kind on files with this in their name fail.
  void no_room_for(std::string_view full_call, std::string name) {
    memory.before = [full_call, name](std::string_view call,
                                      const std::string& path) -> Result<void> {
      if (call != full_call || path.find(name) == path.npos) return {};
      return error(ErrorCode::kNoSpace, "no room");
    };
  }
  void room() { memory.before = nullptr; }
  // What a write gets.
  ErrorCode refused(Bytes key, uint64_t version) {
    ErrorCode code = ErrorCode::kInvalid;
    in_task([&] {
      auto written = db->write(batch(key, "refused", version));
      ASSERT_FALSE(written.has_value());
      code = written.error().code;
    });
    return code;
  }
};

TEST_F(FullDisk, ARecordThatHasNoRoomIsRefusedAndWritesGoOnLater) {
  for (const WalSync sync : {WalSync::kAlways, WalSync::kGroup, WalSync::kPeriodic}) {
    options.wal.sync = sync;
    reopen();
    const std::string key = fmt::format("{}", enum_name(sync));
    put(key, "kept", 1);
    no_room_for("append", ".wal");
    EXPECT_EQ(refused(key, 2), ErrorCode::kNoSpace);
    EXPECT_EQ(refused(key, 3), ErrorCode::kNoSpace);
    EXPECT_EQ(get(key), "kept");
    room();
    run_for(seconds(3));
    put(key, "new", 4);
    EXPECT_EQ(get(key), "new");
    EXPECT_GE(db->metrics().disk_full, 1u);
    // A refused record must not stand between acknowledged ones.
    kill();
    reopen();
    EXPECT_EQ(get(key), "new");
  }
}

TEST_F(FullDisk, TheFirstRecordOfASegmentMayBeTheOneWithoutRoom) {
  for (const std::string_view call : {"append", "create"}) {
    flush();
    no_room_for(call, ".wal");
    EXPECT_EQ(refused("a", 2), ErrorCode::kNoSpace);
    run_for(seconds(10));
    room();
    run_for(seconds(3));
    put("a", std::string(call), 4);
    kill();
    reopen();
    EXPECT_EQ(get("a"), call);
    put("b", "1", 1);
  }
}

TEST_F(FullDisk, AFlushWithoutRoomIsTriedAgainAndLeavesNothingBehind) {
  put("a", "1", 1);
  no_room_for("append", ".sst");
  in_task([&] { EXPECT_EQ(db->flush().error().code, ErrorCode::kNoSpace); });
  EXPECT_EQ(refused("b", 2), ErrorCode::kNoSpace);
  run_for(seconds(30));
  EXPECT_EQ(get("a"), "1");
  in_task([&] { EXPECT_LE(files_ending(".sst"), 1); });  // of the attempt under way
  room();
  run_for(seconds(3));
  put("b", "2", 2);
  flush();
  in_task([&] { EXPECT_EQ(files_ending(".sst"), 2); });
  EXPECT_EQ(scan("", ""), "a=1 b=2");
}

TEST_F(FullDisk, AManifestWithoutRoomIsReplaced) {
  for (const std::string_view call : {"append", "create"}) {
    options.max_manifest_file_size = ByteSize{call == "create" ? 1 : 1 << 20};
    reopen();
    put("a", "1", 1);
    put("b", std::string(call), call == "create" ? 6 : 5);
    no_room_for(call, "MANIFEST");
    // A manifest is only created when the one before has grown.
    Result<void> flushed;
    for (int i = 0; i < 10 && flushed.has_value(); ++i) {
      put("a", "1", 1);
      in_task([&] { flushed = db->flush(); });
    }
    ASSERT_FALSE(flushed.has_value());
    EXPECT_EQ(flushed.error().code, ErrorCode::kNoSpace);
    EXPECT_EQ(refused("c", 2), ErrorCode::kNoSpace);
    EXPECT_EQ(get("b"), call);
    room();
    run_for(seconds(3));
    flush();
    run_for(seconds(1));
    in_task([&] {
      int manifests = 0;
      for (const std::string& name : must(machine().environment().files.list("db")))
        manifests += name.starts_with("MANIFEST");
      EXPECT_EQ(manifests, 1);
    });
    kill();
    reopen();
    EXPECT_EQ(scan("", ""), fmt::format("a=1 b={}", call));
  }
}

TEST_F(FullDisk, ACompactionWithoutRoomGivesUpItsOutputsAndLosesNothing) {
  for (uint64_t i = 1; i <= 3; ++i) {
    put(fmt::format("k{}", i), "v", i);
    flush();
  }
  no_room_for("append", ".sst");
  in_task([&] { EXPECT_EQ(db->compact().error().code, ErrorCode::kNoSpace); });
  run_for(seconds(2));
  in_task([&] { EXPECT_EQ(files_ending(".sst"), 3); });
  put("k4", "v", 4);  // a compaction alone does not stop writes
  room();
  compact();
  EXPECT_EQ(scan("", ""), "k1=v k2=v k3=v k4=v");
}

TEST_F(FullDisk, AnInstallWithoutRoomKeepsTheCompactionsResult) {
  for (uint64_t i = 1; i <= 3; ++i) {
    put(fmt::format("k{}", i), "v", i);
    flush();
  }
  no_room_for("append", "MANIFEST");
  node().spawn([&] { (void)db->compact(); });
  run_for(milliseconds(500));
  EXPECT_EQ(refused("k4", 4), ErrorCode::kNoSpace);
  EXPECT_EQ(scan("", ""), "k1=v k2=v k3=v");
  room();
  run_for(seconds(3));
  put("k4", "v", 4);
  in_task([&] { EXPECT_EQ(files_ending(".sst"), 1); });
  reopen();
  EXPECT_EQ(scan("", ""), "k1=v k2=v k3=v k4=v");
}

TEST_F(FullDisk, AFullDatabaseClosesAndOpensAgain) {
  put("a", "1", 1);
  no_room_for("append", ".wal");
  EXPECT_EQ(refused("b", 2), ErrorCode::kNoSpace);
  close();
  room();
  reopen();
  EXPECT_EQ(get("a"), "1");
  put("b", "2", 2);
}

// On a simulated disk that takes what fits: writers that go on through all of it.
TEST(FullSimulatedDisk, NothingAcknowledgedIsLostWhileRoomComesAndGoes) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    sim::Kernel kernel(seed);
    Random random(seed, "full disk");
    sim::SimDisk disk(kernel, NodeId{0}, sim::DiskOptions{});
    LsmOptions options;
    options.memtable_size = ByteSize{1000};
    options.wal.sync = seed % 2 == 0 ? WalSync::kAlways : WalSync::kPeriodic;
    options.compaction.strategy = CompactionStrategy::kLeveled;
    options.compaction.level0_file_num_compaction_trigger = 2;
    options.max_manifest_file_size = ByteSize{400};
    options.versions = Versions::kSequence;
    std::map<std::string, std::string> expected;
    std::set<std::string> unknown;  // keys whose last write was refused
    int refused = 0, taken = 0;
    for (int life = 0; life < 3; ++life) {
      auto files = disk.mount();
      Node node(kernel, *files, random.fork(fmt::format("files {}", life)));
      std::unique_ptr<Db> db;
      bool done = false;
      disk.set_capacity({0});
      node.spawn([&] {
        db = must(Db::open(node.environment(), options, "db"));
        for (const auto& [key, value] : expected) {
          const std::string found = show(must(db->get(key)));
          ASSERT_TRUE(found == value || unknown.contains(key)) << key << " seed " << seed;
          expected[key] = found;
        }
        unknown.clear();
        for (int round = 0; round < 8; ++round) {
          const bool full = round % 2 == 1;
          disk.set_capacity(
              full ? ByteSize{static_cast<int64_t>(disk.used_bytes()) + random.between(0, 1500)}
                   : ByteSize{0});
          if (!full) node.tasks().sleep(seconds(5));
          for (int i = 0; i < 30; ++i) {
            const std::string key = fmt::format("k{:02}", random.below(40));
            const std::string value = fmt::format("{}:{}", i, std::string(random.below(90), 'v'));
            WriteBatch write;
            write.put(key, value, {});
            if (auto written = db->write(std::move(write)); written.has_value()) {
              expected[key] = value;
              unknown.erase(key);
              ++taken;
            } else {
              ASSERT_EQ(written.error().code, ErrorCode::kNoSpace) << written.error().message;
              unknown.insert(key);
              expected.try_emplace(key, "-");
              ++refused;
            }
            const std::string found = show(must(db->get(key)));
            ASSERT_EQ(found, expected[key]) << key << " seed " << seed;
          }
          ASSERT_TRUE(full || unknown.empty() || refused > 0);
        }
        if (life == 1) must(db->close());
        done = true;
        kernel.stop();
      });
      kernel.run_until(kernel.now() + hours(1));
      ASSERT_TRUE(done) << "stuck, seed " << seed;
      disk.kill_process();
      node.kill();
      db.reset();
    }
    EXPECT_GT(refused, 20) << "seed " << seed;
    EXPECT_GT(taken, 300) << "seed " << seed;
    EXPECT_TRUE(disk.verify().has_value());
  }
}

}  // namespace
}  // namespace revenant::lsm
