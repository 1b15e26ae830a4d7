#include "engine/base/settings.h"

#include <gtest/gtest.h>

#include <array>

namespace revenant {
namespace {

TEST(SettingsTest, ASizePrintsInTheLargestUnitThatKeepsItExact) {
  EXPECT_EQ(to_string(ByteSize{0}), "0B");
  EXPECT_EQ(to_string(ByteSize{100}), "100B");
  EXPECT_EQ(to_string(kib(4)), "4KiB");
  EXPECT_EQ(to_string(kib(1024)), "1MiB");
  EXPECT_EQ(to_string(kib(1025)), "1025KiB");
  EXPECT_EQ(to_string(gib(3)), "3GiB");
}

TEST(SettingsTest, OtherQuantitiesPrintAsFilesSpellThem) {
  EXPECT_EQ(to_string(Probability{10'000'000}), "0.01");
  EXPECT_EQ(to_string(Probability{1}), "1e-09");
  EXPECT_EQ(to_string(Probability{0}), "0");
  EXPECT_EQ(to_string(Rate{200}), "200/s");
  EXPECT_EQ(to_string(Rate{0.5}), "0.5/s");
  EXPECT_EQ(to_string(Bandwidth{mib(200).bytes}), "200MiB/s");
}

enum class Colour { kRed, kGreen };
constexpr auto enum_names(Colour) {
  return std::array{EnumName<Colour>{Colour::kRed, "red", ""},
                    EnumName<Colour>{Colour::kGreen, "green", ""}};
}

TEST(SettingsTest, AnEnumHasTheNameItsTableGivesIt) {
  EXPECT_EQ(enum_name(Colour::kGreen), "green");
  EXPECT_EQ(enum_name(static_cast<Colour>(9)), "?");
}

TEST(SettingsTest, BoundsOpenToTheTypesOwnEnd) {
  EXPECT_EQ(at_least(seconds(1)).least, seconds(1));
  EXPECT_EQ(at_least(seconds(1)).greatest, Duration{INT64_MAX});
  EXPECT_EQ(between(kib(1), mib(1)).greatest, mib(1));
}

}  // namespace
}  // namespace revenant
