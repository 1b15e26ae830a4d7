#include "engine/replication/peers.h"

#include <gtest/gtest.h>

#include <numbers>

namespace revenant::replication {
namespace {

class HandClock final : public env::Clock {
 public:
  Instant now() const override { return time; }
  Instant monotonic() const override { return time; }
  Instant time{};
};

ReplicationOptions detector(FailureDetector detector) {
  ReplicationOptions options;
  options.failure_detector = detector;
  options.failure_detection = seconds(10);
  options.heartbeat = seconds(1);
  return options;
}

class PeersTest : public testing::Test {
 protected:
  void pass(Duration d) { clock_.time += d; }
  HandClock clock_;
  env::EventSink events_;
  Peers peers_{clock_, events_, NodeId{0}, 3, detector(FailureDetector::kTimeout)};
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
  EXPECT_TRUE(peers_.heartbeat_due(NodeId{1}));
  peers_.said(NodeId{1});
  EXPECT_FALSE(peers_.heartbeat_due(NodeId{1}));
  pass(seconds(1));
  EXPECT_TRUE(peers_.heartbeat_due(NodeId{1}));
}

TEST_F(PeersTest, ClientsAreNoPeers) {
  peers_.heard(NodeId{99});
  peers_.said(NodeId{99});
}

TEST_F(PeersTest, PhiIsTheSilenceInMeanIntervalsOverLn10) {
  ArrivalWindow window(clock_.time, seconds(1));
  EXPECT_DOUBLE_EQ(window.phi(clock_.time + seconds(2)), 1 / std::numbers::ln10)
      << "the first interval is taken for two periods";
  // 999 intervals of a second beside that one of two, which then is forgotten.
  for (size_t i = 1; i < ArrivalWindow::kIntervals; ++i) {
    pass(seconds(1));
    window.arrived(clock_.time);
  }
  EXPECT_DOUBLE_EQ(window.phi(clock_.time + seconds(10)), 10 / 1.001 / std::numbers::ln10);
  pass(seconds(1));
  window.arrived(clock_.time);
  EXPECT_DOUBLE_EQ(window.phi(clock_.time + seconds(10)), 10 / std::numbers::ln10);
}

TEST_F(PeersTest, AnOutageDoesNotMakePhiPatient) {
  ArrivalWindow window(clock_.time, seconds(1));
  const double before = window.phi(clock_.time + seconds(5));
  pass(hours(1));
  window.arrived(clock_.time);
  EXPECT_EQ(window.phi(clock_.time + seconds(5)), before);
}

TEST_F(PeersTest, PhiGoesByHeartbeatsAndViewsDifferWhereOnlySomeOfThemArrive) {
  const ReplicationOptions options = detector(FailureDetector::kPhi);
  // Node 2's heartbeats reach node 0 all the time, node 1 only in the first of two minutes.
  Peers whole(clock_, events_, NodeId{0}, 3, options), cut(clock_, events_, NodeId{1}, 3, options);
  for (int second = 1; second <= 60; ++second) {
    pass(seconds(1));
    whole.heard_heartbeat(NodeId{2});
    cut.heard_heartbeat(NodeId{2});
  }
  Duration convicted_after;
  for (int second = 1; second <= 60; ++second) {
    pass(seconds(1));
    whole.heard_heartbeat(NodeId{2});
    cut.heard(NodeId{2});  // other messages tell it nothing
    EXPECT_TRUE(whole.up(NodeId{2}));
    if (convicted_after == Duration{} && !cut.up(NodeId{2})) convicted_after = seconds(second);
  }
  // 8 ln 10 = 18.42 intervals of 62/61 s: 18.72 s
  EXPECT_EQ(convicted_after, seconds(19));
  EXPECT_EQ(cut.down_for(NodeId{2}), seconds(60));
  cut.heard_heartbeat(NodeId{2});
  EXPECT_TRUE(cut.up(NodeId{2}));
}

TEST_F(PeersTest, PhiNeedsHeartbeatsWhateverElseIsSaid) {
  Peers peers(clock_, events_, NodeId{0}, 3, detector(FailureDetector::kPhi));
  peers.said(NodeId{1});
  EXPECT_TRUE(peers.heartbeat_due(NodeId{1}));
}

ReplicationOptions gossiping() {
  ReplicationOptions options;
  options.failure_detector = FailureDetector::kPhi;
  options.gossip.emplace();
  return options;
}

// With one piece of news a second, phi is above 8 after 8 ln 10 = 18.42 mean intervals.
TEST_F(PeersTest, WithGossipTheDetectorGoesByNewsAloneAndConvictsWhenItLooks) {
  Peers peers(clock_, events_, NodeId{0}, 3, gossiping());
  for (int second = 1; second <= 60; ++second) {
    pass(seconds(1));
    peers.news(NodeId{1}, Peers::Process::kSame);
    peers.look();
  }
  Duration convicted_after;
  for (int second = 1; second <= 30; ++second) {
    pass(seconds(1));
    peers.heard(NodeId{1});  // itself: no news
    const bool up = peers.up(NodeId{1});
    peers.look();
    if (up && !peers.up(NodeId{1})) convicted_after = seconds(second);
  }
  // Intervals of 62/61 s on average, for the first counts for two: 18.72 s, seen at the next look.
  EXPECT_EQ(convicted_after, seconds(19));
  EXPECT_EQ(peers.down_for(NodeId{1}), seconds(30));
}

TEST_F(PeersTest, WithGossipNewsDoNotBringANodeBackButAnEchoDoes) {
  Peers peers(clock_, events_, NodeId{0}, 3, gossiping());
  pass(minutes(1));
  peers.look();
  ASSERT_FALSE(peers.up(NodeId{1}));
  peers.news(NodeId{1}, Peers::Process::kSame);
  peers.look();
  EXPECT_FALSE(peers.up(NodeId{1})) << "it lives, but can it be reached?";
  peers.answered_echo(NodeId{1});
  peers.look();
  EXPECT_TRUE(peers.up(NodeId{1}));
  EXPECT_FALSE(peers.up(NodeId{2}));
}

TEST_F(PeersTest, AMarkIsToldOnceAndTakenBack) {
  struct Marks final : env::EventSink {
    void peer_marked(NodeId peer, bool up) override { all.emplace_back(peer.value, up); }
    std::vector<std::pair<uint32_t, bool>> all;
  } marks;
  Peers peers(clock_, marks, NodeId{0}, 2, detector(FailureDetector::kTimeout));
  peers.look();
  pass(seconds(10));
  peers.look();
  peers.look();
  peers.heard(NodeId{1});
  peers.look();
  EXPECT_EQ(marks.all, (std::vector<std::pair<uint32_t, bool>>{{1, false}, {1, true}}));
}

}  // namespace
}  // namespace revenant::replication
