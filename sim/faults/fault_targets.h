// What faults do, as verbs of the world.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/settings.h"
#include "sim/disk/fault_options.h"
#include "sim/scenario/fault_options.h"

namespace revenant::sim {

// What a fault can do. Every begin is matched by one end, also at the end of the plan; the same
// node can be down, cut off or late for several reasons at once. Called outside tasks.
class FaultTargets {
 public:
  virtual ~FaultTargets() = default;
  // Of a set without a selector.
  virtual std::vector<NodeId> nodes_of(const NodeSet& set) const = 0;
  // Whom a selector that needs no event chooses now.
  virtual std::optional<NodeId> chosen_by(NodeSelector selector) const = 0;
  virtual std::vector<NodeId> all_nodes() const = 0;
  virtual std::vector<NodeId> all_clients() const = 0;

  virtual void begin_crash(NodeId node) = 0;
  virtual void begin_power_loss(const std::vector<NodeId>& nodes) = 0;
  virtual void end_down(
      NodeId node) = 0;  // of either: the node starts when no reason to be down is left
  // Power losses after which the disk holds something else; also ended by end_down().
  virtual void begin_wipe(NodeId node) = 0;
  virtual uint64_t take_snapshot(NodeId node) = 0;
  virtual void begin_restore(NodeId node, uint64_t snapshot) = 0;
  virtual void begin_swap(NodeId a, NodeId b) = 0;
  virtual void begin_pause(NodeId node) = 0;
  virtual void end_pause(NodeId node) = 0;
  // Each returns a handle for its end.
  virtual uint64_t begin_cut(const std::vector<NodeId>& from, const std::vector<NodeId>& to,
                             bool one_way) = 0;
  virtual uint64_t begin_clog(const std::vector<NodeId>& from, const std::vector<NodeId>& to,
                              bool one_way) = 0;
  virtual uint64_t begin_impairment(const std::vector<NodeId>& from, const std::vector<NodeId>& to,
                                    const LinkFault& impairment) = 0;
  virtual void end_link_fault(uint64_t handle) = 0;
  virtual void add_message_lag(NodeId node, Duration change) = 0;
  virtual void add_disk_lag(NodeId node, Duration change) = 0;
  virtual uint64_t begin_disk_fault(NodeId node, const DiskFault& fault) = 0;
  virtual void end_disk_fault(NodeId node, uint64_t handle) = 0;
  virtual void step_clock(NodeId node, Duration change) = 0;
  virtual void add_drift(NodeId node, int64_t ppm) = 0;
  virtual void slow_cpu(NodeId node, double factor) = 0;
  virtual void recover_cpu(NodeId node, double factor) = 0;
};

}  // namespace revenant::sim
