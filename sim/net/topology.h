// Where machines stand, and what kind of link joins two of them.
//
//   region 0                             region 1
//     zone 0            zone 1             zone 0
//       rack 0  rack 1    rack 0             rack 0
//         a ─ b
//         a ─────── c                              a ─ b  the network's own figures
//         a ───────────────── d                    a ─ c  topology.same_zone
//         a ────────────────────────────────── e   a ─ d  topology.inter_zone
//                                                  a ─ e  topology.inter_region, or its own entry
//                                                         of topology.region_links
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>

#include "sim/net/link_model.h"
#include "sim/net/options.h"

namespace revenant::sim {

// Zones are numbered within their region, racks within their zone.
struct Place {
  int64_t region = 0, zone = 0, rack = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

class Topology {
 public:
  // `options` must be sound (NetworkOptions::check).
  explicit Topology(const NetworkOptions& options);

  // Of messages from a machine there to one there; lives as long as the topology.
  const LinkModel& link(Place from, Place to) const;

 private:
  LinkModel same_rack_, same_zone_, inter_zone_, inter_region_;
  std::map<std::pair<int64_t, int64_t>, LinkModel> regions_;  // from, to
};

}  // namespace revenant::sim
