#include "sim/scenario/placement.h"

#include <algorithm>
#include <map>
#include <set>

#include "sim/scenario/scenario.h"

namespace revenant::sim {
namespace {

// The visitor that finds every NodeSet.
class PlaceResolver {
 public:
  explicit PlaceResolver(const Scenario& scenario) : cluster_(scenario.cluster) {}

  template <typename T, typename... More>
  void field(std::string_view, T& value, More...) {
    visit(value);
  }

 private:
  template <typename T>
  void visit(T& value) {
    if constexpr (requires { value.describe(*this); }) value.describe(*this);
  }
  template <typename T>
  void visit(std::optional<T>& value) {
    if (value) visit(*value);
  }
  template <typename T>
  void visit(std::vector<T>& list) {
    for (T& element : list) visit(element);
  }
  void visit(NodeSet& set) {
    if (!set.place) return;
    set.nodes.clear();
    for (uint32_t node = 0; node < cluster_.nodes; ++node) {
      if (matches(*set.place, place_of_node(cluster_.placement, node))) set.nodes.push_back(node);
    }
  }

  const ClusterOptions cluster_;
};

}  // namespace

Place dealt_place(const PlacementOptions& placement, int64_t n) {
  const int64_t in_region = n / placement.regions, in_zone = in_region / placement.zones;
  return {.region = n % placement.regions,
          .zone = in_region % placement.zones,
          .rack = in_zone % placement.racks};
}

Place place_of_node(const PlacementOptions& placement, uint32_t node) {
  for (const PlaceOptions& place : placement.places) {
    if (std::ranges::binary_search(place.nodes.nodes, node))
      return {place.region, place.zone, place.rack};
  }
  return dealt_place(placement, node);
}

bool matches(const PlacePattern& pattern, Place place) {
  return pattern.region.value_or(place.region) == place.region &&
         pattern.zone.value_or(place.zone) == place.zone &&
         pattern.rack.value_or(place.rack) == place.rack;
}

int64_t nodes_in_region(const ClusterOptions& cluster, int64_t region) {
  int64_t count = 0;
  for (uint32_t node = 0; node < cluster.nodes; ++node)
    count += place_of_node(cluster.placement, node).region == region ? 1 : 0;
  return count;
}

std::vector<ring::Member> ring_members(const ClusterOptions& cluster) {
  std::map<int64_t, std::set<int64_t>> zones;
  for (uint32_t node = 0; node < cluster.nodes; ++node) {
    const Place place = place_of_node(cluster.placement, node);
    zones[place.region].insert(place.zone);
  }
  std::vector<ring::Member> members;
  for (uint32_t node = 0; node < cluster.nodes; ++node) {
    const Place place = place_of_node(cluster.placement, node);
    const bool one_zone = zones[place.region].size() == 1;
    members.push_back({.node = NodeId{node},
                       .data_center = place.region,
                       .rack = one_zone ? place.rack : place.zone});
  }
  return members;
}

void resolve_places(Scenario& scenario) {
  PlaceResolver resolver(scenario);
  for (WorkloadOptions& workload : scenario.workload) workload.describe(resolver);
  for (FaultOptions& fault : scenario.faults) fault.describe(resolver);
  for (OperationOptions& operation : scenario.operations) operation.describe(resolver);
}

}  // namespace revenant::sim
