// Who misses which deletes: of each key, the newest version any replica was given, and which replica
// was given what.
//
//   k7   newest: tombstone v9    n0 v9    n1 v9, purged    n2 v4     n2 misses it: n0 still holds it
//   k8   newest: value v12       n0 v9    n1 v12           n2 v4     nobody misses a tombstone
//
// Simplifications. What a crash or another disk took from a replica counts as given. Range
// tombstones, which clients cannot write, are left out.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "engine/ring/topology.h"
#include "sim/record/observer.h"

namespace revenant::sim {

class TombstoneCensus final : public Observer {
 public:
  // `topology` outlives it; replicas are those of the moment.
  explicit TombstoneCensus(const ring::Topology& topology) : topology_(topology) {}

  void applied(Instant at, NodeId node, uint64_t key, const CellView& cell,
               env::ApplySource source) override;
  void purged(Instant at, NodeId node, uint64_t key, Version version) override;

  // By node, those that miss none left out. Looks at every key.
  std::map<NodeId, uint64_t> missing() const;

 private:
  struct Key {
    Version newest;
    bool tombstone = false;
    struct Replica {
      NodeId node;
      Version given;
      bool purged = false;  // the tombstone
    };
    std::vector<Replica> replicas;
  };
  Key::Replica& replica(uint64_t key, NodeId node);

  const ring::Topology& topology_;
  std::map<uint64_t, Key> keys_;
};

}  // namespace revenant::sim
