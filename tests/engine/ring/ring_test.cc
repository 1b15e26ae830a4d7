#include "engine/ring/ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <span>

#include "engine/base/coding.h"

namespace revenant::ring {
namespace {

constexpr uint64_t kTokenMax = std::numeric_limits<uint64_t>::max();

std::vector<NodeId> nodes(uint32_t count) {
  std::vector<NodeId> result;
  for (uint32_t i = 0; i < count; ++i) result.push_back({i});
  return result;
}

Ring ring(uint32_t node_count, int64_t vnodes, int64_t replication_factor = 3, uint64_t seed = 1) {
  return Ring(nodes(node_count), vnodes, replication_factor, Random(seed, "ring"));
}

// Tokens where an off-by-one would show: both ends of every range and of the circle, and some in
// between.
std::vector<Token> interesting_tokens(const Ring& r, Random& random) {
  std::vector<Token> tokens{{0}, {1}, {kTokenMax - 1}, {kTokenMax}};
  for (const auto& owned : r.ranges()) {
    for (uint64_t delta : {uint64_t{0}, uint64_t{1}, kTokenMax}) {
      tokens.push_back({owned.range.upto.value + delta});
    }
  }
  for (int i = 0; i < 200; ++i) tokens.push_back({random.next()});
  return tokens;
}

TEST(Ring, GivesEveryTokenTheFirstDistinctNodesClockwise) {
  Random random(7, "tokens");
  for (uint32_t n : {1, 2, 3, 7}) {
    for (int64_t vnodes : {1, 2, 16}) {
      for (int64_t rf : {1, 2, 3, 5}) {
        const Ring r = ring(n, vnodes, rf, n * 100 + static_cast<uint64_t>(vnodes));
        for (Token token : interesting_tokens(r, random)) {
          // Naive: sort all tokens by clockwise distance and take the distinct owners.
          std::vector<std::pair<uint64_t, NodeId>> clockwise;
          for (const auto& owned : r.ranges()) {
            clockwise.emplace_back(owned.range.upto.value - token.value, owned.replicas.front());
          }
          std::ranges::sort(clockwise);
          std::vector<NodeId> expected;
          for (auto [distance, node] : clockwise) {
            if (expected.size() < static_cast<size_t>(rf) && !std::ranges::count(expected, node)) {
              expected.push_back(node);
            }
          }
          ASSERT_EQ(r.replicas(token), expected) << "n=" << n << " token=" << token.value;
        }
      }
    }
  }
}

// By the definition of Cassandra's NetworkTopologyStrategy, told anew: in each data center first the
// first node clockwise of each rack, then, if replicas are still missing, the first others; and of
// these in the order in which they come on the circle.
std::vector<NodeId> naive_replicas(const std::vector<std::pair<uint64_t, NodeId>>& clockwise,
                                   const std::vector<Member>& members,
                                   const std::map<int64_t, int64_t>& factors) {
  std::vector<NodeId> order;
  for (auto [distance, node] : clockwise) {
    if (!std::ranges::count(order, node)) order.push_back(node);
  }
  std::set<NodeId> taken;
  for (auto [data_center, factor] : factors) {
    std::vector<NodeId> there;
    std::set<int64_t> racks;
    for (bool new_racks : {true, false}) {
      for (NodeId node : order) {
        const Member& member = members[node.value];
        if (member.data_center != data_center || taken.contains(node)) continue;
        if (static_cast<int64_t>(there.size()) == factor) break;
        if (new_racks && !racks.insert(member.rack).second) continue;
        there.push_back(node);
        taken.insert(node);
      }
    }
  }
  std::erase_if(order, [&](NodeId node) { return !taken.contains(node); });
  return order;
}

TEST(Ring, GivesEachDataCenterItsReplicasOnDistinctRacksWhileThereAreRacks) {
  Random random(5, "places");
  for (int round = 0; round < 60; ++round) {
    std::vector<Member> members;
    const auto count = static_cast<uint32_t>(2 + random.below(9));
    const auto data_centers = 1 + random.below(3), racks = 1 + random.below(4);
    for (uint32_t i = 0; i < count; ++i) {
      const auto data_center = static_cast<int64_t>(random.below(data_centers));
      const auto rack = static_cast<int64_t>(random.below(racks));
      members.push_back({{i}, data_center, rack});
    }
    ReplicationFactor factor;
    factor.of_data_centers[members[0].data_center] = 1 + static_cast<int64_t>(random.below(4));
    factor.of_data_centers[static_cast<int64_t>(random.below(data_centers))] =
        1 + static_cast<int64_t>(random.below(4));
    const uint64_t seed = random.next();
    const Ring r(members, 4, factor, Random(seed, "ring"));
    // The owners of the tokens: a ring of one replica whose tokens are the same.
    const Ring owners(nodes(count), 4, 1, Random(seed, "ring"));
    for (Token token : interesting_tokens(r, random)) {
      std::vector<std::pair<uint64_t, NodeId>> clockwise;
      for (const auto& owned : owners.ranges()) {
        clockwise.emplace_back(owned.range.upto.value - token.value, owned.replicas.front());
      }
      std::ranges::sort(clockwise);
      // Cassandra takes a second node of a rack as it comes, if replicas enough are left for the
      // racks without one: the same nodes only if they are as many as the racks, or fewer.
      const std::vector<NodeId> found = r.replicas(token);
      const std::vector<NodeId> expected =
          naive_replicas(clockwise, members, factor.of_data_centers);
      bool racks_for_all = true;
      for (auto [data_center, replicas] : factor.of_data_centers) {
        std::set<int64_t> there, held;
        int64_t nodes_there = 0, replicas_there = 0;
        for (const Member& m : members) {
          if (m.data_center != data_center) continue;
          ++nodes_there;
          there.insert(m.rack);
          if (!std::ranges::count(found, m.node)) continue;
          ++replicas_there;
          held.insert(m.rack);
        }
        const int64_t possible = std::min(replicas, nodes_there);
        ASSERT_EQ(replicas_there, possible);
        ASSERT_EQ(static_cast<int64_t>(held.size()),
                  std::min(possible, static_cast<int64_t>(there.size())));
        racks_for_all &= replicas <= static_cast<int64_t>(there.size());
      }
      if (racks_for_all) {
        ASSERT_EQ(found, expected);
      }
    }
    for (const Member& m : members) EXPECT_EQ(r.data_center_of(m.node), m.data_center);
  }
}

TEST(Ring, WhereNodesStandDoesNotMatterWithoutAFactorForEachDataCenter) {
  std::vector<Member> members;
  for (uint32_t i = 0; i < 7; ++i) members.push_back({{i}, i % 2, i % 3});
  const Ring placed(members, 8, ReplicationFactor{3, {}}, Random(1, "ring")), plain = ring(7, 8);
  for (size_t i = 0; i < plain.ranges().size(); ++i)
    EXPECT_EQ(placed.ranges()[i].replicas, plain.ranges()[i].replicas);
}

TEST(Ring, TheWalkFromATokenBeginsWithItsReplicasAndMeetsEveryNodeOnce) {
  const Ring r = ring(7, 8);
  for (const Ring::OwnedRange& owned : r.ranges()) {
    std::vector<NodeId> met = r.walk(owned.range.upto);
    EXPECT_TRUE(std::ranges::equal(owned.replicas, std::span(met).first(3)));
    std::ranges::sort(met);
    EXPECT_EQ(met, r.nodes());
  }
  EXPECT_EQ(r.walk({UINT64_MAX}), r.walk(r.tokens().front().token));
}

TEST(Ring, ReplicasAreDistinctAndAsManyAsThereCanBe) {
  for (uint32_t n : {1, 2, 3, 10}) {
    const Ring r = ring(n, 16, 3);
    for (const auto& owned : r.ranges()) {
      EXPECT_EQ(owned.replicas.size(), std::min<size_t>(3, n));
      EXPECT_EQ(std::set(owned.replicas.begin(), owned.replicas.end()).size(),
                owned.replicas.size());
    }
  }
}

TEST(Ring, IsTheSameForTheSameSeedAndAnotherForAnother) {
  const Ring a = ring(5, 16), b = ring(5, 16), c = ring(5, 16, 3, 2);
  ASSERT_EQ(a.ranges().size(), 80u);
  size_t equal_to_c = 0;
  for (size_t i = 0; i < a.ranges().size(); ++i) {
    EXPECT_EQ(a.ranges()[i].range, b.ranges()[i].range);
    EXPECT_EQ(a.ranges()[i].replicas, b.ranges()[i].replicas);
    equal_to_c += a.ranges()[i].range == c.ranges()[i].range;
  }
  EXPECT_EQ(equal_to_c, 0u);
}

TEST(Ring, RangesCoverTheCircleOnceInOrder) {
  Random random(3, "tokens");
  for (uint32_t n : {1, 3, 10}) {
    for (int64_t vnodes : {1, 16}) {
      const Ring r = ring(n, vnodes);
      ASSERT_EQ(r.ranges().size(), n * static_cast<size_t>(vnodes));
      for (size_t i = 0; i < r.ranges().size(); ++i) {
        const auto& previous = r.ranges()[i == 0 ? r.ranges().size() - 1 : i - 1];
        EXPECT_EQ(r.ranges()[i].range.after, previous.range.upto);
        if (i > 0) {
          EXPECT_LT(previous.range.upto, r.ranges()[i].range.upto);
        }
      }
      for (Token token : interesting_tokens(r, random)) {
        EXPECT_EQ(
            std::ranges::count_if(r.ranges(), [&](auto& o) { return o.range.contains(token); }), 1);
      }
    }
  }
}

// Relative standard deviation of a node's share in a random ring of N nodes with V tokens:
// sqrt((N-1)/(V*N+1)), from the Dirichlet distribution of the gaps. N=10: 0.9045 at V=1, 0.236 at
// V=16.
TEST(Ring, OwnershipSpreadsAsTheClosedFormSays) {
  struct Case {
    uint32_t n;
    int64_t vnodes;
    int seeds;
  };
  for (auto [n, vnodes, seeds] : {Case{6, 16, 1000}, Case{10, 1, 2000}, Case{10, 8, 1000},
                                  Case{10, 16, 1000}, Case{50, 16, 200}}) {
    double squares = 0;
    for (int seed = 0; seed < seeds; ++seed) {
      const std::vector<double> shares =
          ring(n, vnodes, 1, static_cast<uint64_t>(seed)).ownership();
      double total = 0;
      for (double share : shares) {
        total += share;
        squares += (share * n - 1) * (share * n - 1);
      }
      ASSERT_NEAR(total, 1.0, 1e-9);
    }
    const double deviation = std::sqrt(squares / (static_cast<double>(n) * seeds));
    const double expected = std::sqrt((n - 1.0) / (static_cast<double>(vnodes) * n + 1.0));
    EXPECT_NEAR(deviation / expected, 1.0, 0.03) << "n=" << n << " vnodes=" << vnodes;
  }
}

TEST(Ring, AJoiningNodeTakesRangesAndMovesNoneBetweenOthers) {
  double moved_total = 0;
  constexpr int kSeeds = 1000;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Ring before = ring(5, 16, 1, seed), after = ring(6, 16, 1, seed);
    Random random(seed, "tokens");
    for (int i = 0; i < 100; ++i) {
      const Token token{random.next()};
      if (before.replicas(token) == after.replicas(token)) continue;
      ASSERT_EQ(after.replicas(token).front(), NodeId{5});
    }
    moved_total += after.ownership().back();
  }
  EXPECT_NEAR(moved_total / kSeeds * 6, 1.0, 0.03);  // the least possible: 1/(N+1)
}

TEST(Ring, AJoiningNodeChangesAPreferenceListByAtMostItself) {
  const Ring before = ring(8, 16, 3), after = ring(9, 16, 3);
  Random random(11, "tokens");
  for (int i = 0; i < 2000; ++i) {
    const Token token{random.next()};
    std::vector<NodeId> expected = after.replicas(token);
    if (std::erase(expected, NodeId{8}) == 0) {
      EXPECT_EQ(before.replicas(token), expected);
    } else {
      EXPECT_TRUE(std::ranges::equal(expected, std::span(before.replicas(token)).first(2)));
    }
  }
}

TEST(RingDeathTest, RefusesANodeThatStandsTwice) {
  EXPECT_EXIT(Ring({{1}, {2}, {1}}, 4, 3, Random(1, "ring")), testing::ExitedWithCode(4),
              "stands twice");
}

TEST(TokenRange, ContainsWhatLiesClockwiseUpToItsEnd) {
  const TokenRange plain{{10}, {20}};
  EXPECT_FALSE(plain.contains({10}));
  EXPECT_TRUE(plain.contains({11}));
  EXPECT_TRUE(plain.contains({20}));
  EXPECT_FALSE(plain.contains({21}));
  const TokenRange wrapping{{20}, {10}};
  EXPECT_FALSE(wrapping.contains({20}));
  EXPECT_TRUE(wrapping.contains({21}));
  EXPECT_TRUE(wrapping.contains({kTokenMax}));
  EXPECT_TRUE(wrapping.contains({0}));
  EXPECT_TRUE(wrapping.contains({10}));
  EXPECT_FALSE(wrapping.contains({11}));
  const TokenRange whole{{15}, {15}};
  for (uint64_t token : {uint64_t{0}, uint64_t{14}, uint64_t{15}, uint64_t{16}, kTokenMax}) {
    EXPECT_TRUE(whole.contains({token}));
  }
}

TEST(StorageKey, IsTheTokenThenTheKeyAndOrdersAsTokensDo) {
  std::vector<std::pair<Token, Buffer>> by_token;
  std::vector<Buffer> by_bytes;
  for (int i = 0; i < 500; ++i) {
    const Buffer key = "key" + std::to_string(i);
    const Buffer stored = storage_key(key);
    EXPECT_EQ(key_of_storage_key(stored), key);
    EXPECT_EQ(token_of_storage_key(stored), token_of(key));
    by_token.emplace_back(token_of(key), stored);
    by_bytes.push_back(stored);
  }
  std::ranges::sort(by_token);
  std::ranges::sort(by_bytes);
  for (size_t i = 0; i < by_bytes.size(); ++i) EXPECT_EQ(by_token[i].second, by_bytes[i]);
}

TEST(StorageKey, TokensAreThoseOfTheSpecifiedHash) {
  EXPECT_EQ(token_of("").value, 0x2d06800538d394c2u);  // XXH3_64bits of nothing, seed 0
}

TEST(StorageIntervals, HoldExactlyTheTokensOfTheRange) {
  const std::vector<uint64_t> ends{0, 1, 2, 255, 256, uint64_t{1} << 63, kTokenMax - 1, kTokenMax};
  for (uint64_t after : ends) {
    for (uint64_t upto : ends) {
      const TokenRange range{{after}, {upto}};
      const auto intervals = storage_intervals(range);
      ASSERT_LE(intervals.size(), 2u);
      for (size_t i = 0; i < intervals.size(); ++i) {
        EXPECT_TRUE(intervals[i].limit.empty() || intervals[i].least < intervals[i].limit);
        if (i > 0) {
          EXPECT_LT(intervals[i - 1].limit, intervals[i].least);
        }
      }
      for (uint64_t near : ends) {
        for (uint64_t delta : {uint64_t{0}, uint64_t{1}, kTokenMax}) {
          for (const char* suffix : {"", "k", "\xff\xff"}) {
            const Token token{near + delta};
            Buffer key;
            put_big_endian64(key, token.value);
            key += suffix;
            const auto holds = [&](const KeyInterval& i) {
              return i.least <= key && (i.limit.empty() || key < i.limit);
            };
            EXPECT_EQ(std::ranges::count_if(intervals, holds), range.contains(token) ? 1 : 0)
                << after << " " << upto << " " << token.value;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace revenant::ring
