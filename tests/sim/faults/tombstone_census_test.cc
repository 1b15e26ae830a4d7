#include "sim/faults/tombstone_census.h"

#include <gtest/gtest.h>

namespace revenant::sim {
namespace {

// Three nodes that all hold every key.
struct Census {
  ring::Topology topology{{{.node = {0}}, {.node = {1}}, {.node = {2}}},
                          0,
                          {.replication_factor = {3, {}}, .vnodes = 4},
                          Random(1, "ring")};
  TombstoneCensus census{topology};

  void put(uint64_t key, uint64_t version, std::vector<uint32_t> nodes) {
    give(key, {CellKind::kValue, Version{version}, {}, "v"}, nodes);
  }
  void remove(uint64_t key, uint64_t version, std::vector<uint32_t> nodes) {
    give(key, {CellKind::kTombstone, Version{version}, {}, {}}, nodes);
  }
  void give(uint64_t key, const CellView& cell, const std::vector<uint32_t>& nodes) {
    for (uint32_t node : nodes) census.applied({}, {node}, key, cell, env::ApplySource::kClient);
  }
  uint64_t of(uint32_t node) const {
    const auto missing = census.missing();
    const auto found = missing.find({node});
    return found == missing.end() ? 0 : found->second;
  }
};

TEST(TombstoneCensus, CountsTheDeletesThatAReplicaWasNeverGiven) {
  Census c;
  c.put(1, 1, {0, 1, 2});
  c.put(2, 1, {0, 1, 2});
  EXPECT_TRUE(c.census.missing().empty());
  c.remove(1, 5, {0, 1});
  c.remove(2, 6, {0});
  c.remove(3, 7, {0, 2});  // a key that node 1 never had
  EXPECT_EQ(c.of(0), 0u);
  EXPECT_EQ(c.of(1), 2u);
  EXPECT_EQ(c.of(2), 2u);
  c.remove(2, 6, {2});  // a hint arrives
  EXPECT_EQ(c.of(1), 2u);
  EXPECT_EQ(c.of(2), 1u);
}

TEST(TombstoneCensus, ANewerWriteEndsIt) {
  Census c;
  c.remove(1, 5, {0, 1});
  EXPECT_EQ(c.of(2), 1u);
  c.put(1, 9, {0});
  EXPECT_EQ(c.of(2), 0u);
  c.remove(1, 7, {1});  // late, and older
  EXPECT_EQ(c.of(2), 0u);
}

TEST(TombstoneCensus, ATombstoneThatIsPurgedEverywhereIsMissedNoMore) {
  Census c;
  c.remove(1, 5, {0, 1});
  c.census.purged({}, {0}, 1, Version{5});
  EXPECT_EQ(c.of(2), 1u);
  EXPECT_EQ(c.of(0), 0u);  // it was given the tombstone
  c.census.purged({}, {1}, 1, Version{5});
  EXPECT_EQ(c.of(2), 0u);
}

}  // namespace
}  // namespace revenant::sim
