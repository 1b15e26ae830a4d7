#include "sim/scenario/spelling.h"

#include <gtest/gtest.h>

#include "engine/base/random.h"

namespace revenant::sim {
namespace {

template <typename T>
T read(const Json& json) {
  auto parsed = Spelling<T>::parse(json);
  EXPECT_TRUE(parsed.has_value()) << json << ": " << parsed.error();
  return parsed.value_or(T{});
}

TEST(Spelling, QuantitiesCarryTheirUnits) {
  EXPECT_EQ(read<Duration>("250ms"), milliseconds(250));
  EXPECT_EQ(read<Duration>("10d"), days(10));
  EXPECT_EQ(read<Duration>("1.5h"), minutes(90));
  EXPECT_EQ(read<Duration>("0.5s"), milliseconds(500));
  EXPECT_EQ(read<Duration>("0s"), Duration{});
  EXPECT_EQ(read<Duration>("9223372036854775807ns"), Duration{INT64_MAX});
  EXPECT_EQ(read<ByteSize>("64MiB"), mib(64));
  EXPECT_EQ(read<ByteSize>("1.5KiB"), ByteSize{1536});
  EXPECT_EQ(read<ByteSize>("100B"), ByteSize{100});
  EXPECT_EQ(read<ByteSize>("1TiB"), gib(1024));
  EXPECT_EQ(read<Rate>("200/s"), Rate{200});
  EXPECT_EQ(read<Rate>("6/m"), Rate{0.1});
  EXPECT_EQ(read<Rate>("1/h"), Rate{1.0 / 3600});
  EXPECT_EQ(read<Bandwidth>("200MiB/s"), Bandwidth{200 << 20});
  EXPECT_EQ(read<Bandwidth>("unlimited"), Bandwidth{INT64_MAX});
  EXPECT_EQ(read<Probability>("1%"), Probability{10'000'000});
  EXPECT_EQ(read<Probability>("0.05%"), Probability{500'000});
  EXPECT_EQ(read<Probability>(0.01), Probability{10'000'000});
  EXPECT_EQ(read<Probability>(1), Probability{1'000'000'000});
  EXPECT_EQ(read<NodeSet>(Json::array({2, 0, 2})).nodes, (std::vector<uint32_t>{0, 2}));
  EXPECT_TRUE(read<NodeSet>("all").all);
  EXPECT_EQ(read<replication::ConsistencyLevel>("2"), read<replication::ConsistencyLevel>(2));
  EXPECT_EQ(read<replication::SpeculativeRetry>("99.9p").percentile, Probability{999'000'000});
  for (const char* text : {"0p", "100.1p", "p", "sometimes", "99"})
    EXPECT_FALSE(Spelling<replication::SpeculativeRetry>::parse(text).has_value()) << text;
}

TEST(Spelling, NothingElseIsGuessedAt) {
  for (const char* text :
       {"", "s", ".5s", "5.s", "5..5s", "1h30m", "+5s", "5 s", "5S", "1e3s", "0x5s", "5ss",
        "9223372036854775808ns", "99999999999999999999999999999999999999d"}) {
    EXPECT_FALSE(Spelling<Duration>::parse(text).has_value()) << text;
  }
  for (const char* text : {"64MB", "64M", "64mib", "64", "0.3B", "8388608TiB"}) {
    EXPECT_FALSE(Spelling<ByteSize>::parse(text).has_value()) << text;
  }
  for (const char* text : {"5", "/s", "5/", "5/d", "-1/s", "nan/s", "inf/s", "1e999/s", "5 /s"}) {
    EXPECT_FALSE(Spelling<Rate>::parse(text).has_value()) << text;
  }
  for (const Json& json :
       {Json("0.01"), Json("1"), Json(-0.1), Json(1.1), Json(nullptr), Json("%")}) {
    EXPECT_FALSE(Spelling<Probability>::parse(json).has_value()) << json;
  }
  for (const Json& json :
       {Json(-1), Json(1.0), Json("0"), Json("zone"), Json("zone -1"), Json("rack 1 zone 2"),
        Json("zone 1x"), Json(4294967296), Json::array({0, "1"}), Json::object()}) {
    EXPECT_FALSE(Spelling<NodeSet>::parse(json).has_value()) << json;
  }
  for (const char* text :
       {R"("p50")", R"({ "p50": 2 })", R"({ "p101": "2ms" })", R"({ "median": "2ms" })",
        R"({ "p50": "2ms", "p50.0": "2ms" })", R"({ "p50": "2ms", "p99": "1ms" })"}) {
    EXPECT_FALSE(Spelling<Quantiles>::parse(Json::parse(text)).has_value()) << text;
  }
  EXPECT_FALSE(Spelling<int64_t>::parse(UINT64_MAX).has_value());
  EXPECT_FALSE(Spelling<bool>::parse(1).has_value());
}

template <typename T>
void expect_round_trip(const T& value) {
  const Json printed = Spelling<T>::print(value);
  const auto again = Spelling<T>::parse(printed);
  ASSERT_TRUE(again.has_value()) << printed << ": " << again.error();
  EXPECT_EQ(*again, value) << printed;
}

TEST(Spelling, WhatIsPrintedParsesToTheSameValue) {
  Random random(1, "spelling");
  for (int i = 0; i < 20'000; ++i) {
    const auto any = static_cast<int64_t>(random.next() >> (1 + random.below(63)));
    expect_round_trip(Duration{any});
    expect_round_trip(ByteSize{any});
    expect_round_trip(Bandwidth{any});
    expect_round_trip(any);
    expect_round_trip(Probability{any % 1'000'000'001});
    const double scale = static_cast<double>(uint64_t{1} << random.below(60));
    expect_round_trip(Rate{random.unit() * scale});
    expect_round_trip(random.unit() / scale);
  }
  for (const Duration unit : {nanoseconds(1), microseconds(1), milliseconds(1), seconds(1),
                              minutes(1), hours(1), days(1)}) {
    expect_round_trip(unit);
    expect_round_trip(unit * 7);
  }
  expect_round_trip(lsm::CompactionStrategy::kLeveled);
  expect_round_trip(Quantiles{{{{0}, milliseconds(1)},
                               {{500'000'000}, milliseconds(2)},
                               {{999'999'999}, milliseconds(3)},
                               {{1'000'000'000}, milliseconds(4)}}});
  expect_round_trip(NodeSet{.all = true, .nodes = {}});
  expect_round_trip(
      NodeSet{.all = false, .nodes = {}, .place = PlacePattern{.region = 1, .rack = 3}});
  expect_round_trip(NodeSet{.all = false, .nodes = {}, .place = PlacePattern{.zone = 0}});
  for (const auto& entry : enum_names(NodeSelector{}))
    expect_round_trip(NodeSet{.all = false, .nodes = {}, .place = {}, .selector = entry.value});
  expect_round_trip(NodeSet{.all = false, .nodes = {3}});
  expect_round_trip(NodeSet{.all = false, .nodes = {0, 3}});
  expect_round_trip(replication::ConsistencyLevel{replication::ConsistencyLevel::Kind::kNumber, 2});
  expect_round_trip(replication::ConsistencyLevel{replication::ConsistencyLevel::Kind::kAll, 0});
  using replication::SpeculativeRetry;
  expect_round_trip(SpeculativeRetry{});
  expect_round_trip(SpeculativeRetry{.kind = SpeculativeRetry::Kind::kAlways});
  expect_round_trip(
      SpeculativeRetry{.kind = SpeculativeRetry::Kind::kPercentile, .percentile = {999'000'000}});
  expect_round_trip(
      SpeculativeRetry{.kind = SpeculativeRetry::Kind::kAfter, .delay = milliseconds(50)});
  expect_round_trip(ring::ReplicationFactor{5, {}});
  expect_round_trip(ring::ReplicationFactor{3, {{0, 3}, {7, 2}}});
}

TEST(NearestName, ForgivesSlipsAndNothingMore) {
  const std::vector<std::string_view> names = {"gc_grace",      "wal",  "sstable",
                                               "memtable_size", "read", "write"};
  EXPECT_EQ(nearest_name("gc_grase", names), "gc_grace");
  EXPECT_EQ(nearest_name("gc_garce", names), "gc_grace");
  EXPECT_EQ(nearest_name("GC_GRACE", names), "gc_grace");
  EXPECT_EQ(nearest_name("memtabel_size", names), "memtable_size");
  EXPECT_EQ(nearest_name("wla", names), "wal");
  EXPECT_EQ(nearest_name("raed", names), "read");
  EXPECT_EQ(nearest_name("zzz", names), "");
  EXPECT_EQ(nearest_name("", names), "");
  EXPECT_EQ(nearest_name(std::string(1000, 'a'), names), "");
}

TEST(Spelling, AnOperationIsOneLine) {
  for (const char* line :
       {"1.25s c0 update k17 100B QUORUM n2", "1310ms c3 read k17 QUORUM n0",
        "1.4s c1 scan k5 20 ONE n1", "0s c0 delete k0 ALL n0", "2s c9 insert k400 1KiB 2 n4"}) {
    const auto operation = read<ScriptedOperation>(line);
    EXPECT_EQ(read<ScriptedOperation>(Spelling<ScriptedOperation>::print(operation)), operation)
        << line;
  }
  const auto update = read<ScriptedOperation>("1.25s c0 update k17 100B QUORUM n2");
  EXPECT_EQ(update.at, milliseconds(1250));
  EXPECT_EQ(update.kind, OperationKind::kUpdate);
  EXPECT_EQ(std::pair(update.key, update.size), (std::pair<uint64_t, int64_t>(17, 100)));
  EXPECT_EQ(update.coordinator, 2u);
  for (const char* wrong :
       {"", "1s", "1s c0 read k1 QUORUM", "1s c0 read k1 100B QUORUM n0",
        "1s c0 update k1 QUORUM n0", "1s x0 read k1 QUORUM n0", "1s c0 read 1 QUORUM n0",
        "c0 1s read k1 QUORUM n0", "1s c0 update k1 1B QUORUM n0", "1s c0 scan k1 0 QUORUM n0",
        "1s c0 read k1 SOME n0"}) {
    EXPECT_FALSE(Spelling<ScriptedOperation>::parse(wrong).has_value()) << wrong;
  }
  EXPECT_NE(Spelling<ScriptedOperation>::parse("1s c0 raed k1 QUORUM n0").error().find("read"),
            std::string::npos);
}

}  // namespace
}  // namespace revenant::sim
