#include "engine/lsm/compaction/purge.h"

#include <gtest/gtest.h>

namespace revenant::lsm {
namespace {

constexpr Instant kNow{seconds(1000).ns};

CellView tombstone(uint64_t version, Duration age) {
  return {
      .kind = CellKind::kTombstone, .version = {version}, .deletion_time = kNow - age, .value = {}};
}

struct Case {
  const char* claim;
  uint64_t version = 50;
  Duration age = seconds(101);
  std::optional<Version> sstables = {}, memtables = {}, log = {}, snapshots = {};
  bool streaming = false;
  PurgeGuards guards = {};
  PurgeReason expected;
};

TEST(Purge, GivesItsReason) {
  const Case cases[] = {
      {.claim = "nothing holds the key and grace is over", .expected = PurgeReason::kPurged},
      {.claim = "younger than grace", .age = seconds(99), .expected = PurgeReason::kKeptByGrace},
      {.claim = "exactly at grace", .age = seconds(100), .expected = PurgeReason::kKeptByGrace},
      {.claim = "one nanosecond past grace",
       .age = seconds(100) + nanoseconds(1),
       .expected = PurgeReason::kPurged},
      {.claim = "deleted in the future", .age = seconds(-5), .expected = PurgeReason::kKeptByGrace},
      {.claim = "an SSTable holds something older",
       .sstables = Version{49},
       .expected = PurgeReason::kKeptBySstable},
      {.claim = "an SSTable holds its own version",
       .sstables = Version{50},
       .expected = PurgeReason::kKeptBySstable},
      {.claim = "an SSTable holds only newer",
       .sstables = Version{51},
       .expected = PurgeReason::kPurged},
      {.claim = "a memtable holds something older",
       .memtables = Version{1},
       .expected = PurgeReason::kKeptByMemtable},
      {.claim = "a memtable holds its own version",
       .memtables = Version{50},
       .expected = PurgeReason::kKeptByMemtable},
      {.claim = "a memtable holds only newer",
       .memtables = Version{51},
       .expected = PurgeReason::kPurged},
      {.claim = "a log holds something older",
       .log = Version{50},
       .expected = PurgeReason::kKeptByLog},
      {.claim = "a log holds only newer", .log = Version{51}, .expected = PurgeReason::kPurged},
      {.claim = "its range is being sent to the node",
       .streaming = true,
       .expected = PurgeReason::kKeptByStreaming},
      {.claim = "without the streaming guard that is no matter",
       .streaming = true,
       .guards = {.streaming = false},
       .expected = PurgeReason::kPurged},
      {.claim = "the first reason is told: grace",
       .age = seconds(1),
       .sstables = Version{1},
       .memtables = Version{1},
       .log = Version{1},
       .expected = PurgeReason::kKeptByGrace},
      {.claim = "the first reason is told: SSTable",
       .sstables = Version{1},
       .memtables = Version{1},
       .log = Version{1},
       .expected = PurgeReason::kKeptBySstable},
      {.claim = "without the grace guard age is no matter",
       .age = seconds(0),
       .guards = {.grace = false},
       .expected = PurgeReason::kPurged},
      {.claim = "without the SSTable guard the next one speaks",
       .sstables = Version{1},
       .log = Version{1},
       .guards = {.sstables = false},
       .expected = PurgeReason::kKeptByLog},
      {.claim = "without the memtable guard memtables are no matter",
       .memtables = Version{1},
       .guards = {.memtables = false},
       .expected = PurgeReason::kPurged},
      {.claim = "a cell kept for a snapshot",
       .snapshots = Version{50},
       .expected = PurgeReason::kKeptBySnapshot},
      {.claim = "a newer cell kept for a snapshot is no matter",
       .snapshots = Version{51},
       .expected = PurgeReason::kPurged},
      {.claim = "without the snapshot guard snapshots are no matter",
       .snapshots = Version{1},
       .guards = {.snapshots = false},
       .expected = PurgeReason::kPurged},
      {.claim = "without the log guard logs are no matter",
       .log = Version{1},
       .guards = {.log = false},
       .expected = PurgeReason::kPurged},
  };
  for (const Case& c : cases) {
    const PurgeInputs inputs{.gc = {kNow - seconds(100)},
                             .least_version_sstables = c.sstables,
                             .least_version_memtables = c.memtables,
                             .least_version_log = c.log,
                             .least_version_snapshots = c.snapshots,
                             .streaming = c.streaming};
    EXPECT_EQ(to_string(may_purge(tombstone(c.version, c.age), inputs, c.guards)),
              to_string(c.expected))
        << c.claim;
  }
}

TEST(Purge, KeepsWhatIsUnrepairedIfItWouldHaveToBe) {
  PurgeInputs inputs;
  inputs.gc = {kNow - seconds(10)};
  inputs.unrepaired = true;
  EXPECT_EQ(may_purge(tombstone(50, seconds(11)), inputs, {}), PurgeReason::kKeptByRepair);
}

TEST(Purge, TellsTheModeThatKeepsATombstone) {
  const auto reason = [](TombstoneGc mode) {
    PurgeInputs inputs;
    inputs.mode = mode;
    inputs.gc = {kNow - seconds(10)};
    return may_purge(tombstone(50, seconds(9)), inputs, {});
  };
  EXPECT_EQ(reason(TombstoneGc::kTimeout), PurgeReason::kKeptByGrace);
  EXPECT_EQ(reason(TombstoneGc::kRepair), PurgeReason::kKeptByRepair);
  EXPECT_EQ(reason(TombstoneGc::kImmediate), PurgeReason::kKeptByGrace);
  EXPECT_EQ(reason(TombstoneGc::kDisabled), PurgeReason::kKeptByMode);
}

}  // namespace
}  // namespace revenant::lsm
