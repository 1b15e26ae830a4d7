#include "sim/faults/tombstone_census.h"

#include <algorithm>

#include "sim/record/key.h"

namespace revenant::sim {

TombstoneCensus::Key::Replica& TombstoneCensus::replica(uint64_t key, NodeId node) {
  std::vector<Key::Replica>& replicas = keys_[key].replicas;
  const auto found = std::ranges::find(replicas, node, &Key::Replica::node);
  return found != replicas.end() ? *found
                                 : replicas.emplace_back(Key::Replica{.node = node, .given = {}});
}

void TombstoneCensus::applied(Instant, NodeId node, uint64_t key, const CellView& cell,
                              env::ApplySource) {
  Key::Replica& taker = replica(key, node);
  if (cell.version >= taker.given) {
    taker.given = cell.version;
    taker.purged = false;
  }
  Key& known = keys_[key];
  if (cell.version < known.newest) return;
  // At equal versions a tombstone wins.
  known.tombstone = cell.is_tombstone() || (cell.version == known.newest && known.tombstone);
  known.newest = cell.version;
}

void TombstoneCensus::purged(Instant, NodeId node, uint64_t key, Version version) {
  Key::Replica& holder = replica(key, node);
  holder.purged |= holder.given == version;
}

std::map<NodeId, uint64_t> TombstoneCensus::missing() const {
  std::map<NodeId, uint64_t> missing;
  for (const auto& [index, key] : keys_) {
    const auto has = [&key](const Key::Replica& r) { return r.given == key.newest; };
    const auto holds = [&has](const Key::Replica& r) { return has(r) && !r.purged; };
    if (!key.tombstone || std::ranges::none_of(key.replicas, holds)) continue;
    for (NodeId node : topology_.ring().replicas_of_key(key_name(index))) {
      const auto given = [&](const Key::Replica& r) { return r.node == node && has(r); };
      if (std::ranges::none_of(key.replicas, given)) ++missing[node];
    }
  }
  return missing;
}

}  // namespace revenant::sim
