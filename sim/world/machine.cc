#include "sim/world/machine.h"

#include "engine/base/check.h"

namespace revenant::sim {
namespace {

Duration clock_offset(Random& random, const ClockOptions& options) {
  if (options.offset_max == Duration{}) return {};
  return {random.between(-options.offset_max.ns, options.offset_max.ns)};
}
int64_t clock_drift(Random& random, const ClockOptions& options) {
  if (options.drift_ppm_max == 0) return 0;
  return random.between(-options.drift_ppm_max, options.drift_ppm_max);
}
NodeClock make_clock(Kernel& kernel, NodeId id, const ClockOptions& options) {
  Random random = kernel.stream(fmt::format("clock/{}", id.value));
  const Duration offset = clock_offset(random, options);
  const int64_t drift = clock_drift(random, options);
  return NodeClock(kernel, offset, drift);
}

// Adds the counts of an ended process; gauges (levels, bytes pending) die with it.
void add(replication::NodeMetrics& sum, const replication::NodeMetrics& m) {
  sum.lsm.user_bytes_written += m.lsm.user_bytes_written;
  for (size_t i = 0; i < lsm::kPurgeReasons; ++i)
    sum.lsm.purge_decisions[i] += m.lsm.purge_decisions[i];
  sum.lsm.shadowed_dropped += m.lsm.shadowed_dropped;
  sum.lsm.reads += m.lsm.reads;
  sum.lsm.block_cache_hits += m.lsm.block_cache_hits;
  sum.lsm.block_cache_misses += m.lsm.block_cache_misses;
  sum.replica.cells_applied += m.replica.cells_applied;
  sum.replica.reads += m.replica.reads;
  sum.replica.trees += m.replica.trees;
  sum.replica.cells_streamed += m.replica.cells_streamed;
  sum.coordinator.writes += m.coordinator.writes;
  sum.coordinator.reads += m.coordinator.reads;
  sum.coordinator.scans += m.coordinator.scans;
  sum.coordinator.unavailable += m.coordinator.unavailable;
  sum.coordinator.timeouts += m.coordinator.timeouts;
  sum.coordinator.digest_mismatches += m.coordinator.digest_mismatches;
  sum.coordinator.read_repairs += m.coordinator.read_repairs;
  sum.hints.written += m.hints.written;
  sum.hints.delivered += m.hints.delivered;
  sum.hints.expired += m.hints.expired;
  sum.hints.beyond_window += m.hints.beyond_window;
  sum.hints.failed += m.hints.failed;
  sum.repair.sessions += m.repair.sessions;
  sum.repair.ranges_repaired += m.repair.ranges_repaired;
  sum.repair.ranges_failed += m.repair.ranges_failed;
  sum.repair.ranges_differing += m.repair.ranges_differing;
  sum.repair.cells_streamed += m.repair.cells_streamed;
}

}  // namespace

// What one life of the node needs of the world; all of it dies with the process.
struct Machine::Process {
  Process(Machine& machine)
      : group(machine.kernel_.new_group(machine.id_)),
        tasks(machine.kernel_, group),
        files(machine.disk_.mount()),
        transport(machine.network_.attach(machine.id_)) {}
  GroupId group;
  GroupTasks tasks;
  std::unique_ptr<env::FileSystem> files;
  std::unique_ptr<env::Transport> transport;
};

Machine::Machine(Kernel& kernel, Network& network, Recorder& recorder, const ring::Ring& ring,
                 const Scenario& scenario, NodeId id)
    : kernel_(kernel),
      network_(network),
      recorder_(recorder),
      ring_(ring),
      scenario_(scenario),
      id_(id),
      clock_(make_clock(kernel, id, scenario.cluster.clocks)),
      disk_(kernel, id, scenario.disk) {}

Machine::~Machine() {
  if (process_ == nullptr) return;
  disk_.kill_process();
  end_process();
}

void Machine::boot() {
  CHECK(process_ == nullptr, "{} is already running", id_);
  process_ = std::make_unique<Process>(*this);
  ++totals_.boots;
  const env::Environment environment{clock_, *process_->files, process_->tasks,
                                     recorder_.sink(id_)};
  spawn("boot", [this, environment] {
    const Random random = kernel_.stream(fmt::format("node/{}/{}", id_.value, totals_.boots));
    auto node = replication::Node::start(environment, *process_->transport, ring_,
                                         scenario_.storage, scenario_.replication, random);
    // Nothing but crashes befalls these disks, and recovery survives every crash.
    CHECK(node.has_value(), "{} does not start: {}", id_, node.error());
    totals_.wal_bytes_dropped += (*node)->db().recovery().wal_dropped_bytes;
    node_ = std::move(*node);
  });
}

void Machine::spawn(const char* name, std::move_only_function<void()> body) {
  CHECK(process_ != nullptr, "{} is down", id_);
  kernel_.spawn(process_->group, name, std::move(body));
}

void Machine::end_process() {
  network_.detach(id_);
  kernel_.kill(process_->group);
  if (node_ != nullptr) add(totals_.node, node_->metrics());
  node_.reset();
  process_.reset();
}

void Machine::kill_process() {
  if (process_ == nullptr) return;
  disk_.kill_process();
  end_process();
  ++totals_.crashes;
}

void Machine::lose_power() {
  const CrashReport report = disk_.lose_power();
  if (process_ != nullptr) end_process();
  totals_.pages_lost += report.pages_lost + report.pages_torn;
  ++totals_.power_losses;
}

void Machine::pause() {
  if (process_ == nullptr) return;
  kernel_.pause(process_->group);
  network_.pause(id_);
}

void Machine::resume() {
  if (process_ == nullptr) return;
  kernel_.resume(process_->group);
  network_.resume(id_);
}

void Machine::add_disk_lag(Duration change) {
  disk_lag_ += change;
  disk_.set_lag(disk_lag_);
}

MachineTotals Machine::totals() const {
  MachineTotals totals = totals_;
  if (node_ != nullptr) {
    const replication::NodeMetrics now = node_->metrics();
    add(totals.node, now);
    totals.node.lsm.levels = now.lsm.levels;
    totals.node.hints_pending_bytes = now.hints_pending_bytes;
  }
  return totals;
}

}  // namespace revenant::sim
