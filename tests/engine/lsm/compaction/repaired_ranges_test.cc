#include "engine/lsm/compaction/repaired_ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "engine/base/random.h"

namespace revenant::lsm {
namespace {

constexpr Instant moment(int64_t s) { return Instant{} + seconds(s); }

TEST(RepairedRanges, NothingIsRepairedAtFirst) {
  const RepairedRanges ranges;
  EXPECT_EQ(ranges.at(""), std::nullopt);
  EXPECT_EQ(ranges.at("k"), std::nullopt);
  EXPECT_EQ(ranges.latest({"a", "z"}), std::nullopt);
  EXPECT_TRUE(ranges.pieces().empty());
}

TEST(RepairedRanges, AnEmptyLimitHasNoEnd) {
  RepairedRanges ranges;
  ranges.add({"m", "", moment(5)});
  EXPECT_EQ(ranges.at("l"), std::nullopt);
  EXPECT_EQ(ranges.at("m"), moment(5));
  EXPECT_EQ(ranges.at("\xff\xff"), moment(5));
}

TEST(RepairedRanges, NeighboursOfOneMomentAreOnePiece) {
  RepairedRanges ranges;
  ranges.add({"a", "c", moment(5)});
  ranges.add({"e", "g", moment(5)});
  ranges.add({"c", "e", moment(5)});
  EXPECT_EQ(ranges.pieces(), (std::vector<RepairedRanges::Piece>{{"a", "g", moment(5)}}));
  ranges.add({"c", "e", moment(4)});
  EXPECT_EQ(ranges.pieces().size(), 1u) << "an earlier repair is no news";
  ranges.add({"c", "e", moment(6)});
  EXPECT_EQ(ranges.pieces().size(), 3u);
}

// Keys of one letter, each with its moment.
TEST(RepairedRanges, AgreesWithOneMomentPerKey) {
  Random random{7, "repaired ranges"};
  for (int round = 0; round < 300; ++round) {
    RepairedRanges ranges;
    std::array<std::optional<Instant>, 26> model{};
    const auto key = [](uint64_t i) {
      return i == 26 ? Buffer() : Buffer(1, static_cast<char>('a' + i));
    };
    for (int i = 0; i < 20; ++i) {
      const uint64_t least = random.below(26);
      const uint64_t limit = least + 1 + random.below(26 - least);
      const Instant began = moment(static_cast<int64_t>(random.below(5)));
      ranges.add({key(least), key(limit), began});
      for (uint64_t k = least; k < limit; ++k) model[k] = std::max(model[k], std::optional(began));
    }
    for (uint64_t a = 0; a < 26; ++a) {
      ASSERT_EQ(ranges.at(key(a)), model[a]);
      for (uint64_t b = a; b < 26; ++b) {
        const auto [least, most] = std::minmax_element(model.begin() + a, model.begin() + b + 1);
        ASSERT_EQ(ranges.earliest({key(a), key(b)}), *least);
        ASSERT_EQ(ranges.latest({key(a), key(b)}), *most);
      }
    }
    // The pieces say the same, and no two could be one.
    RepairedRanges again;
    std::vector<RepairedRanges::Piece> pieces = ranges.pieces();
    for (size_t i = pieces.size(); i-- > 0;) again.add(pieces[i]);
    ASSERT_EQ(again.pieces(), pieces);
    for (size_t i = 1; i < pieces.size(); ++i) {
      ASSERT_TRUE(pieces[i - 1].limit < pieces[i].least || pieces[i - 1].began != pieces[i].began);
    }
  }
}

}  // namespace
}  // namespace revenant::lsm
