// What each kind of fault does at its beginning and at its end.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/faults/fault_targets.h"
#include "sim/scenario/fault_options.h"

namespace revenant::sim {

struct Action {
  std::string detail;         // for people
  std::vector<NodeId> nodes;  // whom it concerns
  // Called in turn, as often as the fault flaps; `targets` outlives both.
  std::function<void()> begin, end;
  // Called once before, at this time of the run.
  std::optional<std::pair<Duration, std::function<void()>>> prepare{};
};

// machine_faults.cc
Action action_of(const CrashFault& fault, FaultTargets& targets);
Action action_of(const PowerLossFault& fault, FaultTargets& targets);
Action action_of(const PauseFault& fault, FaultTargets& targets);
Action action_of(const LagFault& fault, FaultTargets& targets);
Action action_of(const ClockFault& fault, FaultTargets& targets);
Action action_of(const SlowCpuFault& fault, FaultTargets& targets);
Action action_of(const WipeFault& fault, FaultTargets& targets);
Action action_of(const RestoreFault& fault, FaultTargets& targets);
Action action_of(const SwapDisksFault& fault, FaultTargets& targets);
// network_faults.cc
Action action_of(const PartitionFault& fault, FaultTargets& targets);
Action action_of(const IsolateFault& fault, FaultTargets& targets);
Action action_of(const BridgeFault& fault, FaultTargets& targets);
Action action_of(const RingFault& fault, FaultTargets& targets);
Action action_of(const ClogFault& fault, FaultTargets& targets);
Action action_of(const LinkFault& fault, FaultTargets& targets);

// disk_faults.cc, for each kind of fault on disks
template <typename Fault>
Action action_of(const OnDisks<Fault>& fault, FaultTargets& targets);

// Does `act` to each of the nodes.
template <typename Act>
std::function<void()> each(const std::vector<NodeId>& nodes, Act act) {
  return [nodes, act] {
    for (NodeId node : nodes) act(node);
  };
}

}  // namespace revenant::sim
