// How the Db runs what strategies pick: side by side, in parts, at a rate, and what writers feel
// of it.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "engine/lsm/compaction/picker.h"
#include "engine/lsm/manifest.h"
#include "engine/lsm/rate_limiter.h"
#include "engine/lsm/write_controller.h"
#include "tests/engine/lsm/db_fixture.h"

namespace revenant::lsm {
namespace {

using testing::HasSubstr;

class DbCompactionTest : public DbTest {
 protected:
  DbCompactionTest() {
    options.memtable_size = kib(4);
    options.compaction.strategy = CompactionStrategy::kLeveled;
    options.compaction.target_file_size_base = kib(2);
    options.compaction.max_bytes_for_level_base = kib(8);
    options.compaction.max_bytes_for_level_multiplier = 3;
  }
  static std::string key(uint64_t i) { return fmt::format("k{:05}", i); }

  // Keys spread over the whole range, in one task.
  void put_many(uint64_t from, uint64_t count) {
    in_task([&] {
      for (uint64_t i = from; i < from + count; ++i) {
        must(db->write(batch(key(i * 7919 % 1000), std::string(100, 'v'), i + 1)));
      }
      db->wait_idle();
    });
  }
  void expect_all_there() {
    in_task([&] {
      auto scan = must(db->scan({}, {}));
      uint64_t seen = 0;
      for (; scan->valid(); scan->next()) EXPECT_EQ(scan->key(), key(seen++));
      EXPECT_EQ(seen, 1000u);
    });
  }
  // The most SSTables of compactions that were open for writing at one time.
  int most_written_at_once() {
    int most = 0, open = 0;
    node().files.delay_max = microseconds(50);
    memory.before = [&](std::string_view call, const std::string& path) -> Result<void> {
      if (!path.ends_with(".sst")) return {};
      if (call == "create") most = std::max(most, ++open);
      if (call == "sync") --open;
      return {};
    };
    put_many(0, 3000);
    memory.before = nullptr;
    return most;
  }
};

TEST_F(DbCompactionTest, OneCompactionRunsBesideAFlushByDefault) {
  reopen();
  EXPECT_LE(most_written_at_once(), 2);
  expect_all_there();
}

TEST_F(DbCompactionTest, SeveralRunSideBySideWhereTheirInputsAreApart) {
  options.max_background_jobs = 5;
  reopen();
  EXPECT_GT(most_written_at_once(), 2);
  expect_all_there();
}

TEST_F(DbCompactionTest, OneIsSplitByKeyIntoSubcompactions) {
  options.max_subcompactions = 4;
  reopen();
  EXPECT_GT(most_written_at_once(), 2);
  expect_all_there();
}

TEST_F(DbCompactionTest, EachEventSaysWhyItsCompactionWasPicked) {
  reopen();
  put_many(0, 500);
  std::vector<std::string> explanations;
  struct Sink final : env::EventSink {
    explicit Sink(std::vector<std::string>& t) : texts(t) {}
    void compacted(const env::CompactionEvent& event) override {
      texts.emplace_back(event.explanation);
    }
    std::vector<std::string>& texts;
  } sink(explanations);
  close();
  in_task([&] {
    env::Environment environment = machine().environment();
    db = must(
        Db::open({environment.clock, environment.files, environment.tasks, sink}, options, "db"));
  });
  put_many(500, 1000);
  ASSERT_FALSE(explanations.empty());
  for (const std::string& text : explanations) {
    EXPECT_THAT(text, HasSubstr("has the highest score of those not busy; SSTable 0"));
    EXPECT_THAT(text, HasSubstr("[L0 "));
  }
}

TEST_F(DbCompactionTest, RoundRobinGoesOnWhereItWasBeforeARestart) {
  reopen();
  put_many(0, 1500);
  const auto pointers = [&] {
    std::vector<std::string> keys;
    in_task([&] {
      const auto contents = must(read_current_manifest(machine().environment().files, "db"));
      for (const auto& [level, pointer] : contents->whole.compact_pointers) keys.push_back(pointer);
    });
    return keys;
  };
  const std::vector<std::string> before = pointers();
  ASSERT_FALSE(before.empty());
  reopen();
  EXPECT_EQ(pointers(), before);
}

TEST_F(DbCompactionTest, TheRateLimiterHoldsBackgroundWritesToItsRate) {
  options.rate_limiter_bytes_per_sec = kib(64);
  options.max_immutable_memtables = 64;
  options.level0_slowdown_writes_trigger = options.level0_stop_writes_trigger = 1000;
  reopen();
  const Instant begin = kernel.now();
  put_many(0, 1000);
  const double seconds = (kernel.now() - begin).in_seconds();
  uint64_t written = 0;
  for (const env::CompactionEvent& event : node().observer.compactions)
    written += event.bytes_written;
  written += 1000 * 120;  // flushes, about
  EXPECT_NEAR(seconds, static_cast<double>(written) / (64 << 10), 0.15 * seconds);
}

TEST_F(DbCompactionTest, PendingBytesSlowWritesDownAndStopThem) {
  options.compaction.level0_file_num_compaction_trigger = 2;
  options.soft_pending_compaction_bytes_limit = ByteSize{1};
  options.hard_pending_compaction_bytes_limit = kib(12);
  options.level0_slowdown_writes_trigger = options.level0_stop_writes_trigger = 1000;
  options.delayed_write_rate = kib(100);
  options.rate_limiter_bytes_per_sec = kib(16);
  reopen();
  put_many(0, 1000);
  std::map<env::StallCause, int> causes;
  for (const auto& [cause, time] : node().observer.stalls) ++causes[cause];
  EXPECT_GT(causes[env::StallCause::kPendingSlowdown], 0);
  EXPECT_GT(causes[env::StallCause::kPendingStop], 0);
  EXPECT_EQ(causes[env::StallCause::kLevel0Stop], 0);
}

TEST(RateLimiterTest, EachWaitsForThoseBeforeIt) {
  RateLimiter limiter(1000);
  EXPECT_EQ(limiter.quantum(), 100u);
  EXPECT_EQ(limiter.charge(100, {}), milliseconds(100));
  EXPECT_EQ(limiter.charge(100, {}), milliseconds(200));
  // Idle time is not saved up.
  EXPECT_EQ(limiter.charge(50, {seconds(10).ns}), milliseconds(50));
  EXPECT_EQ(RateLimiter(0).charge(1 << 30, {}), Duration{});
}

TEST(WriteControllerTest, TheRateFollowsTheDebt) {
  using enum WriteController::Pressure;
  WriteController controller(10'000'000);
  controller.update(kDelay, 100);
  EXPECT_EQ(controller.bytes_per_second(), 10'000'000u);
  controller.update(kDelay, 100);  // no less: slower
  EXPECT_EQ(controller.bytes_per_second(), 8'000'000u);
  controller.update(kNearStop, 50);
  EXPECT_EQ(controller.bytes_per_second(), 4'800'000u);
  controller.update(kDelay, 40);  // less: faster
  EXPECT_EQ(controller.bytes_per_second(), 6'000'000u);
  controller.update(kNone, 0);
  EXPECT_EQ(controller.bytes_per_second(), 8'400'000u);
  controller.update(kNone, 0);
  EXPECT_EQ(controller.bytes_per_second(), 8'400'000u);
  for (int i = 0; i < 100; ++i) controller.update(kDelay, 100);
  EXPECT_EQ(controller.bytes_per_second(), 16u << 10);
}

TEST(WriteControllerTest, WithoutARateEachWriteWaitsAMillisecond) {
  WriteController controller(0);
  EXPECT_EQ(controller.delay(1'000'000, {}), milliseconds(1));
}

TEST(PresetTest, OnesOwnSettingsAreTheSystems) {
  LsmOptions options;
  options.preset = Preset::kRocksDbLeveled;
  options.apply_profile();
  EXPECT_EQ(options.memtable_size, mib(64));
  EXPECT_EQ(options.level0_stop_writes_trigger, 36);
  EXPECT_TRUE(options.compaction.level_compaction_dynamic_level_bytes);
  for (const auto& preset : enum_names(Preset{})) {
    LsmOptions each;
    each.preset = preset.value;
    each.apply_profile();
    EXPECT_NE(make_picker(each.compaction, {.gc = each.gc_rule()}), nullptr) << preset.name;
    EXPECT_LE(each.level0_slowdown_writes_trigger, each.level0_stop_writes_trigger) << preset.name;
  }
}

}  // namespace
}  // namespace revenant::lsm
