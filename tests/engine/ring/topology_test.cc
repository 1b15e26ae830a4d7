// Changes of membership: what becomes pending, who sends it, and what evens ownership out.
#include "engine/ring/topology.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace revenant::ring {
namespace {

std::vector<Member> machines(uint32_t count) {
  std::vector<Member> members;
  for (uint32_t i = 0; i < count; ++i) members.push_back({.node = {i}});
  return members;
}

RingOptions options(int64_t factor = 3, int64_t vnodes = 16,
                    TokenAllocation allocation = TokenAllocation::kRandom) {
  return {.replication_factor = {factor, {}}, .vnodes = vnodes, .allocation = allocation};
}

// How much of the circle nodes hold, replicas included: the standard deviation over the mean.
double spread(const Ring& ring) {
  std::map<NodeId, double> held;
  for (const Ring::OwnedRange& owned : ring.ranges()) {
    for (NodeId node : owned.replicas)
      held[node] += static_cast<double>(owned.range.upto.value - owned.range.after.value) * 0x1p-64;
  }
  const auto n = static_cast<double>(ring.nodes().size());
  double sum = 0, squares = 0;
  for (const auto& [node, share] : held) sum += share;
  for (const auto& [node, share] : held) squares += (share * n / sum - 1) * (share * n / sum - 1);
  return std::sqrt(squares / n);
}

// Random tokens: with v of them a node's first share varies by about 1/sqrt(v), and the shares of its
// replicas besides.
TEST(TopologyTest, EvenTokensSpreadReplicatedOwnershipFarLessThanRandomOnes) {
  for (const auto& [nodes, vnodes] : {std::pair{4U, 16}, {10U, 4}, {10U, 16}, {30U, 16}}) {
    double even = 0, random = 0;
    constexpr uint64_t kSeeds = 5;
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      even += spread(Topology(machines(nodes), 0, options(3, vnodes, TokenAllocation::kEven),
                              Random(seed, "ring"))
                         .ring());
      random +=
          spread(Topology(machines(nodes), 0, options(3, vnodes), Random(seed, "ring")).ring());
    }
    EXPECT_LT(even * 5, random) << nodes << " nodes, " << vnodes << " tokens: " << even / kSeeds
                                << " and " << random / kSeeds;
  }
}

TEST(TopologyTest, EvenTokensEvenOutWhatRacksAndDataCentersHold) {
  std::vector<Member> members;
  for (uint32_t i = 0; i < 18; ++i) {
    const int64_t data_center = i % 2;
    members.push_back({.node = {i}, .data_center = data_center, .rack = (i / 2) % 3});
  }
  RingOptions even = options(0, 8, TokenAllocation::kEven);
  even.replication_factor = {0, {{0, 3}, {1, 3}}};
  RingOptions random = even;
  random.allocation = TokenAllocation::kRandom;
  double of_even = 0, of_random = 0;
  for (uint64_t seed = 0; seed < 2; ++seed) {
    of_even += spread(Topology(members, 0, even, Random(seed, "ring")).ring());
    of_random += spread(Topology(members, 0, random, Random(seed, "ring")).ring());
  }
  EXPECT_LT(of_even * 3, of_random) << of_even / 2 << " and " << of_random / 2;
}

TEST(TopologyTest, ANewcomerTakesItsShareAndMovesNothingBetweenOthers) {
  Topology topology(machines(9), 1, options(3, 16, TokenAllocation::kEven), Random(3, "ring"));
  const double before = spread(topology.ring());
  const size_t tokens = topology.ring().tokens().size();
  ASSERT_TRUE(topology.bootstrap(NodeId{8}).has_value());
  for (const Transfer& transfer : topology.change()->transfers) EXPECT_EQ(transfer.to, NodeId{8});
  topology.finish();
  EXPECT_EQ(topology.ring().tokens().size(), tokens + 16);
  EXPECT_LT(spread(topology.ring()), before + 0.1);
}

TEST(TopologyTest, EvenTokensAreTheSameForTheSameSeed) {
  const auto drawn = [](uint64_t seed) {
    std::vector<uint64_t> tokens;
    const Topology topology(machines(5), 0, options(3, 8, TokenAllocation::kEven),
                            Random(seed, "ring"));
    for (TokenOwner owner : topology.ring().tokens()) tokens.push_back(owner.token.value);
    return tokens;
  };
  EXPECT_EQ(drawn(1), drawn(1));
  EXPECT_NE(drawn(1), drawn(2));
}

TEST(TopologyTest, ASpareHoldsNothingUntilItJoins) {
  Topology topology(machines(4), 1, options(), Random(1, "ring"));
  EXPECT_FALSE(topology.is_member({3}));
  EXPECT_TRUE(topology.owned_by({3}).empty());
  ASSERT_TRUE(topology.bootstrap({3}).has_value());
  EXPECT_FALSE(topology.is_member({3})) << "reads do not ask it yet";
  EXPECT_FALSE(topology.pending_of({3}).empty());
  EXPECT_EQ(topology.version(), 1u);
  topology.finish();
  EXPECT_TRUE(topology.is_member({3}));
  EXPECT_TRUE(topology.pending_of({3}).empty());
  const Ring from_the_start({NodeId{0}, NodeId{1}, NodeId{2}, NodeId{3}}, 16, 3, Random(1, "ring"));
  for (size_t i = 0; i < from_the_start.ranges().size(); ++i)
    EXPECT_EQ(topology.ring().ranges()[i].replicas, from_the_start.ranges()[i].replicas);
}

