#include <fmt/format.h>

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
  const auto change = [&t, step, ppm](int sign) {
    return [&t, step, ppm, sign](NodeId n) {
      t.step_clock(n, step * sign);
      t.add_drift(n, ppm * sign);
    };
  };
  return {fmt::format("ahead {}, behind {}, drift {} ppm", fault.ahead, fault.behind, ppm), nodes,
          each(nodes, change(1)), each(nodes, change(-1))};
}

}  // namespace revenant::sim
