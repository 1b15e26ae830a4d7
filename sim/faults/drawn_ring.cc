#include "sim/faults/drawn_ring.h"

#include "engine/base/random.h"

namespace revenant::sim {

ring::Ring drawn_ring(const Scenario& scenario, uint64_t seed) {
  std::vector<NodeId> nodes;
  for (uint32_t i = 0; i < scenario.cluster.nodes; ++i) nodes.push_back(NodeId{i});
  return {nodes, scenario.cluster.ring.vnodes, scenario.cluster.ring.replication_factor,
          Random(seed, "ring")};
}

}  // namespace revenant::sim
