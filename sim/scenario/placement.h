// Where a cluster's nodes and clients stand: dealt out in turn, or as listed.
//
//   { "regions": 2, "zones": 2 }      node   0  1  2  3  4 …
//                                     region 0  1  0  1  0
//                                     zone   0  0  1  1  0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/settings.h"
#include "engine/ring/ring.h"
#include "sim/net/topology.h"
#include "sim/scenario/node_set.h"

namespace revenant::sim {

struct ClusterOptions;
struct Scenario;

struct PlaceOptions {
  std::optional<std::string> name{};
  NodeSet nodes;
  int64_t region = 0, zone = 0, rack = 0;

  template <typename V>
  void describe(V& v) {
    v.field("name", name, "If it has one, paths may use it: cluster.placement.places.NAME.zone.");
    v.field("nodes", nodes, "Who stands there, by number.");
    v.field("region", region, between<int64_t>(0, 999), "Region.");
    v.field("zone", zone, between<int64_t>(0, 999), "Zone of the region.");
    v.field("rack", rack, between<int64_t>(0, 999), "Rack of the zone.");
  }
};

struct PlacementOptions {
  int64_t regions = 1, zones = 1, racks = 1;
  std::vector<PlaceOptions> places;

  template <typename V>
  void describe(V& v) {
    v.field("regions", regions, between<int64_t>(1, 1000),
            "Nodes are dealt to so many regions in turn, and clients likewise.");
    v.field("zones", zones, between<int64_t>(1, 1000), "A region's to so many zones.");
    v.field("racks", racks, between<int64_t>(1, 1000), "A zone's to so many racks.");
    v.field("places", places, "Nodes that stand elsewhere than dealt.");
  }
};

// Where the n-th of the nodes, or of the clients, is dealt to.
Place dealt_place(const PlacementOptions& placement, int64_t n);
Place place_of_node(const PlacementOptions& placement, uint32_t node);
bool matches(const PlacePattern& pattern, Place place);
int64_t nodes_in_region(const ClusterOptions& cluster, int64_t region);

// The nodes as the ring sees them. A region is a data center. What a rack is to Cassandra, things
// that fail together, is a zone (as its Ec2Snitch has it), or in a region of one zone a rack.
std::vector<ring::Member> ring_members(const ClusterOptions& cluster);

// Fills in the nodes of every NodeSet that names a place.
void resolve_places(Scenario& scenario);

}  // namespace revenant::sim
