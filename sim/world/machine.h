// One machine of the cluster: a disk and a clock that outlast its processes, and the process that
// runs now, if any.
//
//   boot ──> starting ──> serving ──(kill, power loss)──> down ──> boot …
//
// At a death the seam goes dead first (no file, no message), then the process's tasks are unwound,
// then its objects go; the disk then keeps what the kind of death leaves.
#pragma once

#include <memory>
#include <optional>

#include "engine/replication/node.h"
#include "sim/disk/sim_disk.h"
#include "sim/kernel/kernel.h"
#include "sim/net/network.h"
#include "sim/record/recorder.h"
#include "sim/scenario/scenario.h"
#include "sim/world/clock_discipline.h"
#include "sim/world/cpu.h"
#include "sim/world/node_clock.h"

namespace revenant::sim {

// Summed over all lives of a machine's processes.
struct MachineTotals {
  replication::NodeMetrics node;
  uint64_t boots = 0, failed_starts = 0, crashes = 0, power_losses = 0;
  uint64_t wal_bytes_dropped = 0;
  uint64_t pages_lost = 0;
  uint64_t disks_replaced = 0, pauses = 0;
};

class Machine {
 public:
  // All references outlive the machine.
  Machine(Kernel& kernel, Network& network, Recorder& recorder, ring::Topology& topology,
          const Scenario& scenario, NodeId id);
  ~Machine();
  Machine(const Machine&) = delete;

  // Starts a process, which recovers and then serves. If it cannot, for what a disk that breaks its
  // promises did to its files, it is started anew every 10 s. Only while it is down.
  void boot();
  // Ends it. No effect while it is down, except that a power loss always takes the page cache.
  void kill_process();
  void lose_power();
  // Ends it likewise, and the disk then holds these files.
  void replace_disk(const DiskContents& contents);
  void pause();
  void resume();
  // Of the process that runs now, and of those to come.
  void set_gc_grace(Duration gc_grace);

  bool serving() const { return node_ != nullptr; }
  // Its process cannot recover what the disk left of its files, and tries again now and then.
  bool start_failed() const { return start_failed_; }
  // The node that serves now; null while there is none.
  replication::Node* node() { return node_.get(); }
  // Runs `body` as a task of the process that runs now.
  void spawn(const char* name, std::move_only_function<void()> body);
  NodeId id() const { return id_; }
  NodeClock& clock() { return clock_; }
  // Added to the latency of each operation of its disk from now on; a negative change takes it
  // back.
  void add_disk_lag(Duration change);
  SimDisk& disk() { return disk_; }
  const SimDisk& disk() const { return disk_; }
  DiskContents snapshot() { return disk_.snapshot(); }
  // Null if work takes no time.
  Cpu* cpu() { return cpu_ ? &*cpu_ : nullptr; }
  const Cpu* cpu() const { return cpu_ ? &*cpu_ : nullptr; }
  const ClockDiscipline& clock_discipline() const { return discipline_; }

  // With the process that runs now.
  MachineTotals totals() const;

 private:
  struct Process;
  class PaidTransport;

  void cut_power();
  // Unwinds the tasks and takes the objects down; the disk must be dead already.
  void end_process();

  Kernel& kernel_;
  Network& network_;
  Recorder& recorder_;
  ring::Topology& topology_;
  const Scenario& scenario_;
  lsm::LsmOptions storage_;  // as operators have left it
  NodeId id_;
  NodeClock clock_;
  ClockDiscipline discipline_;
  std::optional<Cpu> cpu_;
  SimDisk disk_;
  Duration disk_lag_;
  MachineTotals totals_;  // of ended processes
  bool start_failed_ = false;
  std::unique_ptr<Process> process_;
  std::unique_ptr<replication::Node> node_;
};

}  // namespace revenant::sim
