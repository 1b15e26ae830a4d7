#include "sim/faults/drawn_ring.h"

#include "engine/base/random.h"
#include "sim/scenario/placement.h"

namespace revenant::sim {

ring::Ring drawn_ring(const Scenario& scenario, uint64_t seed) {
  const ClusterOptions& cluster = scenario.cluster;
  return {ring_members(cluster), cluster.ring.vnodes, cluster.ring.replication_factor,
          Random(seed, "ring")};
}

}  // namespace revenant::sim
