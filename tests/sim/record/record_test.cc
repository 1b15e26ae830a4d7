#include <gtest/gtest.h>

#include <algorithm>

#include "engine/base/random.h"
#include "sim/record/histogram.h"
#include "sim/record/key.h"
#include "sim/record/metrics.h"

namespace revenant::sim {
namespace {

TEST(KeyTest, NamesAreReadBackAndOrderAsTheirNumbers) {
  Buffer last;
  for (const uint64_t index : {0ull, 1ull, 9ull, 10ull, 123456789ull, 9999999999999ull}) {
    const Buffer name = key_name(index);
    EXPECT_EQ(name.size(), kKeySize);
    EXPECT_EQ(key_index(name), index);
    EXPECT_LT(last, name);
    last = name;
  }
}

TEST(KeyTest, OtherNamesAreNoKeys) {
  for (const Bytes name :
       {"", "key", "key000000000000x", "abc0000000000001", "key00000000000001"}) {
    EXPECT_FALSE(key_index(name).has_value()) << name;
  }
}

TEST(HistogramTest, QuantilesAreWithinOnePart256OfTheExactOnes) {
  Histogram histogram;
  std::vector<int64_t> values;
  Random random(7, "histogram");
  for (int i = 0; i < 20'000; ++i) {
    const auto value = static_cast<int64_t>(random.below(uint64_t{1} << random.below(40)));
    values.push_back(value);
    histogram.add(Duration{value});
  }
  std::ranges::sort(values);
  for (const uint64_t per_million : {1'000u, 500'000u, 900'000u, 990'000u, 999'000u, 1'000'000u}) {
    const size_t rank = std::max<size_t>(1, (values.size() * per_million + 999'999) / 1'000'000);
    const int64_t exact = values[rank - 1], found = histogram.quantile(per_million).ns;
    EXPECT_GE(found, exact);
    EXPECT_LE(found, exact + exact / 256 + 1) << per_million;
  }
  EXPECT_EQ(histogram.greatest().ns, values.back());
}

TEST(HistogramTest, WithoutValuesEverythingIsZero) {
  EXPECT_EQ(Histogram().quantile(500'000), Duration{});
  EXPECT_EQ(Histogram().mean_ns(), 0);
}

TEST(MetricsTest, ComeInTheOrderOfTheTableAndByCauseLast) {
  Metrics metrics;
  metrics.set("bytes_file_written_wal", 1);
  metrics.set("events", 2);
  metrics.set("operations_ok", 3);
  const auto all = metrics.all();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].first, "operations_ok");
  EXPECT_EQ(all[1].first, "events");
  EXPECT_EQ(all[2].first, "bytes_file_written_wal");
}

TEST(MetricsTest, NamesAreUniqueAndExplained) {
  std::vector<std::string> names = metric_names();
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
  for (const MetricInfo& info : metric_table()) EXPECT_TRUE(info.help.ends_with('.')) << info.name;
}

TEST(MetricsDeathTest, AnUnknownMetricIsADefect) {
  Metrics metrics;
  EXPECT_EXIT(metrics.set("nonsense", 1), testing::ExitedWithCode(4), "unknown metric nonsense");
}

}  // namespace
}  // namespace revenant::sim
