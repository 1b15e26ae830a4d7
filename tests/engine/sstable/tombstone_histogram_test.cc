#include "engine/sstable/tombstone_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/base/random.h"
#include "engine/sstable/deletion_window.h"

namespace revenant::sstable {
namespace {

TEST(TombstoneHistogramTest, AFewTimesStayExact) {
  TombstoneHistogram histogram;
  for (const int64_t at : {50, 10, 10, 30}) histogram.add({seconds(at).ns});
  EXPECT_EQ(histogram.count(), 4u);
  EXPECT_DOUBLE_EQ(histogram.before({seconds(10).ns}), 0);
  EXPECT_DOUBLE_EQ(histogram.before({seconds(10).ns + 1}), 2);
  EXPECT_DOUBLE_EQ(histogram.before({seconds(31).ns}), 3);
  EXPECT_DOUBLE_EQ(histogram.before(Instant::never()), 4);
}

TEST(TombstoneHistogramTest, ManyTimesAreCountedToWithinABin) {
  TombstoneHistogram histogram;
  std::vector<int64_t> times;
  Random random(1, "times");
  for (int i = 0; i < 10'000; ++i) {
    times.push_back(random.between(-days(1).ns, days(9).ns));
    histogram.add({times.back()});
  }
  for (int day = -1; day <= 9; ++day) {
    const int64_t at = days(day).ns;
    const auto exact = std::ranges::count_if(times, [&](int64_t t) { return t < at; });
    // A bin is between a hundredth and a fiftieth of the range.
    EXPECT_NEAR(histogram.before({at}), static_cast<double>(exact), 10'000 / 50.0) << day;
  }
}

TEST(TombstoneHistogramTest, ReachesIsTheInverseOfBefore) {
  TombstoneHistogram histogram;
  for (int i = 0; i < 1000; ++i) histogram.add({seconds(i).ns});
  for (const double count : {1.0, 250.0, 999.0}) {
    const std::optional<Instant> at = histogram.reaches(count);
    ASSERT_TRUE(at.has_value());
    EXPECT_GE(histogram.before(*at), count - 1e-6);
    EXPECT_LT(histogram.before(*at - seconds(1)), count);
  }
  EXPECT_EQ(histogram.reaches(1001), std::nullopt);
}

TEST(TombstoneHistogramTest, ReadsBackAsItWasWritten) {
  TombstoneHistogram histogram;
  for (int i = 0; i < 300; ++i) histogram.add({seconds(i * i - 500).ns});
  Buffer bytes;
  histogram.append_to(bytes);
  Decoder in(bytes);
  EXPECT_EQ(TombstoneHistogram::decode(in), histogram);
  EXPECT_TRUE(in.empty());
  EXPECT_FALSE(in.failed());
}

TEST(TombstoneHistogramTest, TheEarliestAndTheLatestInstantReadBackToo) {
  TombstoneHistogram histogram;
  histogram.add(Instant{INT64_MIN});
  histogram.add(Instant::never());
  Buffer bytes;
  histogram.append_to(bytes);
  Decoder in(bytes);
  EXPECT_EQ(TombstoneHistogram::decode(in), histogram);
  EXPECT_FALSE(in.failed());
}

// Found by the fuzzer of manifests.
TEST(TombstoneHistogramTest, BinsOutOfOrderAreRefused) {
  for (const uint64_t step : {uint64_t{0}, ~uint64_t{0}, uint64_t{1} << 63}) {
    Buffer bytes;
    put_varint(bytes, 0);  // shift
    put_varint(bytes, 2);  // bins
    put_fixed(bytes, int64_t{5});
    put_varint(bytes, 1);
    put_varint(bytes, step);
    put_varint(bytes, 1);
    Decoder in(bytes);
    (void)TombstoneHistogram::decode(in);
    EXPECT_TRUE(in.failed()) << step;
  }
}

TEST(DeletionWindowTest, CountsTheMostTombstonesInAWindow) {
  DeletionWindow window(128);  // moves by one entry
  for (int i = 0; i < 1000; ++i) window.add(i % 10 == 0);
  EXPECT_EQ(window.most(), 13u);
  for (int i = 0; i < 100; ++i) window.add(true);
  EXPECT_NEAR(static_cast<double>(window.most()), 100 + 3, 1);
  DeletionWindow off(0);
  off.add(true);
  EXPECT_EQ(off.most(), 0u);
}

}  // namespace
}  // namespace revenant::sstable