TEST(TopologyTest, OneChangeGoesOnAtATimeAndAnAbortedOneLeavesNoTrace) {
  Topology topology(machines(5), 2, options(), Random(1, "ring"));
  const Ring before = topology.ring();
  ASSERT_TRUE(topology.bootstrap({3}).has_value());
  EXPECT_FALSE(topology.bootstrap({4}).has_value());
  EXPECT_FALSE(topology.move({0}).has_value());
  topology.abort();
  EXPECT_EQ(topology.change(), nullptr);
  for (size_t i = 0; i < before.ranges().size(); ++i)
    EXPECT_EQ(topology.ring().ranges()[i].replicas, before.ranges()[i].replicas);
  EXPECT_TRUE(topology.bootstrap({4}).has_value());
}

TEST(TopologyTest, WhatCannotChangeIsRefused) {
  Topology topology(machines(4), 1, options(), Random(1, "ring"));
  EXPECT_FALSE(topology.bootstrap({0}).has_value()) << "a member";
  EXPECT_FALSE(topology.decommission({3}).has_value()) << "no member";
  EXPECT_FALSE(topology.decommission({0}).has_value()) << "three replicas of three nodes";
  EXPECT_FALSE(topology.replace({3}, {0}).has_value());
  EXPECT_FALSE(topology.move({3}).has_value());
  EXPECT_EQ(topology.version(), 0u);
}

// Whatever changes: each replica to come is pending or a replica already, and what a pending node is
// sent comes from one that gives way, or from all others.
TEST(TopologyTest, TransfersAreWhatTheNextRingAdds) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed, "changes");
    Topology topology(machines(7), 2, options(3, 4), Random(seed, "ring"));
    for (int step = 0; step < 6; ++step) {
      const NodeId node{static_cast<uint32_t>(random.below(7))};
      const NodeId other{static_cast<uint32_t>(random.below(7))};
      Result<void> begun;
      switch (random.below(4)) {
        case 0:
          begun = topology.bootstrap(node);
          break;
        case 1:
          begun = topology.decommission(node);
          break;
        case 2:
          begun = topology.replace(node, other);
          break;
        default:
          begun = topology.move(node);
      }
      if (!begun) continue;
      const Ring before = topology.ring();
      const Topology::Change change = *topology.change();
      std::vector<Token> tokens;
      for (int i = 0; i < 50; ++i) tokens.push_back({random.next()});
      std::vector<std::vector<NodeId>> writers;
      for (Token token : tokens) writers.push_back(topology.writers(token));
      topology.finish();
      for (size_t i = 0; i < tokens.size(); ++i) {
        const std::vector<NodeId>& old = before.replicas(tokens[i]);
        for (NodeId replica : topology.ring().replicas(tokens[i])) {
          EXPECT_TRUE(std::ranges::count(writers[i], replica)) << "it missed writes";
          const auto sent = std::ranges::count_if(change.transfers, [&](const Transfer& t) {
            return t.to == replica && t.range.contains(tokens[i]);
          });
          EXPECT_EQ(sent, std::ranges::count(old, replica) ? 0 : 1);
        }
        for (const Transfer& t : change.transfers) {
          if (!t.range.contains(tokens[i])) continue;
          ASSERT_FALSE(t.from.empty());
          for (NodeId from : t.from) {
            EXPECT_TRUE(std::ranges::count(old, from));
            EXPECT_NE(from, change.replaced);
          }
        }
      }
    }
  }
}

TEST(TopologyTest, AReplacementTakesTheDeadNodesPlaceEverywhere) {
  Topology topology(machines(5), 1, options(), Random(3, "ring"));
  const Ring before = topology.ring();
  ASSERT_TRUE(topology.replace({1}, {4}).has_value());
  topology.finish();
  for (size_t i = 0; i < before.ranges().size(); ++i) {
    std::vector<NodeId> expected = before.ranges()[i].replicas;
    std::ranges::replace(expected, NodeId{1}, NodeId{4});
    EXPECT_EQ(topology.ring().ranges()[i].replicas, expected);
  }
}

TEST(TopologyTest, WhoFollowsIsToldOfEachVersion) {
  Topology topology(machines(4), 1, options(), Random(1, "ring"));
  int told = 0;
  topology.subscribe({0}, [&] { ++told; });
  ASSERT_TRUE(topology.bootstrap({3}).has_value());
  topology.finish();
  EXPECT_EQ(told, 2);
  topology.unsubscribe({0});
  ASSERT_TRUE(topology.decommission({0}).has_value());
  EXPECT_EQ(told, 2);
}

}  // namespace
}  // namespace revenant::ring
