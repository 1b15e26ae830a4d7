#include "engine/replication/peers.h"

#include <gtest/gtest.h>

namespace revenant::replication {
namespace {

class HandClock final : public env::Clock {
 public:
  Instant now() const override { return time; }
  Instant monotonic() const override { return time; }
  Instant time{};
};

class PeersTest : public testing::Test {
 protected:
  void pass(Duration d) { clock_.time += d; }
  HandClock clock_;
  Peers peers_{clock_, NodeId{0}, 3, seconds(10)};
};

TEST_F(PeersTest, EveryoneIsUpAtFirst) {
  EXPECT_TRUE(peers_.up(NodeId{1}));
  EXPECT_EQ(peers_.down_for(NodeId{1}), Duration{});
}

TEST_F(PeersTest, SilenceMakesAPeerDownAndASignOfLifeBringsItBack) {
  pass(milliseconds(9'999));
  EXPECT_TRUE(peers_.up(NodeId{1}));
  pass(milliseconds(1));
  EXPECT_FALSE(peers_.up(NodeId{1}));
  EXPECT_EQ(peers_.down_for(NodeId{1}), seconds(10)) << "since it was last heard from";
  peers_.heard(NodeId{1});
  EXPECT_TRUE(peers_.up(NodeId{1}));
  EXPECT_FALSE(peers_.up(NodeId{2})) << "views are of each peer alone";
}

TEST_F(PeersTest, ANodeIsAlwaysUpToItself) {
  pass(days(1));
  EXPECT_TRUE(peers_.up(NodeId{0}));
}

TEST_F(PeersTest, HeartbeatsAreDueOnlyWhereNothingElseWasSaid) {
  EXPECT_TRUE(peers_.heartbeat_due(NodeId{1}, seconds(1)));
  peers_.said(NodeId{1});
  EXPECT_FALSE(peers_.heartbeat_due(NodeId{1}, seconds(1)));
  pass(seconds(1));
  EXPECT_TRUE(peers_.heartbeat_due(NodeId{1}, seconds(1)));
}

TEST_F(PeersTest, ClientsAreNoPeers) {
  peers_.heard(NodeId{99});
  peers_.said(NodeId{99});
}

}  // namespace
}  // namespace revenant::replication
