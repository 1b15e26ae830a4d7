#include "engine/base/time.h"

#include <gtest/gtest.h>

namespace revenant {
namespace {

TEST(TimeTest, ADurationPrintsInTheLargestUnitThatKeepsItExact) {
  EXPECT_EQ(to_string(days(10)), "10d");
  EXPECT_EQ(to_string(hours(24)), "1d");
  EXPECT_EQ(to_string(hours(25)), "25h");
  EXPECT_EQ(to_string(minutes(90)), "90m");
  EXPECT_EQ(to_string(seconds(1)), "1s");
  EXPECT_EQ(to_string(milliseconds(250)), "250ms");
  EXPECT_EQ(to_string(microseconds(1500)), "1500us");
  EXPECT_EQ(to_string(nanoseconds(1)), "1ns");
  EXPECT_EQ(to_string(Duration{}), "0s");
  EXPECT_EQ(to_string(seconds(-3)), "-3s");
}

TEST(TimeTest, AnInstantPrintsAsAClockAfterDays) {
  EXPECT_EQ(to_string(Instant{}), "00:00:00.000");
  EXPECT_EQ(to_string(Instant{} + days(3) + hours(4) + milliseconds(250)), "3d 04:00:00.250");
  EXPECT_EQ(to_string(Instant{} + hours(23) + minutes(59) + seconds(59)), "23:59:59.000");
  EXPECT_EQ(to_string(Instant{} + seconds(-90)), "-00:01:30.000");
  EXPECT_EQ(to_string(Instant{999'999}), "00:00:00.000");  // cut, not rounded
  EXPECT_EQ(to_string(Instant{-1}), "00:00:00.000");
  EXPECT_EQ(to_string(Instant{INT64_MIN}), "-106751d 23:47:16.854");
}

TEST(TimeTest, FmtPrintsThemAndTakesAWidth) {
  EXPECT_EQ(fmt::format("{}|{:>6}|{}", seconds(2), seconds(2), Instant{} + seconds(2)),
            "2s|    2s|00:00:02.000");
}

TEST(TimeTest, ArithmeticIsThatOfIntegers) {
  const Instant start{5};
  EXPECT_EQ((start + seconds(2)) - start, seconds(2));
  EXPECT_EQ(seconds(10) / 4, milliseconds(2500));
  EXPECT_EQ(milliseconds(3) * 2, microseconds(6000));
  EXPECT_LT(start, Instant::never());
}

}  // namespace
}  // namespace revenant
