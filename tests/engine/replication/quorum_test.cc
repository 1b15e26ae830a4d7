#include "engine/replication/quorum.h"

#include <gtest/gtest.h>

#include <functional>

namespace revenant::replication {
namespace {

// Nodes 0 to 2 in data center 0, nodes 3 to 7 in data center 1, all of them replicas; node 8 in data
// center 2, which has none.
ring::Ring placed_ring() {
  std::vector<ring::Member> members;
  for (uint32_t i = 0; i < 9; ++i) members.push_back({{i}, i < 3 ? 0 : i < 8 ? 1 : 2, i});
  return {members, 4, ring::ReplicationFactor{0, {{0, 3}, {1, 5}}}, Random(1, "ring")};
}

struct LevelCase {
  const char* level;
  // Whether so many of data center 0 and of data center 1 are enough for a coordinator in 0.
  std::function<bool(int, int)> enough;
};
const LevelCase kLevels[] = {
    {"ANY", [](int a, int b) { return a + b >= 1; }},
    {"ONE", [](int a, int b) { return a + b >= 1; }},
    {"TWO", [](int a, int b) { return a + b >= 2; }},
    {"THREE", [](int a, int b) { return a + b >= 3; }},
    {"QUORUM", [](int a, int b) { return a + b >= 5; }},
    {"ALL", [](int a, int b) { return a + b == 8; }},
    {"7", [](int a, int b) { return a + b >= 7; }},
    {"LOCAL_ONE", [](int a, int) { return a >= 1; }},
    {"LOCAL_QUORUM", [](int a, int) { return a >= 2; }},
    {"EACH_QUORUM", [](int a, int b) { return a >= 2 && b >= 3; }},
};

TEST(QuorumTest, EveryLevelIsMetByEverySetOfReplicasThatItsRuleNames) {
  const ring::Ring ring = placed_ring();
  const std::vector<NodeId>& replicas = ring.replicas_of_key("key");
  ASSERT_EQ(replicas.size(), 8u);
  for (const LevelCase& each : kLevels) {
    const auto quorums =
        quorums_of(*parse_consistency_level(each.level), replicas, ring, NodeId{1});
    for (uint32_t mask = 0; mask < 1u << 8; ++mask) {
      std::vector<NodeId> up;
      int local = 0, remote = 0;
      for (uint32_t i = 0; i < 8; ++i) {
        if ((mask >> i & 1) == 0) continue;
        up.push_back({i});
        ++(i < 3 ? local : remote);
      }
      bool met = true;
      for (const Quorum& quorum : quorums) met &= quorum.count(up) >= quorum.required;
      ASSERT_EQ(met, each.enough(local, remote)) << each.level << " with " << mask;
    }
  }
}

TEST(QuorumTest, ADataCenterWithoutReplicasHasNoLocalQuorum) {
  const ring::Ring ring = placed_ring();
  const std::vector<NodeId>& replicas = ring.replicas_of_key("key");
  for (const char* level : {"LOCAL_ONE", "LOCAL_QUORUM"}) {
    const auto quorums = quorums_of(*parse_consistency_level(level), replicas, ring, NodeId{8});
    ASSERT_EQ(quorums.size(), 1u);
    EXPECT_EQ(quorums[0], (Quorum{{}, 1}));
  }
  EXPECT_EQ(quorums_of(*parse_consistency_level("EACH_QUORUM"), replicas, ring, NodeId{8}).size(),
            2u);
}

TEST(QuorumTest, PendingReplicasMustAcknowledgeBesideThoseOfTheLevel) {
  const ring::Ring ring({NodeId{0}, NodeId{1}, NodeId{2}, NodeId{3}}, 4, 3, Random(1, "ring"));
  const std::vector<NodeId> replicas{{0}, {1}, {2}};
  const auto with = [&](ConsistencyLevel::Kind kind) {
    ConsistencyLevel level;
    level.kind = kind;
    std::vector<Quorum> quorums = quorums_of(level, replicas, ring, NodeId{0});
    add_pending(quorums, level, {NodeId{3}}, ring, NodeId{0});
    return quorums;
  };
  const std::vector<NodeId> all{{0}, {1}, {2}, {3}};
  EXPECT_EQ(with(ConsistencyLevel::Kind::kQuorum), (std::vector<Quorum>{{all, 3}}));
  EXPECT_EQ(with(ConsistencyLevel::Kind::kEachQuorum), (std::vector<Quorum>{{all, 3}}));
  EXPECT_EQ(with(ConsistencyLevel::Kind::kLocalOne), (std::vector<Quorum>{{all, 2}}));
  EXPECT_EQ(with(ConsistencyLevel::Kind::kAny), (std::vector<Quorum>{{all, 1}})) << "Cassandra";
}

}  // namespace
}  // namespace revenant::replication
