#include "sim/net/topology.h"

#include <utility>

#include "engine/base/check.h"

namespace revenant::sim {

Topology::Topology(const NetworkOptions& options)
    : same_rack_(options),
      same_zone_(options.topology.same_zone),
      inter_zone_(options.topology.inter_zone),
      inter_region_(options.topology.inter_region) {
  CHECK(options.check().has_value(), "{}", options.check().error());
  for (const RegionLinkOptions& link : options.topology.region_links) {
    regions_.insert_or_assign({link.from, link.to}, LinkModel(link));
    if (!link.one_way) regions_.insert_or_assign({link.to, link.from}, LinkModel(link));
  }
}

const LinkModel& Topology::link(Place from, Place to) const {
  if (from.region != to.region) {
    const auto own = regions_.find({from.region, to.region});
    return own == regions_.end() ? inter_region_ : own->second;
  }
  if (from.zone != to.zone) return inter_zone_;
  return from.rack == to.rack ? same_rack_ : same_zone_;
}

}  // namespace revenant::sim
