// A process of its own that writes through mapped logs and is killed by the operating system, without a
// moment to tidy up. Whatever it acknowledged, to a pipe, is there under every recovery mode: what was
// written through a mapping belongs to the page cache, which outlives the process.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/engine/lsm/db_fixture.h"

namespace revenant::lsm {
namespace {

class DbSigkill : public testing::Test {
 protected:
  DbSigkill() {
    std::string pattern = testing::TempDir() + "revenant_sigkill_XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
    options_.versions = Versions::kSequence;
    options_.memtable_size = kib(64);
    options_.compaction.strategy = CompactionStrategy::kLeveled;
    options_.compaction.level0_file_num_compaction_trigger = 2;
  }
  ~DbSigkill() override { std::filesystem::remove_all(root_); }

  static std::string key(uint64_t i) { return fmt::format("k{:06}", i); }
  static std::string value(uint64_t i) { return fmt::format("{:0{}}", i, 1 + i % 200); }

  // Runs `body` on a Db that may not open.
  template <typename Body>
  void with_db(const std::string& root, WalRecoveryMode mode, Body body) {
    auto files = must(env::open_posix_file_system(root));
    env::PosixClock clock;
    env::EventSink sink;
    env::PosixTasks tasks;
    tasks.run([&] {
      LsmOptions options = options_;
      options.wal.recovery_mode = mode;
      body(Db::open({clock, *files, tasks, sink}, options, "db"));
    });
  }

  // Writes until it is killed.
  [[noreturn]] void write_for_ever(int acknowledged) {
    with_db(root_, WalRecoveryMode::kPointInTimeRecovery, [&](auto opened) {
      const std::unique_ptr<Db> db = must(std::move(opened));
      for (uint64_t i = 0;; ++i) {
        must(db->write(batch(key(i), value(i), 0)));
        CHECK(::write(acknowledged, &i, sizeof i) == sizeof i);
      }
    });
    std::abort();
  }
  // How many writes were acknowledged by a child that is killed once there are so many.
  uint64_t kill_after(uint64_t writes) {
    int ends[2];
    CHECK(::pipe(ends) == 0);
    const pid_t child = ::fork();
    CHECK(child >= 0);
    if (child == 0) {
      ::close(ends[0]);
      write_for_ever(ends[1]);
    }
    ::close(ends[1]);
    uint64_t acknowledged = 0, number = 0;
    while (::read(ends[0], &number, sizeof number) == sizeof number) {
      EXPECT_EQ(number, acknowledged);
      if (++acknowledged == writes) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    return acknowledged;
  }

  std::string root_;
  LsmOptions options_;
};

TEST_F(DbSigkill, WhatWasAcknowledgedIsThereUnderEachRecoveryMode) {
  for (const uint64_t writes : {1u, 100u, 1000u, 5000u}) {
    std::filesystem::remove_all(root_ + "/db");
    const uint64_t acknowledged = kill_after(writes);
    ASSERT_GE(acknowledged, writes);
    std::string damage;  // the record under way, if it was cut
    for (const auto& [mode, name, help] : enum_names(WalRecoveryMode{})) {
      SCOPED_TRACE(fmt::format("{} after {} writes", name, acknowledged));
      const std::string copy = fmt::format("{}/{}", root_, name);
      std::filesystem::create_directory(copy);
      std::filesystem::copy(root_ + "/db", copy + "/db");
      with_db(copy, mode, [&](auto opened) {
        if (!opened.has_value()) {
          // Only the strictest may refuse, and only for a record that was never acknowledged: the
          // other modes tell whether there is one.
          ASSERT_EQ(mode, WalRecoveryMode::kAbsoluteConsistency) << opened.error().message;
          damage = opened.error().message;
          return;
        }
        const std::unique_ptr<Db> db = std::move(*opened);
        uint64_t found = 0;
        for (auto scan = must(db->scan("", "")); scan->valid(); scan->next(), ++found) {
          ASSERT_EQ(scan->key(), key(found));
          ASSERT_EQ(scan->cell().value, value(found));
        }
        EXPECT_GE(found, acknowledged);
        EXPECT_LE(found, acknowledged + 1);  // one may have been in but not yet told
        if (mode == WalRecoveryMode::kPointInTimeRecovery && !damage.empty()) {
          EXPECT_EQ(db->recovery().wal_damage, damage);
        }
        must(db->close());
      });
      std::filesystem::remove_all(copy);
    }
  }
}

}  // namespace
}  // namespace revenant::lsm
