#include "engine/replication/gossip.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace revenant::replication {
namespace {

using States = std::vector<HeartbeatState>;

// What a round of two nodes comes to.
void exchange(GossipStates& from, GossipStates& to) {
  const GossipAck ack = to.answer(from.digests());
  from.take(ack.newer);
  to.take(from.wanted(ack));
}

// Rounds until all of `count` know the version that node 0 has at the start, when each goes to one
// other at random.
int rounds_until_all_know(size_t count, Random& random) {
  std::vector<GossipStates> nodes;
  for (uint32_t i = 0; i < count; ++i) nodes.emplace_back(NodeId{i}, count, 1);
  nodes[0].beat();
  const auto knows = [](const GossipStates& node) { return node.digests()[0].version > 0; };
  int rounds = 0;
  for (; !std::ranges::all_of(nodes, knows); ++rounds) {
    for (size_t i = 0; i < count; ++i) {
      const size_t other = (i + 1 + random.below(count - 1)) % count;
      nodes[i].beat();
      exchange(nodes[i], nodes[other]);
    }
  }
  return rounds;
}

// Spread by pushing alone, a rumour needs log2 N rounds to reach half the nodes and ln N to find the
// rest (Frieze and Grimmett 1985); those that do not know it pull besides, so it takes no more.
TEST(GossipTest, NewsReachEveryoneInLogarithmicTime) {
  Random random(1, "gossip test");
  for (const size_t count : {2, 16, 64, 256}) {
    const double bound = std::log2(count) + std::log(count);
    double sum = 0;
    for (int run = 0; run < 10; ++run) {
      const int rounds = rounds_until_all_know(count, random);
      EXPECT_LE(rounds, 2 * bound) << count;
      sum += rounds;
    }
    EXPECT_LE(sum / 10, bound) << count;
  }
}

TEST(GossipTest, AnExchangeLeavesBothWithTheNewerStateOfEach) {
  GossipStates a(NodeId{0}, 4, 1), b(NodeId{1}, 4, 1);
  a.take({{NodeId{2}, 5, 7}, {NodeId{3}, 5, 7}});
  b.take({{NodeId{2}, 6, 1}, {NodeId{3}, 5, 6}});
  exchange(a, b);
  const States both{{NodeId{0}, 1, 0}, {NodeId{1}, 1, 0}, {NodeId{2}, 6, 1}, {NodeId{3}, 5, 7}};
  EXPECT_EQ(a.digests(), both);
  EXPECT_EQ(b.digests(), both);
}

TEST(GossipTest, OnlyWhatDiffersIsSent) {
  GossipStates a(NodeId{0}, 3, 1), b(NodeId{1}, 3, 1);
  exchange(a, b);
  a.beat();
  const GossipAck ack = b.answer(a.digests());
  EXPECT_EQ(ack.wanted, (States{{NodeId{0}, 1, 0}}));
  EXPECT_EQ(ack.newer, States{});
  EXPECT_EQ(a.wanted(ack), (States{{NodeId{0}, 1, 1}}));
}

TEST(GossipTest, NewsOfALaterProcessSayThatItRestarted) {
  GossipStates a(NodeId{0}, 2, 1);
  EXPECT_EQ(a.take({{NodeId{1}, 10, 50}}).front().process, Peers::Process::kSame)
      << "nothing was known of it";
  EXPECT_TRUE(a.take({{NodeId{1}, 10, 50}}).empty()) << "no news";
  EXPECT_EQ(a.take({{NodeId{1}, 11, 1}}).front().process, Peers::Process::kRestarted);
  EXPECT_TRUE(a.take({{NodeId{1}, 10, 60}}).empty()) << "of a process that has ended";
}

// As after a quick restart, or with a clock that was set back.
TEST(GossipTest, ANodeOutlivesWhatOthersKnowOfItsEarlierProcess) {
  GossipStates other(NodeId{0}, 2, 1), again(NodeId{1}, 2, 7);
  other.take({{NodeId{1}, 9, 40}});
  again.beat();
  exchange(again, other);
  EXPECT_EQ(again.digests()[1].generation, 10U);
  again.beat();
  exchange(again, other);
  EXPECT_EQ(other.digests()[1], again.digests()[1]);
}

TEST(GossipTest, StatesOfNoMembersAreIgnored) {
  GossipStates a(NodeId{0}, 2, 1);
  const States strange{{NodeId{9}, 1, 1}};
  EXPECT_TRUE(a.take(strange).empty());
  EXPECT_TRUE(a.answer(strange).wanted.empty());
  EXPECT_TRUE(a.wanted(GossipAck{strange, {}}).empty());
}

}  // namespace
}  // namespace revenant::replication
