// A set of directed links: all from one set of machines to another.
#pragma once

#include <vector>

#include "engine/base/ids.h"

namespace revenant::sim {

class LinkSet {
 public:
  LinkSet(const std::vector<NodeId>& from, const std::vector<NodeId>& to)
      : from_(membership(from)), to_(membership(to)) {}

  bool contains(NodeId from, NodeId to) const { return holds(from_, from) && holds(to_, to); }

 private:
  using Membership = std::vector<bool>;  // by id: machines are numbered densely

  static Membership membership(const std::vector<NodeId>& nodes) {
    Membership members;
    for (NodeId node : nodes) {
      if (node.value >= members.size()) members.resize(node.value + 1);
      members[node.value] = true;
    }
    return members;
  }
  static bool holds(const Membership& members, NodeId node) {
    return node.value < members.size() && members[node.value];
  }

  Membership from_, to_;
};

}  // namespace revenant::sim
