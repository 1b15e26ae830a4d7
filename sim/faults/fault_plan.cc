#include "sim/faults/fault_plan.h"

#include <algorithm>
#include <memory>

#include "engine/base/check.h"

namespace revenant::sim {
namespace {

// What one entry does at its beginning and at its end.
struct Action {
  std::string kind, detail;
  std::vector<NodeId> nodes;
  std::function<void()> begin, end;
};

std::vector<NodeId> others(const FaultTargets& targets, const std::vector<NodeId>& nodes) {
  std::vector<NodeId> rest = targets.all_nodes();
  std::erase_if(rest, [&](NodeId node) { return std::ranges::find(nodes, node) != nodes.end(); });
  return rest;
}

Action action_of(const FaultOptions& fault, FaultTargets& t) {
  const auto each = [](const std::vector<NodeId>& nodes, auto act) {
    return [nodes, act] {
      for (NodeId node : nodes) act(node);
    };
  };
  // Link faults learn their handle when they begin.
  const auto handle = std::make_shared<uint64_t>(0);
  const auto end_link = [&t, handle] { t.end_link_fault(*handle); };

  if (fault.crash) {
    const auto nodes = t.nodes_of(fault.crash->node);
    return {"crash", "process killed", nodes, each(nodes, [&t](NodeId n) { t.begin_crash(n); }),
            each(nodes, [&t](NodeId n) { t.end_down(n); })};
  }
  if (fault.power_loss) {
    const auto nodes = t.nodes_of(fault.power_loss->node);
    return {"power_loss", "power lost", nodes, [&t, nodes] { t.begin_power_loss(nodes); },
            each(nodes, [&t](NodeId n) { t.end_down(n); })};
  }
  if (fault.pause) {
    const auto nodes = t.nodes_of(fault.pause->node);
    return {"pause", "process paused", nodes, each(nodes, [&t](NodeId n) { t.begin_pause(n); }),
            each(nodes, [&t](NodeId n) { t.end_pause(n); })};
  }
  if (fault.partition) {
    const auto from = t.nodes_of(fault.partition->from);
    const bool rest = !fault.partition->to.all && fault.partition->to.nodes.empty();
    const auto to = rest ? others(t, from) : t.nodes_of(fault.partition->to);
    const bool one_way = fault.partition->one_way;
    return {"partition",
            fmt::format("cut {} {} {}", fmt::join(from, ","), one_way ? "->" : "<->",
                        fmt::join(to, ",")),
            from, [&t, handle, from, to, one_way] { *handle = t.begin_cut(from, to, one_way); },
            end_link};
  }
  if (fault.lag) {
    const auto nodes = t.nodes_of(fault.lag->node);
    const Duration messages = fault.lag->messages, disk = fault.lag->disk;
    const auto change = [&t, messages, disk](int sign) {
      return [&t, messages, disk, sign](NodeId n) {
        t.add_message_lag(n, messages * sign);
        t.add_disk_lag(n, disk * sign);
      };
    };
    return {"lag", fmt::format("messages +{}, disk +{}", messages, disk), nodes,
            each(nodes, change(1)), each(nodes, change(-1))};
  }
  if (fault.link) {
    const auto from = t.nodes_of(fault.link->from), to = t.nodes_of(fault.link->to);
    const Probability loss = fault.link->loss, duplication = fault.link->duplication;
    return {"link", fmt::format("loss {}, duplication {}", to_string(loss), to_string(duplication)),
            from,
            [&t, handle, from, to, loss, duplication] {
              *handle = t.begin_impairment(from, to, loss, duplication);
            },
            end_link};
  }
  CHECK(fault.clock.has_value(), "a fault of no kind");
  const auto nodes = t.nodes_of(fault.clock->node);
  const Duration step = fault.clock->ahead - fault.clock->behind;
  const int64_t ppm = fault.clock->drift_ppm;
  const auto change = [&t, step, ppm](int sign) {
    return [&t, step, ppm, sign](NodeId n) {
      t.step_clock(n, step * sign);
      t.add_drift(n, ppm * sign);
    };
  };
  return {"clock",
          fmt::format("ahead {}, behind {}, drift {} ppm", fault.clock->ahead, fault.clock->behind,
                      ppm),
          nodes, each(nodes, change(1)), each(nodes, change(-1))};
}

}  // namespace

std::vector<FaultWindow> schedule_faults(Kernel& kernel, const std::vector<FaultOptions>& faults,
                                         Instant start, Instant end, FaultTargets& targets) {
  std::vector<FaultWindow> windows;
  for (size_t i = 0; i < faults.size(); ++i) {
    Action action = action_of(faults[i], targets);
    const Instant from = start + faults[i].at;
    const Instant to = faults[i].duration ? std::min(end, from + *faults[i].duration) : end;
    windows.push_back({action.kind, action.nodes, Instant{} + (from - start),
                       Instant{} + (to - start), action.detail});
    const NodeId node = action.nodes.empty() ? NodeId{} : action.nodes.front();
    kernel.at(from, node, EventKind::kFault, 2 * i, std::move(action.begin));
    kernel.at(std::max(from, to), node, EventKind::kFault, 2 * i + 1, std::move(action.end));
  }
  return windows;
}

}  // namespace revenant::sim
