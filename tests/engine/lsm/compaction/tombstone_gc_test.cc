#include "engine/lsm/compaction/tombstone_gc.h"

#include <gtest/gtest.h>

namespace revenant::lsm {
namespace {

constexpr Instant instant_of(int64_t s) { return Instant{} + seconds(s); }

CellView deleted(Instant when) {
  return {.kind = CellKind::kTombstone, .version = {1}, .deletion_time = when, .value = {}};
}

GcRule rule(TombstoneGc mode) {
  auto repaired = std::make_shared<RepairedRanges>();
  repaired->add({"c", "f", instant_of(500)});
  repaired->add({"f", "h", instant_of(700)});
  return {.mode = mode,
          .gc_grace = seconds(100),
          .propagation_delay = seconds(30),
          .repaired = std::move(repaired)};
}

TEST(GcRule, OfEachMode) {
  const auto before = [](TombstoneGc mode, Bytes key) {
    return rule(mode).of(key, instant_of(1000)).before;
  };
  EXPECT_EQ(before(TombstoneGc::kTimeout, "d"), instant_of(900));
  EXPECT_EQ(before(TombstoneGc::kImmediate, "d"), instant_of(1000));
  EXPECT_EQ(before(TombstoneGc::kRepair, "d"), instant_of(470));
  EXPECT_EQ(before(TombstoneGc::kRepair, "g"), instant_of(670));
  EXPECT_FALSE(
      rule(TombstoneGc::kRepair).of("a", instant_of(1000)).passed(deleted(instant_of(-1000000))))
      << "never without a repair";
  EXPECT_FALSE(
      rule(TombstoneGc::kDisabled).of("d", instant_of(1000)).passed(deleted(instant_of(-1000000))));
}

TEST(GcRule, ATombstonePassesStrictlyAfterItsTime) {
  const GcBefore before = rule(TombstoneGc::kTimeout).of("d", instant_of(1000));
  EXPECT_FALSE(before.passed(deleted(instant_of(900))));
  EXPECT_TRUE(before.passed(deleted(instant_of(900) - nanoseconds(1))));
}

TEST(GcRule, ARangeIsAsItsLeastOrItsMostRepairedKey) {
  const GcRule repair = rule(TombstoneGc::kRepair);
  EXPECT_EQ(repair.of_all({"d", "g"}, instant_of(1000)).before, instant_of(470));
  EXPECT_EQ(repair.of_some({"d", "g"}, instant_of(1000)).before, instant_of(670));
  EXPECT_EQ(repair.of_all({"a", "g"}, instant_of(1000)).before, GcBefore{}.before);
  EXPECT_EQ(repair.of_some({"a", "b"}, instant_of(1000)).before, GcBefore{}.before);
}

TEST(GcRule, AGraceLongerThanTimeKeepsEverything) {
  const GcRule forever{.gc_grace = {INT64_MAX}};
  EXPECT_FALSE(forever.of("k", instant_of(1000)).passed(deleted(instant_of(100))));
  EXPECT_FALSE(forever.of("k", Instant{-5}).passed(deleted({INT64_MIN})));
  EXPECT_EQ(forever.passes_for_some(instant_of(100), {"a", "z"}), Instant::never());
  EXPECT_TRUE(GcRule{.gc_grace = days(10)}.of("k", instant_of(1000)).passed(deleted({INT64_MIN})));
}

// The first instant at which it passes, and not the one before.
TEST(GcRule, SaysWhenATombstonePasses) {
  for (const TombstoneGc mode : {TombstoneGc::kTimeout, TombstoneGc::kImmediate}) {
    const GcRule each = rule(mode);
    const Instant first = each.passes_for_all(instant_of(300), {"a", "z"});
    EXPECT_EQ(first, each.passes_for_some(instant_of(300), {"a", "z"}));
    EXPECT_TRUE(each.of_all({"a", "z"}, first).passed(deleted(instant_of(300))));
    EXPECT_FALSE(each.of_some({"a", "z"}, first - nanoseconds(1)).passed(deleted(instant_of(300))));
  }
  const GcRule repair = rule(TombstoneGc::kRepair);
  EXPECT_EQ(repair.passes_for_some(instant_of(600), {"d", "g"}), Instant{});
  EXPECT_EQ(repair.passes_for_all(instant_of(600), {"d", "g"}), Instant::never());
  EXPECT_EQ(repair.passes_for_all(instant_of(469), {"d", "g"}), Instant{});
  EXPECT_EQ(rule(TombstoneGc::kDisabled).passes_for_some({}, {"d", "g"}), Instant::never());
}

TEST(GcRule, ALateWriteMayBeAsOldAsATombstoneOutlastsIt) {
  EXPECT_EQ(rule(TombstoneGc::kTimeout).late_write_max(), seconds(100));
  EXPECT_EQ(rule(TombstoneGc::kRepair).late_write_max(), seconds(30));
}

}  // namespace
}  // namespace revenant::lsm
