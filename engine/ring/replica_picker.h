// Takes the replicas of one token as they come, clockwise: Cassandra's NetworkTopologyStrategy for
// each data center that has a factor. A rack that holds a replica already is passed over while
// racks enough are left for the others.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "engine/ring/options.h"
#include "engine/ring/ring.h"

namespace revenant::ring {

class ReplicaPicker {
 public:
  ReplicaPicker(const std::vector<Member>& members, const ReplicationFactor& factor) {
    if (factor.of_data_centers.empty()) {
      missing_ = std::min(static_cast<int64_t>(members.size()), factor.of_all);
      return;
    }
    std::map<int64_t, std::set<int64_t>> racks;
    std::map<int64_t, int64_t> nodes;
    for (const Member& member : members) {
      racks[member.data_center].insert(member.rack);
      ++nodes[member.data_center];
    }
    for (const auto& [data_center, replicas] : factor.of_data_centers) {
      const int64_t missing = std::min(replicas, nodes[data_center]);
      const auto rack_count = static_cast<int64_t>(racks[data_center].size());
      data_centers_[data_center] = {
          .missing = missing, .repeats = std::max<int64_t>(0, missing - rack_count), .racks = {}};
      missing_ += missing;
    }
  }

  bool done() const { return missing_ == 0; }
  // Whether this node, which has not been taken yet, is the next replica.
  bool take(const Member& member) {
    if (!data_centers_.empty()) {
      const auto at = data_centers_.find(member.data_center);
      if (at == data_centers_.end() || at->second.missing == 0) return false;
      DataCenter& there = at->second;
      const bool new_rack = there.racks.insert(member.rack).second;
      if (!new_rack && there.repeats == 0) return false;
      there.repeats -= new_rack ? 0 : 1;
      --there.missing;
    }
    --missing_;
    return true;
  }

 private:
  struct DataCenter {
    int64_t missing = 0;
    int64_t repeats = 0;  // replicas that have to share a rack with another
    std::set<int64_t> racks;
  };
  std::map<int64_t, DataCenter> data_centers_;  // none: they do not matter
  int64_t missing_ = 0;                         // of all
};

}  // namespace revenant::ring
