#include "sim/net/topology.h"

#include <gtest/gtest.h>

namespace revenant::sim {
namespace {

LinkOptions constant(Duration delay) {
  LinkOptions o(NetworkProfile::kIdeal);
  o.delay_min = o.delay_mean = delay;
  return o;
}

class TopologyTest : public testing::Test {
 protected:
  TopologyTest() {
    static_cast<LinkOptions&>(options) = constant(milliseconds(1));
    options.topology.same_zone = constant(milliseconds(2));
    options.topology.inter_zone = constant(milliseconds(3));
    options.topology.inter_region = constant(milliseconds(4));
  }
  void add(int64_t from, int64_t to, Duration delay, bool one_way = false) {
    RegionLinkOptions link;
    static_cast<LinkOptions&>(link) = constant(delay);
    link.from = from;
    link.to = to;
    link.one_way = one_way;
    options.topology.region_links.push_back(link);
  }
  Duration delay(Place from, Place to) const {
    const Topology topology(options);
    Random random(1, "delay");
    return topology.link(from, to).delay(env::MessageKind::kOther).draw(random);
  }

  NetworkOptions options;
};

TEST_F(TopologyTest, EachLevelHasItsOwnLink) {
  EXPECT_EQ(delay({0, 0, 0}, {0, 0, 0}), milliseconds(1));
  EXPECT_EQ(delay({0, 0, 0}, {0, 0, 1}), milliseconds(2));
  EXPECT_EQ(delay({0, 0, 0}, {0, 1, 0}), milliseconds(3)) << "rack 0 of another zone";
  EXPECT_EQ(delay({0, 0, 0}, {1, 0, 0}), milliseconds(4)) << "zone 0 of another region";
  EXPECT_EQ(delay({2, 1, 3}, {2, 1, 3}), milliseconds(1));
}

TEST_F(TopologyTest, APairOfRegionsMayDifferAndTheLastEntryCounts) {
  add(0, 1, milliseconds(10));
  add(2, 1, milliseconds(20), true);
  add(0, 1, milliseconds(30), true);
  EXPECT_EQ(delay({0, 0, 0}, {1, 5, 5}), milliseconds(30));
  EXPECT_EQ(delay({1, 0, 0}, {0, 0, 0}), milliseconds(10));
  EXPECT_EQ(delay({2, 0, 0}, {1, 0, 0}), milliseconds(20));
  EXPECT_EQ(delay({1, 0, 0}, {2, 0, 0}), milliseconds(4));
}

TEST_F(TopologyTest, ARegionHasNoLinkToItself) {
  add(1, 1, milliseconds(10));
  EXPECT_FALSE(options.check().has_value());
}

// 1 - (1-p)^packets, and the chance for the whole message beside it.
TEST(LinkChances, LossGrowsWithTheNumberOfPackets) {
  const LinkChances chances{.loss = {}, .duplication = {}, .packet_loss = {10'000'000}};  // 1 %
  const ByteSize packet{1000};
  const auto loss = [&](size_t bytes) {
    return static_cast<double>(chances.loss_of(bytes, packet).ppb) / 1e9;
  };
  EXPECT_DOUBLE_EQ(loss(0), 0.01);
  EXPECT_DOUBLE_EQ(loss(1000), 0.01);
  EXPECT_DOUBLE_EQ(loss(1001), 0.0199);
  EXPECT_NEAR(loss(10'000), 0.0956179, 1e-7);
  EXPECT_NEAR(loss(1'000'000), 0.9999568, 1e-7);
  const LinkChances both{.loss = {500'000'000}, .duplication = {}, .packet_loss = {500'000'000}};
  EXPECT_EQ(both.loss_of(2000, packet), Probability{875'000'000});
}

TEST(LinkChances, WithoutPacketLossSizeDoesNotMatter) {
  const LinkChances chances{.loss = {123}, .duplication = {}};
  EXPECT_EQ(chances.loss_of(1'000'000, {64}), Probability{123});
}

}  // namespace
}  // namespace revenant::sim
