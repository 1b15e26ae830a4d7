#include <fmt/format.h>

#include <memory>

#include "engine/base/check.h"
#include "sim/faults/action.h"

namespace revenant::sim {

Action action_of(const CrashFault& fault, FaultTargets& t) {
  const auto nodes = t.nodes_of(fault.node);
  return {"process killed", nodes, each(nodes, [&t](NodeId n) { t.begin_crash(n); }),
          each(nodes, [&t](NodeId n) { t.end_down(n); })};
}

Action action_of(const PowerLossFault& fault, FaultTargets& t) {
  const auto nodes = t.nodes_of(fault.node);
  return {"power lost", nodes, [&t, nodes] { t.begin_power_loss(nodes); },
          each(nodes, [&t](NodeId n) { t.end_down(n); })};
}

Action action_of(const PauseFault& fault, FaultTargets& t) {
  const auto nodes = t.nodes_of(fault.node);
  return {"process paused", nodes, each(nodes, [&t](NodeId n) { t.begin_pause(n); }),
          each(nodes, [&t](NodeId n) { t.end_pause(n); })};
}

Action action_of(const LagFault& fault, FaultTargets& t) {
  const auto nodes = t.nodes_of(fault.node);
  const Duration messages = fault.messages, disk = fault.disk;
  const auto change = [&t, messages, disk](int sign) {
    return [&t, messages, disk, sign](NodeId n) {
      t.add_message_lag(n, messages * sign);
      t.add_disk_lag(n, disk * sign);
    };
  };
  return {fmt::format("messages +{}, disk +{}", messages, disk), nodes, each(nodes, change(1)),
          each(nodes, change(-1))};
}

Action action_of(const ClockFault& fault, FaultTargets& t) {
  const auto nodes = t.nodes_of(fault.node);
  const Duration step = fault.ahead - fault.behind;
  const int64_t ppm = fault.drift_ppm;
  const auto change = [&t, step, ppm](int sign, bool and_step) {
    return [&t, step, ppm, sign, and_step](NodeId n) {
      if (and_step) t.step_clock(n, step * sign);
      t.add_drift(n, ppm * sign);
    };
  };
  return {fmt::format("ahead {}, behind {}, drift {} ppm", fault.ahead, fault.behind, ppm), nodes,
          each(nodes, change(1, true)), each(nodes, change(-1, !fault.keep))};
}

Action action_of(const SlowCpuFault& fault, FaultTargets& t) {
  const auto nodes = t.nodes_of(fault.node);
  const double factor = fault.factor;
  return {fmt::format("processor {} times slower", factor), nodes,
          each(nodes, [&t, factor](NodeId n) { t.slow_cpu(n, factor); }),
          each(nodes, [&t, factor](NodeId n) { t.recover_cpu(n, factor); })};
}

Action action_of(const WipeFault& fault, FaultTargets& t) {
  const auto nodes = t.nodes_of(fault.node);
  return {"disk emptied", nodes, each(nodes, [&t](NodeId n) { t.begin_wipe(n); }),
          each(nodes, [&t](NodeId n) { t.end_down(n); })};
}

Action action_of(const RestoreFault& fault, FaultTargets& t) {
  const auto nodes = t.nodes_of(fault.node);
  const auto snapshots = std::make_shared<std::vector<uint64_t>>();
  return {fmt::format("disk as it was at {}", fault.taken), nodes,
          [&t, nodes, snapshots] {
            for (size_t i = 0; i < nodes.size(); ++i) t.begin_restore(nodes[i], (*snapshots)[i]);
          },
          each(nodes, [&t](NodeId n) { t.end_down(n); }),
          std::pair(fault.taken, std::function<void()>(each(nodes, [&t, snapshots](NodeId n) {
                      snapshots->push_back(t.take_snapshot(n));
                    })))};
}

Action action_of(const SwapDisksFault& fault, FaultTargets& t) {
  const auto nodes = t.nodes_of(fault.node);
  CHECK(nodes.size() == 2, "nodes={}", nodes.size());
  return {"disks exchanged", nodes, [&t, nodes] { t.begin_swap(nodes[0], nodes[1]); },
          each(nodes, [&t](NodeId n) { t.end_down(n); })};
}

}  // namespace revenant::sim
