// The four recovery modes against logs damaged by hand: what each takes, and what it refuses.
#include <gtest/gtest.h>

#include "tests/engine/lsm/db_fixture.h"
#include "tests/engine/lsm/log_segment.h"

namespace revenant::lsm {
namespace {

class RecoveryModes : public DbTest {
 protected:
  // Two segments, damaged: the keys that are there after an open, or why there was none.
  std::string open_after(WalRecoveryMode mode, const std::function<void()>& damage) {
    kill();
    for (const std::string& path : memory.paths()) must(memory.remove(path));
    machine().boot();
    options.wal.recovery_mode = mode;
    open();
    kill();
    put_segment(memory, 100, 1, {"a", "b", "c"});
    put_segment(memory, 101, 4, {"d"});
    damage();
    machine().boot();
    std::string keys;
    in_task([&] {
      auto opened = Db::open(machine().environment(), options, "db");
      if (!opened.has_value()) {
        EXPECT_EQ(opened.error().code, ErrorCode::kCorruption);
        keys = opened.error().message;
        return;
      }
      db = std::move(*opened);
      damage_reported = db->recovery().wal_damage;
      for (auto all = must(db->scan("", "")); all->valid(); all->next()) keys += all->key();
    });
    if (db == nullptr) return keys;
    // What was recovered stays, and takes writes.
    put("z", "v", 9);
    reopen();
    EXPECT_EQ(get("z"), "v");
    EXPECT_EQ(std::ranges::count(scan("", ""), '='), std::ssize(keys) + 1);
    return keys;
  }

  Buffer& first() { return memory.contents("db/000100.wal"); }
  Buffer& second() { return memory.contents("db/000101.wal"); }
  // Where record i of a segment begins: header 8, sequence 8, count 1, kind 1, version 8, key 2, value 2.
  static constexpr size_t kRecord = 30;
  static size_t record(size_t i) { return 16 + i * kRecord; }

  std::string damage_reported;
};

TEST_F(RecoveryModes, EachTakesAndRefusesWhatItsNameSays) {
  const std::string b_at = fmt::format("db/000100.wal: offset {}: ", record(1));
  const std::string c_at = fmt::format("db/000100.wal: offset {}: ", record(2));
  struct Case {
    std::string name;
    std::function<void()> damage;
    std::string tolerate, absolute, point_in_time, skip;
    std::string reported;
  };
  const std::vector<Case> cases = {
      {"none", [] {}, "abcd", "abcd", "abcd", "abcd", ""},
      {"the last segment's end is torn", [&] { second().pop_back(); }, "abc",
       "db/000101.wal: offset 16: cut short", "abc", "abc", "db/000101.wal: offset 16: cut short"},
      {"the first segment's end is torn", [&] { first().pop_back(); }, "abd", c_at + "cut short",
       "ab", "abd", c_at + "cut short"},
      {"the first segment ends in zeros",
       [&] { first().replace(record(2), kRecord, kRecord, '\0'); }, "abd",
       "db/000101.wal: offset 16: a hole before this record", "ab", "abd",
       "db/000101.wal: offset 16: a hole before this record"},
      {"the last segment ends in zeros set aside", [&] { second().append(5000, '\0'); }, "abcd",
       "abcd", "abcd", "abcd", ""},
      {"the last segment is all set aside", [&] { second().assign(5000, '\0'); }, "abc", "abc",
       "abc", "abc", ""},
      {"zeros within the first segment",
       [&] { first().replace(record(1), kRecord, kRecord, '\0'); }, b_at + "zeros", b_at + "zeros",
       "a", "acd", b_at + "zeros"},
      {"a bit of b is flipped", [&] { first()[record(1) + 10] ^= 1; }, b_at + "wrong checksum",
       b_at + "wrong checksum", "a", "acd", b_at + "wrong checksum"},
      {"the length of b is wrong", [&] { first()[record(1) + 7] ^= 1; }, b_at + "cut short",
       b_at + "cut short", "a", "acd", b_at + "cut short"},
      {"the length of b is a little wrong", [&] { first()[record(1) + 4] ^= 1; },
       b_at + "wrong checksum", b_at + "wrong checksum", "a", "acd", b_at + "wrong checksum"},
      {"the first header is wrong", [&] { first()[3] ^= 1; },
       "db/000100.wal: offset 0: not the header of a log of format 1",
       "db/000100.wal: offset 0: not the header of a log of format 1", "", "abcd",
       "db/000100.wal: offset 0: not the header of a log of format 1"},
      {"the first segment is missing", [&] { must(memory.remove("db/000100.wal")); }, "d",
       "db/000101.wal: offset 16: a hole before this record", "", "d",
       "db/000101.wal: offset 16: a hole before this record"},
      {"the last segment is empty", [&] { second().clear(); }, "abc", "abc", "abc", "abc", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    using Mode = WalRecoveryMode;
    EXPECT_EQ(open_after(Mode::kTolerateCorruptedTailRecords, c.damage), c.tolerate);
    EXPECT_EQ(open_after(Mode::kAbsoluteConsistency, c.damage), c.absolute);
    EXPECT_EQ(open_after(Mode::kPointInTimeRecovery, c.damage), c.point_in_time);
    EXPECT_EQ(damage_reported, c.reported);
    EXPECT_EQ(open_after(Mode::kSkipAnyCorruptedRecords, c.damage), c.skip);
    EXPECT_EQ(damage_reported, c.reported);
  }
}

}  // namespace
}  // namespace revenant::lsm
