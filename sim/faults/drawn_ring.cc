#include "sim/faults/drawn_ring.h"

#include "engine/base/random.h"
#include "sim/scenario/placement.h"

namespace revenant::sim {

std::unique_ptr<ring::Topology> drawn_topology(const Scenario& scenario, uint64_t seed) {
  const ClusterOptions& cluster = scenario.cluster;
  return std::make_unique<ring::Topology>(ring_members(cluster),
                                          static_cast<size_t>(cluster.spares), cluster.ring,
                                          Random(seed, "ring"));
}

ring::Ring drawn_ring(const Scenario& scenario, uint64_t seed) {
  return drawn_topology(scenario, seed)->ring();
}

}  // namespace revenant::sim
