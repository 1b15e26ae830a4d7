// The composition root: builds the kernel, the network, the machines and the clients of one run,
// and takes the run through its phases.
//
//   preload ──> start ──(workload, faults, operations; a sample now and then)──> duration
//           ──(clients done, faults ended)──> settle ──> fingerprint, figures ──> final reading of every replica
//
// Times outside this folder count from the start; the kernel's clock also holds the preload before
// it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "engine/ring/topology.h"
#include "sim/faults/fault_plan.h"
#include "sim/faults/tombstone_census.h"
#include "sim/net/network.h"
#include "sim/record/recorder.h"
#include "sim/scenario/scenario.h"
#include "sim/workload/runner.h"
#include "sim/world/machine.h"

namespace revenant::sim {

// One node's figures since the start. A figure without anything to divide by is 0.
struct NodeFigures {
  NodeId node;
  double write_amplification = 0, read_amplification = 0, space_amplification = 0;
  double sstables_per_read = 0, block_cache_hit_rate = 0, bloom_false_positive_rate = 0;
  uint64_t sstables = 0, tombstones_live = 0, disk_bytes = 0;
  std::map<env::Cause, LedgerRow> ledger;  // both ledgers; they have been found to close
};

// What a sampler sees of the cluster.
struct Snapshot {
  Instant at;
  uint64_t nodes_up = 0;
  uint64_t sstables = 0, tombstones_live = 0;
  uint64_t hints_pending_bytes = 0;
  uint64_t point_reads = 0, sstables_read = 0;  // by replicas since they started
  uint64_t cache_hits = 0, cache_misses = 0;    // likewise
  uint64_t disk_bytes = 0;                      // of all files
  uint64_t bytes_written =
      0;  // file bytes written by WAL, flush, compaction and manifest since the start
  uint64_t bytes_applied = 0;  // keys and values of cells applied since the start
  uint64_t live_bytes = 0;     // of the newest cells, times the replication factor
};

class World final : private FaultTargets {
 public:
  // Draws the ring; nothing runs yet.
  World(const Scenario& scenario, uint64_t seed, std::string command);
  ~World() override;

  Recorder& recorder() { return recorder_; }
  const ring::Topology& topology() const { return *topology_; }
  Kernel& kernel() { return kernel_; }

  // Calls `sample` at the start, every sample_every, and at the end. Sets the figures of the
  // engine, the replication layer and the world in `metrics`, then shows the recorder's observers
  // every replica's final cells.
  void run(const std::function<void(const Snapshot&)>& sample, Metrics& metrics);

  const std::vector<NodeFigures>& nodes() const { return figures_; }
  // From the first sample on; aimed faults join as they begin.
  const FaultPlan& faults() const { return *faults_; }
  Fingerprint fingerprint() const { return fingerprint_; }
  // The latest that the purge rule of any node lets tombstones of the key go from at the end, as far
  // as nodes serve: what final cells are judged by. Clocks may have differed: a tombstone may have
  // passed on one node so much earlier, by the right time, than on another.
  Instant gc_before(uint64_t key) const;

 private:
  // One client machine per session.
  struct ClientMachine;

  void boot_all();
  void preload();
  void start_workloads();
  void plan_faults(Instant end);
  void schedule_operations();
  void schedule_operation(size_t index, Instant at);  // and its repetitions
  void perform(const OperationOptions& operation);
  void change_members(const OperationOptions& operation);
  void finish_clients();
  void read_final_cells();
  Result<void> read_final_cells_of(Machine& machine);  // in a task of its
  // Runs the kernel until `done()`, looking again after each millisecond of virtual time; CHECKs
  // that it happens.
  void run_until(const char* what, const std::function<bool()>& done);
  Snapshot snapshot() const;
  void report(Metrics& metrics) const;
  void report_machines(Metrics& metrics) const;  // clocks, processors, what befell machines
  NodeFigures figures_of(size_t machine, uint64_t live_bytes) const;
  // A node's clock, right up to its error.
  Instant moment() const;
  // By how much two nodes' clocks differed at most, at whatever times.
  Duration clock_skew() const;
  // What a machine's ledger says of the time since the start.
  LedgerRow since_start(size_t machine, env::Cause cause, const LedgerRow& row) const;
  Instant since_start(Instant t) const { return Instant{} + (t - start_); }

  // FaultTargets
  std::vector<NodeId> nodes_of(const NodeSet& set) const override;
  std::optional<NodeId> chosen_by(NodeSelector selector) const override;
  std::vector<NodeId> all_nodes() const override;
  std::vector<NodeId> all_clients() const override;
  void begin_crash(NodeId node) override;
  void begin_power_loss(const std::vector<NodeId>& nodes) override;
  void end_down(NodeId node) override;
  void begin_wipe(NodeId node) override;
  uint64_t take_snapshot(NodeId node) override;
  void begin_restore(NodeId node, uint64_t snapshot) override;
  void begin_swap(NodeId a, NodeId b) override;
  void begin_pause(NodeId node) override;
  void end_pause(NodeId node) override;
  uint64_t begin_cut(const std::vector<NodeId>& from, const std::vector<NodeId>& to,
                     bool one_way) override;
  uint64_t begin_clog(const std::vector<NodeId>& from, const std::vector<NodeId>& to,
                      bool one_way) override;
  uint64_t begin_impairment(const std::vector<NodeId>& from, const std::vector<NodeId>& to,
                            const LinkFault& impairment) override;
  void end_link_fault(uint64_t handle) override;
  void add_message_lag(NodeId node, Duration change) override;
  void add_disk_lag(NodeId node, Duration change) override;
  uint64_t begin_disk_fault(NodeId node, const DiskFault& fault) override;
  void end_disk_fault(NodeId node, uint64_t handle) override;
  void step_clock(NodeId node, Duration change) override;
  void add_drift(NodeId node, int64_t ppm) override;
  void slow_cpu(NodeId node, double factor) override;
  void recover_cpu(NodeId node, double factor) override;

  const Scenario scenario_;  // with its defects planted
  Kernel kernel_;
  Instant start_;
  Recorder recorder_;
  std::unique_ptr<ring::Topology> topology_;
  Network network_;
  std::optional<TombstoneCensus> census_;  // if a fault chooses by it
  std::optional<FaultPlan> faults_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::vector<uint64_t> reasons_down_, reasons_paused_;  // per node: how many faults hold
  using LedgerRows = std::map<env::Cause, LedgerRow>;
  std::vector<LedgerRows> ledgers_at_start_;
  std::vector<MachineTotals> totals_at_start_;
  KeySpace keys_;
  std::vector<std::unique_ptr<ClientMachine>> clients_;
  std::vector<std::unique_ptr<WorkloadRunner>> runners_;
  std::vector<DiskContents> snapshots_;
  uint64_t clock_faults_ = 0;
  uint64_t truncations_ = 0;
  std::vector<NodeFigures> figures_;
  Fingerprint fingerprint_;
};

}  // namespace revenant::sim
