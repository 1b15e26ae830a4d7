// The network between all machines of a run: what joins machines of one rack, and, one level up
// after the other, what lies between racks, zones and regions (topology.h). Where machines stand is
// the cluster's (cluster.placement).
#pragma once

#include "sim/net/link_options.h"

namespace revenant::sim {

// An entry of the delay matrix of regions.
struct RegionLinkOptions : LinkOptions {
  std::optional<std::string> name{};
  int64_t from = 0, to = 1;
  bool one_way = false;

  RegionLinkOptions() : LinkOptions(NetworkProfile::kEc2VaOr) {}

  template <typename V>
  void describe(V& v) {
    v.field("name", name,
            "If it has one, paths may use it: network.topology.region_links.NAME.delay_mean.");
    v.field("from", from, between<int64_t>(0, 999), "One region.");
    v.field("to", to, between<int64_t>(0, 999), "The other.");
    v.field("one_way", one_way, "Only of messages from `from` to `to`; the way back may differ.");
    LinkOptions::describe(v);
  }
};

struct TopologyOptions {
  LinkOptions same_zone{NetworkProfile::kSameAz};
  LinkOptions inter_zone{NetworkProfile::kInterAz};
  LinkOptions inter_region{NetworkProfile::kEc2VaOr};
  std::vector<RegionLinkOptions> region_links;

  template <typename V>
  void describe(V& v) {
    v.field("same_zone", same_zone, "Links between racks of a zone.");
    v.field("inter_zone", inter_zone, "Links between zones of a region.");
    v.field("inter_region", inter_region, "Links between regions.");
    v.field("region_links", region_links,
            "Links between two regions that differ; of several for one pair the last counts.");
  }
};

struct NetworkOptions : LinkOptions {
  Bandwidth port_bandwidth{INT64_MAX};
  TopologyOptions topology;

  // Of the whole network.
  Result<void> check() const;

  template <typename V>
  void describe(V& v) {
    LinkOptions::describe(v);
    v.field("port_bandwidth", port_bandwidth,
            "Of each machine's network port, each way: all its links share it.");
    v.field("topology", topology,
            "What lies between racks, zones and regions; the settings above are of a rack.");
  }
};

}  // namespace revenant::sim
