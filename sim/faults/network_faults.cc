// Partitions are sets of cuts. For five nodes, with x where a message is lost:
//
//   sides 01|234   isolate 2      bridge 2       ring
//     01234          01234          01234          01234
//   0 ..xxx        0 ..x..        0 ...xx        0 ..xx.
//   1 ..xxx        1 ..x..        1 ...xx        1 ...xx
//   2 xx...        2 xx.xx        2 .....        2 x...x
//   3 xx...        3 ..x..        3 xx...        3 xx...
//   4 xx...        4 ..x..        4 xx...        4 .xx..
//
// The bridge and the ring are Jepsen's: partial partitions under which every majority still
// overlaps, and no two nodes agree on who is up.
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "sim/faults/action.h"

namespace revenant::sim {
namespace {

using Nodes = std::vector<NodeId>;

Nodes without(Nodes nodes, const Nodes& these) {
  std::erase_if(nodes, [&](NodeId node) { return std::ranges::find(these, node) != these.end(); });
  return nodes;
}

// The side that `to` names: all other nodes if it is left out.
Nodes other_side(const NodeSet& to, const Nodes& from, const FaultTargets& t) {
  return to == NodeSet{} ? without(t.all_nodes(), from) : t.nodes_of(to);
}

// Link faults learn their handles when they begin.
class Handles {
 public:
  template <typename Begin>  // () -> std::vector<uint64_t>
  static Action action(std::string detail, Nodes nodes, FaultTargets& t, Begin begin) {
    const auto handles = std::make_shared<std::vector<uint64_t>>();
    return {std::move(detail), std::move(nodes), [handles, begin] { *handles = begin(); },
            [&t, handles] {
              for (uint64_t handle : *handles) t.end_link_fault(handle);
            }};
  }
};

const char* arrow(bool one_way) { return one_way ? "->" : "<->"; }

}  // namespace

Action action_of(const PartitionFault& fault, FaultTargets& t) {
  const Nodes from = t.nodes_of(fault.from), to = other_side(fault.to, from, t);
  return Handles::action(
      fmt::format("cut {} {} {}", fmt::join(from, ","), arrow(fault.one_way), fmt::join(to, ",")),
      from, t, [&t, from, to, one_way = fault.one_way] {
        return std::vector{t.begin_cut(from, to, one_way)};
      });
}

Action action_of(const IsolateFault& fault, FaultTargets& t) {
  const Nodes nodes = t.nodes_of(fault.node);
  Nodes rest = t.all_nodes();
  if (fault.clients) {
    const Nodes clients = t.all_clients();
    rest.insert(rest.end(), clients.begin(), clients.end());
  }
  return Handles::action(
      fault.clients ? "cut off, clients too" : "cut off", nodes, t,
      [&t, nodes, rest] { return std::vector{t.begin_cut(nodes, rest, false)}; });
}

Action action_of(const BridgeFault& fault, FaultTargets& t) {
  const Nodes bridge = t.nodes_of(fault.node), ends = without(t.all_nodes(), bridge);
  Nodes side = t.nodes_of(fault.from);
  if (side.empty()) side.assign(ends.begin(), ends.begin() + static_cast<int64_t>(ends.size() / 2));
  const Nodes other = without(ends, side);
  return Handles::action(
      fmt::format("cut {} <-> {}, joined by {}", fmt::join(side, ","), fmt::join(other, ","),
                  fmt::join(bridge, ",")),
      bridge, t, [&t, side, other] { return std::vector{t.begin_cut(side, other, false)}; });
}

Action action_of(const RingFault& fault, FaultTargets& t) {
  const Nodes nodes = t.nodes_of(fault.node);
  // A majority is more than half: besides itself, half of the nodes, rounded down.
  const size_t reach = (nodes.size() / 2 + 1) / 2;
  return Handles::action(fmt::format("each reaches {} neighbours on either side", reach), nodes, t,
                         [&t, nodes, reach] {
                           std::vector<uint64_t> handles;
                           for (size_t i = 0; i < nodes.size(); ++i) {
                             Nodes far;
                             for (size_t steps = reach + 1; steps + reach < nodes.size(); ++steps)
                               far.push_back(nodes[(i + steps) % nodes.size()]);
                             handles.push_back(t.begin_cut({nodes[i]}, far, true));
                           }
                           return handles;
                         });
}

Action action_of(const ClogFault& fault, FaultTargets& t) {
  const Nodes from = t.nodes_of(fault.from), to = other_side(fault.to, from, t);
  return Handles::action(
      fmt::format("hold {} {} {}", fmt::join(from, ","), arrow(fault.one_way), fmt::join(to, ",")),
      from, t, [&t, from, to, one_way = fault.one_way] {
        return std::vector{t.begin_clog(from, to, one_way)};
      });
}

Action action_of(const LinkFault& fault, FaultTargets& t) {
  const Nodes from = t.nodes_of(fault.from), to = t.nodes_of(fault.to);
  std::string detail =
      fmt::format("loss {}, duplication {}", to_string(fault.loss), to_string(fault.duplication));
  if (fault.packet_loss.ppb > 0) detail += ", packet loss " + to_string(fault.packet_loss);
  if (fault.reordering.ppb > 0) detail += ", reordering " + to_string(fault.reordering);
  if (fault.bandwidth) detail += ", bandwidth " + to_string(*fault.bandwidth);
  return Handles::action(std::move(detail), from, t, [&t, from, to, fault] {
    return std::vector{t.begin_impairment(from, to, fault)};
  });
}

}  // namespace revenant::sim
