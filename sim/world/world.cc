#include "sim/world/world.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/check.h"
#include "sim/faults/drawn_ring.h"
#include "sim/record/key.h"
#include "sim/workload/value.h"

namespace revenant::sim {
namespace {

// Preloaded cells are older than anything a client can stamp, whatever its clock.
constexpr Version kPreloadVersion{1};

// The store's own writing, as the literature counts write amplification. Hints are the replication
// layer's.
bool amplifies_writes(env::Cause cause) {
  using enum env::CauseKind;
  return cause.kind == kWal || cause.kind == kFlush || cause.kind == kCompaction ||
         cause.kind == kManifest;
}

// Defects where the engine looks for them. Those that are guards of the purge rule take the guard
// away.
Scenario planted(Scenario scenario) {
  lsm::PurgeGuards& guards = scenario.storage.purge_guards;
  for (const Defect defect : scenario.defects) {
    scenario.storage.defects.plant(defect);
    scenario.storage.sstable.defects.plant(defect);
    scenario.replication.defects.plant(defect);
    guards.grace &= defect != Defect::kPurgeIgnoresGrace;
    guards.sstables &= defect != Defect::kPurgeIgnoresOverlap;
    // What is in a memtable is in the log: each of the two guards covers for the other.
    guards.memtables &= defect != Defect::kPurgeIgnoresMemtable;
    guards.log &= defect != Defect::kPurgeIgnoresMemtable;
  }
  return scenario;
}

double ratio(uint64_t a, uint64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

Duration sample_period(const Scenario& scenario) {
  if (scenario.sample_every > Duration{}) return scenario.sample_every;
  return std::max(scenario.duration / 100, Duration{1});
}

}  // namespace

struct World::ClientMachine {
  ClientMachine(Kernel& kernel, Network& network, NodeId id, const ClockOptions& clocks,
                replication::Timestamps timestamps)
      : clock(NodeClock::drawn(kernel, id, clocks)),
        discipline(kernel, id, clock, clocks),
        group(kernel.new_group(id)),
        tasks(kernel, group),
        transport(network.attach(id)),
        environment{clock, no_files, tasks, no_events},
        hybrid(clock),
        messenger(environment, *transport, nullptr,
                  timestamps == replication::Timestamps::kHlc ? &hybrid : nullptr) {}

  // Clients keep nothing.
  class NoFiles final : public env::FileSystem {
   public:
    Result<std::unique_ptr<env::AppendFile>> create(const std::string& p) override {
      return refuse(p);
    }
    Result<std::unique_ptr<env::ReadFile>> open(const std::string& p) override { return refuse(p); }
    Result<void> remove(const std::string& p) override { return refuse(p); }
    Result<void> rename(const std::string& p, const std::string&) override { return refuse(p); }
    bool exists(const std::string&) override { return false; }
    Result<std::vector<std::string>> list(const std::string& p) override { return refuse(p); }
    Result<void> make_directory(const std::string& p) override { return refuse(p); }
    Result<void> sync_directory(const std::string& p, env::Cause) override { return refuse(p); }

   private:
    static std::unexpected<Error> refuse(const std::string& path) {
      return error(ErrorCode::kIo, "{}: a client machine has no disk", path);
    }
  };

  NoFiles no_files;
  env::EventSink no_events;
  NodeClock clock;
  ClockDiscipline discipline;
  GroupId group;
  GroupTasks tasks;
  std::unique_ptr<env::Transport> transport;
  env::Environment environment;
  replication::HybridClock hybrid;
  replication::Messenger messenger;
};

World::World(const Scenario& scenario, uint64_t seed, std::string command)
    : scenario_(planted(scenario)),
      kernel_(seed),
      recorder_([this] { return since_start(kernel_.now()); }),
      topology_(drawn_topology(scenario, seed)),
      network_(kernel_, scenario.network),
      reasons_down_(static_cast<size_t>(scenario.cluster.nodes)),
      reasons_paused_(static_cast<size_t>(scenario.cluster.nodes)) {
  kernel_.set_command(std::move(command));
  for (NodeId node : topology_->nodes()) {
    network_.place(node, place_of_node(scenario.cluster.placement, node.value));
    machines_.push_back(
        std::make_unique<Machine>(kernel_, network_, recorder_, *topology_, scenario_, node));
  }
}

// Clients' tasks hold references into their runners: they are unwound before either goes.
World::~World() {
  for (const auto& client : clients_) {
    network_.detach(client->transport->self());
    kernel_.kill(client->group);
  }
}

void World::run(const std::function<void(const Snapshot&)>& sample, Metrics& metrics) {
  boot_all();
  preload();
  // The run starts on a whole second, so that times in reports are easy to add.
  start_ = Instant{(kernel_.now().ns / seconds(1).ns + 1) * seconds(1).ns};
  kernel_.run_until(start_);
  recorder_.begin_measuring();
  recorder_.ring_changed(topology_->ring());
  // Like a node of its own that only looks.
  topology_->subscribe(NodeId{UINT32_MAX}, [this] { recorder_.ring_changed(topology_->ring()); });
  for (const auto& machine : machines_) {
    ledgers_at_start_.push_back(machine->disk().ledger().rows());
    totals_at_start_.push_back(machine->totals());
  }

  const Instant end = start_ + scenario_.duration;
  plan_faults(end);
  schedule_operations();
  start_workloads();
  sample(snapshot());
  const Duration period = sample_period(scenario_);
  for (Instant next = start_ + period; next < end; next += period) {
    kernel_.run_until(next);
    sample(snapshot());
  }
  kernel_.run_until(end);
  finish_clients();
  kernel_.run_until(std::max(kernel_.now(), end + scenario_.settle));
  sample(snapshot());
  run_until("every node serves, or cannot", [this] {
    return std::ranges::all_of(machines_, [](const auto& machine) {
      return machine->serving() || machine->start_failed();
    });
  });
  fingerprint_ = kernel_.fingerprint();
  for (const auto& machine : machines_) {
    const auto closed = machine->disk().verify();
    CHECK(closed.has_value(), "{}'s ledgers do not close: {}", machine->id(), closed.error());
  }
  report(metrics);
  std::vector<uint64_t> live_bytes(machines_.size());
  for (uint64_t key = 0; key < keys_.count; ++key) {
    for (NodeId node : topology_->ring().replicas_of_key(key_name(key)))
      live_bytes[node.value] += recorder_.live_bytes_of(key);
  }
  for (size_t i = 0; i < machines_.size(); ++i) figures_.push_back(figures_of(i, live_bytes[i]));
  read_final_cells();
}

void World::run_until(const char* what, const std::function<bool()>& done) {
  // A day of virtual time is far more than any recovery or answer takes.
  const Instant limit = kernel_.now() + hours(24);
  while (!done()) {
    CHECK(kernel_.now() < limit, "waited in vain: {}; what every task waits for:\n{}", what,
          to_text(kernel_.waiting()));
    kernel_.run_until(kernel_.now() + milliseconds(1));
  }
}

void World::boot_all() {
  for (const auto& machine : machines_) machine->boot();
  run_until("every node serves", [this] {
    return std::ranges::all_of(machines_, [](const auto& machine) { return machine->serving(); });
  });
}

// Each node writes its own share, as a restored backup would: no coordinator, no messages.
void World::preload() {
  keys_.count = static_cast<uint64_t>(scenario_.preload.keys);
  if (keys_.count == 0) return;
  for (uint64_t key = 0; key < keys_.count; ++key) {
    const WriteId write = recorder_.begin_write(key);
    CHECK(write.value == key + 1);
    recorder_.preloaded(key, write, kPreloadVersion);
  }
  size_t done = 0;
  for (const auto& machine : machines_) {
    machine->spawn("preload", [this, &done, m = machine.get()] {
      lsm::Db& db = m->node()->db();
      lsm::WriteBatch batch;
      const auto write_batch = [&] {
        const auto written = db.write(std::exchange(batch, {}));
        CHECK(written.has_value(), "{}: preload: {}", m->id(), written.error());
      };
      for (uint64_t key = 0; key < keys_.count; ++key) {
        const Buffer name = key_name(key);
        const std::vector<NodeId>& replicas = topology_->ring().replicas_of_key(name);
        if (std::ranges::find(replicas, m->id()) == replicas.end()) continue;
        batch.put(
            ring::storage_key(name),
            encode_value(WriteId{key + 1}, static_cast<size_t>(scenario_.preload.value_size.bytes)),
            kPreloadVersion);
        if (batch.entries.size() == 64) write_batch();
      }
      if (!batch.entries.empty()) write_batch();
      const auto flushed = db.flush();
      CHECK(flushed.has_value(), "{}: preload: {}", m->id(), flushed.error());
      db.wait_idle();
      ++done;
    });
  }
  run_until("the preload ends", [&] { return done == machines_.size(); });
}

void World::start_workloads() {
  auto next_id = static_cast<uint32_t>(scenario_.cluster.nodes);
  for (const WorkloadOptions& options : scenario_.workload) {
    std::vector<Seat> seats;
    for (int64_t i = 0; i < options.clients; ++i) {
      Place place = dealt_place(scenario_.cluster.placement, static_cast<int64_t>(clients_.size()));
      place.region = options.region.value_or(place.region);
      place.zone = options.zone.value_or(place.zone);
      place.rack = options.rack.value_or(place.rack);
      network_.place(NodeId{next_id}, place);
      clients_.push_back(std::make_unique<ClientMachine>(kernel_, network_, NodeId{next_id++},
                                                         scenario_.cluster.clocks,
                                                         scenario_.replication.timestamps));
      seats.push_back({clients_.back()->environment, &clients_.back()->messenger});
    }
    runners_.push_back(std::make_unique<WorkloadRunner>(
        kernel_, options, scenario_, keys_, recorder_, seats, start_, start_ + scenario_.duration));
    runners_.back()->start();
  }
}

void World::finish_clients() {
  run_until("every client has its answer", [this] {
    return std::ranges::all_of(runners_, [](const auto& runner) { return runner->running() == 0; });
  });
}

void World::plan_faults(Instant end) {
  if (uses(scenario_.faults, NodeSelector::kMostMissingTombstones))
    recorder_.add(census_.emplace(*topology_));
  const auto tell = [this](const FaultWindow& window, std::string_view what) {
    recorder_.fault(fmt::format("{}", fmt::join(window.nodes, ",")),
                    fmt::format("{} {} ({})", window.kind, what, window.detail));
  };
  faults_.emplace(kernel_, scenario_.faults,
                  FaultPlan::Run{start_, end, scenario_.storage.gc_grace},
                  static_cast<FaultTargets&>(*this), tell);
  if (faults_->aimed() > 0) recorder_.add(faults_->watch());
}

void World::schedule_operations() {
  for (size_t i = 0; i < scenario_.operations.size(); ++i) {
    const OperationOptions& operation = scenario_.operations[i];
    schedule_operation(i, start_ + (operation.at ? *operation.at : *operation.every));
  }
}

void World::schedule_operation(size_t index, Instant at) {
  if (at >= start_ + scenario_.duration) return;
  kernel_.at(at, NodeId{}, EventKind::kTimer, index, [this, index, at] {
    const OperationOptions& operation = scenario_.operations[index];
    perform(operation);
    if (operation.every) schedule_operation(index, at + *operation.every);
  });
}

// A node that is down is passed over. An error of the database shows in its next write.
void World::perform(const OperationOptions& operation) {
  const auto each = [this](const std::optional<NodeSet>& set, const char* name, auto act) {
    if (!set) return;
    for (NodeId node : nodes_of(*set)) {
      Machine* machine = machines_[node.value].get();
      if (machine->serving()) machine->spawn(name, [machine, act] { act(*machine->node()); });
    }
  };
  each(operation.flush, "operator flush", [](replication::Node& node) { (void)node.db().flush(); });
  each(operation.compact, "operator compact",
       [](replication::Node& node) { (void)node.db().compact(); });
  each(operation.repair, "operator repair", [](replication::Node& node) { node.repair().run(); });
  each(operation.preview, "operator preview",
       [](replication::Node& node) { node.repair().preview(); });
  each(operation.truncate, "operator truncation", [this](replication::Node& node) {
    const Instant began = since_start(kernel_.now());
    // What was stamped before now, in microseconds.
    const Version version{static_cast<uint64_t>((moment() - Instant{}).ns / 1000)};
    if (!node.truncate()) return;
    ++truncations_;
    recorder_.truncated(began, version);
  });
  change_members(operation);
  if (operation.alter) {
    for (const auto& machine : machines_) machine->set_gc_grace(operation.alter->gc_grace);
  }
}

void World::change_members(const OperationOptions& operation) {
  const auto begin = [this](NodeId node, auto act) {
    Machine* machine = machines_[node.value].get();
    if (!machine->serving()) return;
    machine->spawn("change of membership", [machine, act] { act(machine->node()->membership()); });
  };
  using replication::Membership;
  for (const auto& [set, act] : {std::pair{&operation.bootstrap, &Membership::bootstrap},
                                 {&operation.decommission, &Membership::decommission},
                                 {&operation.move, &Membership::move}}) {
    if (!*set) continue;
    for (NodeId node : nodes_of(**set)) begin(node, [act](Membership& m) { (m.*act)(); });
  }
  if (operation.replace) {
    const NodeId dead{static_cast<uint32_t>(operation.replace->dead)};
    begin(NodeId{static_cast<uint32_t>(operation.replace->node)},
          [dead](Membership& m) { m.replace(dead); });
  }
  if (operation.cleanup) {
    for (NodeId node : nodes_of(*operation.cleanup)) {
      begin(node, [this, node](Membership& m) {
        if (m.cleanup()) recorder_.cleaned(node);
      });
    }
  }
  const ring::Topology::Change* change = topology_->change();
  if (operation.abort && change != nullptr) {
    const std::vector<NodeId> nodes = nodes_of(*operation.abort);
    if (std::ranges::find(nodes, change->node) != nodes.end()) topology_->abort();
  }
}

Result<void> World::read_final_cells_of(Machine& machine) {
  ASSIGN_OR_RETURN(const auto scan,
                   machine.node()->db().scan({}, {}, {.cause = {env::CauseKind::kRepair}}));
  for (; scan->valid(); scan->next()) {
    recorder_.final_cell(machine.id(), *key_index(ring::key_of_storage_key(scan->key())),
                         scan->cell().at(moment()));
  }
  return scan->status();
}

void World::read_final_cells() {
  size_t done = 0;
  const auto unread = [this](const Machine& machine, const Error& error) {
    CHECK(!machine.disk().keeps_promises(), "{}: final reading: {}", machine.id(), error);
    recorder_.final_unread(machine.id());
  };
  for (const auto& machine : machines_) {
    if (!machine->serving()) {
      recorder_.final_unread(machine->id());
      ++done;
      continue;
    }
    machine->spawn("final reading", [this, &done, &unread, m = machine.get()] {
      if (const auto read = read_final_cells_of(*m); !read.has_value()) unread(*m, read.error());
      ++done;
    });
  }
  run_until("every replica is read", [&] { return done == machines_.size(); });
}

Instant World::gc_before(uint64_t key) const {
  const Buffer storage_key = ring::storage_key(key_name(key));
  Instant latest{INT64_MIN};
  for (const auto& machine : machines_) {
    if (!machine->serving()) continue;
    const lsm::GcRule& gc = machine->node()->db().gc();
    latest = std::max(latest, gc.of(storage_key, moment() + clock_skew()).before);
  }
  return latest;
}

Instant World::moment() const { return kernel_.now() + kNodeEpoch; }

Duration World::clock_skew() const {
  Duration least, most;
  for (const auto& machine : machines_) {
    const NodeClock::Errors errors = machine->clock().errors();
    least = std::min(least, errors.least);
    most = std::max(most, errors.most);
  }
  return most - least;
}

Snapshot World::snapshot() const {
  Snapshot s;
  s.at = since_start(kernel_.now());
  for (size_t i = 0; i < machines_.size(); ++i) {
    const Machine& machine = *machines_[i];
    s.nodes_up += machine.serving() ? 1 : 0;
    const replication::NodeMetrics node = machine.totals().node;
    for (const lsm::LevelMetrics& level : node.lsm.levels) {
      s.sstables += level.sstables;
      s.tombstones_live += level.tombstones;
    }
    s.hints_pending_bytes += node.hints_pending_bytes;
    s.point_reads += node.replica.reads;
    s.sstables_read += node.lsm.reads.sstables;
    s.cache_hits += node.lsm.block_cache_hits;
    s.cache_misses += node.lsm.block_cache_misses;
    s.disk_bytes += machine.disk().used_bytes();
    for (const auto& [cause, row] : machine.disk().ledger().rows()) {
      if (amplifies_writes(cause)) s.bytes_written += since_start(i, cause, row).file_bytes_written;
    }
  }
  s.bytes_applied = recorder_.bytes_applied();
  s.live_bytes = recorder_.live_bytes_one_copy() *
                 std::min(static_cast<uint64_t>(topology_->factor().total()),
                          static_cast<uint64_t>(topology_->ring().nodes().size()));
  return s;
}

LedgerRow World::since_start(size_t machine, env::Cause cause, const LedgerRow& row) const {
  const LedgerRows& start = ledgers_at_start_[machine];
  auto before = start.find(cause);
  LedgerRow change = row;
  if (before == start.end()) return change;
  change.file_bytes_written -= before->second.file_bytes_written;
  change.file_bytes_read -= before->second.file_bytes_read;
  change.device_bytes_written -= before->second.device_bytes_written;
  change.device_bytes_read -= before->second.device_bytes_read;
  return change;
}

NodeFigures World::figures_of(size_t machine, uint64_t live_bytes) const {
  NodeFigures f;
  f.node = machines_[machine]->id();
  uint64_t written = 0;
  for (const auto& [cause, row] : machines_[machine]->disk().ledger().rows()) {
    const LedgerRow change = since_start(machine, cause, row);
    f.ledger.emplace(cause, change);
    if (amplifies_writes(cause)) written += change.file_bytes_written;
  }
  const replication::NodeMetrics node = machines_[machine]->totals().node;
  for (const lsm::LevelMetrics& level : node.lsm.levels) {
    f.sstables += level.sstables;
    f.tombstones_live += level.tombstones;
  }
  f.disk_bytes = machines_[machine]->disk().used_bytes();
  const auto share = [](uint64_t a, uint64_t b) { return b == 0 ? 0 : ratio(a, b); };
  const sstable::ReadCounters& reads = node.lsm.reads;
  f.write_amplification = share(written, recorder_.bytes_applied(f.node));
  f.read_amplification =
      share(reads.blocks_from_cache + reads.blocks_from_file, node.replica.reads);
  f.sstables_per_read = share(reads.sstables, node.replica.reads);
  f.bloom_false_positive_rate =
      share(reads.filter_false_positives, reads.filter_negatives + reads.filter_false_positives);
  f.block_cache_hit_rate =
      share(node.lsm.block_cache_hits, node.lsm.block_cache_hits + node.lsm.block_cache_misses);
  f.space_amplification = share(f.disk_bytes, live_bytes);
  return f;
}

void World::report(Metrics& metrics) const {
  const auto count = [](uint64_t n) { return static_cast<double>(n); };
  const Snapshot last = snapshot();
  const uint64_t applied = recorder_.bytes_applied();

  std::map<std::string, uint64_t> by_cause;
  uint64_t device_written = 0;
  replication::NodeMetrics node;
  uint64_t crashes = 0, power_losses = 0, recoveries = 0, wal_dropped = 0, pages_lost = 0;
  uint64_t failed_starts = 0;
  DiskFaultCounts disk;
  for (size_t i = 0; i < machines_.size(); ++i) {
    for (const auto& [cause, row] : machines_[i]->disk().ledger().rows()) {
      const LedgerRow change = since_start(i, cause, row);
      device_written += change.device_bytes_written;
      const auto enter = [&](const char* ledger, const char* direction, uint64_t bytes) {
        if (bytes > 0)
          by_cause[fmt::format("bytes_{}_{}_{}", ledger, direction, to_string(cause))] += bytes;
      };
      enter("file", "written", change.file_bytes_written);
      enter("file", "read", change.file_bytes_read);
      enter("device", "written", change.device_bytes_written);
      enter("device", "read", change.device_bytes_read);
    }
    const MachineTotals now = machines_[i]->totals();
    const MachineTotals& before = totals_at_start_[i];
    crashes += now.crashes;
    power_losses += now.power_losses;
    recoveries += now.boots - before.boots;
    wal_dropped += now.wal_bytes_dropped;
    pages_lost += now.pages_lost;
    failed_starts += now.failed_starts;
    disk += machines_[i]->disk().fault_counts();
    add_counts(node, now.node);
  }

  if (applied > 0) {
    metrics.set("write_amplification", ratio(last.bytes_written, applied));
    metrics.set("device_write_amplification", ratio(device_written, applied));
  }
  if (last.live_bytes > 0)
    metrics.set("space_amplification", ratio(last.disk_bytes, last.live_bytes));
  const lsm::LsmMetrics& lsm = node.lsm;
  const sstable::ReadCounters& reads = lsm.reads;
  if (const uint64_t replica_reads = node.replica.reads; replica_reads > 0) {
    metrics.set("read_amplification",
                ratio(reads.blocks_from_cache + reads.blocks_from_file, replica_reads));
    metrics.set("sstables_per_read", ratio(reads.sstables, replica_reads));
    metrics.set("index_blocks_per_read",
                ratio(reads.index_blocks_from_cache + reads.index_blocks_from_file, replica_reads));
    metrics.set(
        "filter_blocks_per_read",
        ratio(reads.filter_blocks_from_cache + reads.filter_blocks_from_file, replica_reads));
  }
  if (const uint64_t absent = reads.filter_negatives + reads.filter_false_positives; absent > 0) {
    metrics.set("bloom_false_positive_rate", ratio(reads.filter_false_positives, absent));
  }
  if (const uint64_t asked = lsm.block_cache_hits + lsm.block_cache_misses; asked > 0) {
    metrics.set("block_cache_hit_rate", ratio(lsm.block_cache_hits, asked));
  }
  metrics.set("index_and_filter_blocks_from_file",
              count(reads.index_blocks_from_file + reads.filter_blocks_from_file));
  using enum lsm::PurgeReason;
  const auto kept = [&](lsm::PurgeReason reason) {
    return count(lsm.purge_decisions[static_cast<size_t>(reason)]);
  };
  metrics.set("tombstones_kept_by_grace", kept(kKeptByGrace));
  metrics.set("tombstones_kept_by_repair", kept(kKeptByRepair));
  metrics.set("tombstones_kept_by_mode", kept(kKeptByMode));
  metrics.set("tombstones_kept_by_streaming", kept(kKeptByStreaming));
  metrics.set("tombstones_kept_by_sstable", kept(kKeptBySstable));
  metrics.set("tombstones_kept_by_memtable", kept(kKeptByMemtable));
  metrics.set("tombstones_kept_by_log", kept(kKeptByLog));
  metrics.set("tombstones_live", count(last.tombstones_live));
  metrics.set("sstables", count(last.sstables));
  metrics.set("disk_bytes", count(last.disk_bytes));
  metrics.set("live_bytes", count(last.live_bytes));
  metrics.set("hints_written", count(node.hints.written));
  metrics.set("hints_delivered", count(node.hints.delivered));
  metrics.set("hints_expired", count(node.hints.expired));
  metrics.set("hints_beyond_window", count(node.hints.beyond_window));
  metrics.set("hints_beyond_size", count(node.hints.beyond_size));
  metrics.set("stand_in_writes", count(node.stand_ins.writes));
  metrics.set("stand_in_reads", count(node.stand_ins.reads));
  metrics.set("writes_met_by_stand_ins", count(node.coordinator.writes_met_by_stand_ins));
  metrics.set("reads_met_by_stand_ins", count(node.coordinator.reads_met_by_stand_ins));
  metrics.set("cells_handed_off", count(node.stand_ins.handed_off));
  metrics.set("batches", count(node.coordinator.batches));
  metrics.set("batches_stored", count(node.batch_log.stored));
  metrics.set("batches_replayed", count(node.batch_log.replayed));
  metrics.set("batches_expired", count(node.batch_log.expired));
  metrics.set("hlc_heard_ahead", count(node.hlc_heard_ahead));
  const Views& views = recorder_.views();
  metrics.set("gossip_rounds", count(node.gossip_rounds));
  metrics.set("convictions", count(views.convictions()));
  metrics.set("convictions_wrong", count(views.convictions_wrong()));
  metrics.set("views_differ_seconds", views.differed(last.at).in_seconds());
  metrics.set("read_repairs", count(node.coordinator.read_repairs));
  metrics.set("tombstones_scanned", count(node.replica.tombstones_scanned));
  metrics.set("tombstone_warnings", count(node.replica.tombstone_warnings));
  metrics.set("tombstone_failures", count(node.replica.tombstone_failures));
  metrics.set("digest_reads", count(node.coordinator.digests_asked));
  metrics.set("speculative_retries", count(node.coordinator.speculative_retries));
  metrics.set("read_mismatches", count(node.coordinator.digest_mismatches));
  metrics.set("repairs_completed", count(node.repair.sessions));
  metrics.set("repair_ranges_repaired", count(node.repair.ranges_repaired));
  metrics.set("repair_ranges_failed", count(node.repair.ranges_failed));
  metrics.set("repair_ranges_hinted", count(node.repair.ranges_hinted));
  metrics.set("repair_ranges_differing", count(node.repair.ranges_differing));
  metrics.set("truncations", count(truncations_));
  metrics.set("previews_completed", count(node.repair.previews));
  metrics.set("preview_ranges_differing", count(node.repair.previewed_differing));
  metrics.set("cells_streamed", count(node.repair.cells_streamed));
  metrics.set("membership_changes", count(topology_->finished()));
  metrics.set("membership_changes_refused", count(node.membership.refused));
  metrics.set("membership_streams_failed", count(node.membership.streams_failed));
  metrics.set("moved_cells", count(node.membership.cells_received));
  metrics.set("moved_bytes", count(node.membership.bytes_received));
  metrics.set("hints_handed_over", count(node.membership.hints_handed_over));
  metrics.set("anticompactions", count(lsm.anticompactions));
  metrics.set("anticompacted_bytes", count(lsm.bytes_anticompacted));
  metrics.set("cleanups", count(node.membership.cleanups));
  metrics.set("cleanup_cells_dropped", count(lsm.cells_not_owned));
  metrics.set("cleanup_bytes_dropped", count(lsm.bytes_not_owned));
  metrics.set("crashes", count(crashes));
  metrics.set("power_losses", count(power_losses));
  metrics.set("recoveries", count(recoveries));
  metrics.set("wal_bytes_dropped", count(wal_dropped));
  metrics.set("pages_lost", count(pages_lost));
  metrics.set("starts_failed", count(failed_starts));
  metrics.set("disk_read_errors_injected", count(disk.read_errors));
  metrics.set("disk_write_errors_injected", count(disk.write_errors));
  metrics.set("disk_sync_errors_injected", count(disk.sync_errors));
  metrics.set("disk_bits_flipped", count(disk.bits_flipped));
  metrics.set("disk_writes_torn", count(disk.torn_writes));
  metrics.set("disk_writes_lost", count(disk.lost_writes));
  metrics.set("disk_writes_misdirected", count(disk.misdirected_writes));
  metrics.set("disk_appends_refused", count(disk.appends_refused));
  metrics.set("disk_operations_stalled", count(disk.operations_stalled));
  metrics.set("disk_operations_slowed", count(disk.operations_slowed));
  report_machines(metrics);
  metrics.set("aimed_faults_begun", count(faults_->aimed_begun()));
  metrics.set("aimed_faults_missed", count(faults_->aimed() - faults_->aimed_begun()));
  const NetworkCounters& network = network_.counters();
  metrics.set("messages_sent", count(network.sent));
  metrics.set("messages_lost", count(network.lost));
  metrics.set("messages_cut", count(network.cut));
  metrics.set("messages_reordered", count(network.reordered));
  metrics.set("messages_clogged", count(network.clogged));
  metrics.set("messages_duplicated", count(network.duplicated));
  metrics.set("events", count(kernel_.event_count()));
  for (const auto& [name, bytes] : by_cause) metrics.set(name, count(bytes));
}

void World::report_machines(Metrics& metrics) const {
  uint64_t pauses = 0, replaced = 0, steps = clock_faults_, ntp_steps = 0, slews = 0;
  CpuTotals cpu;
  for (const auto& machine : machines_) {
    const MachineTotals totals = machine->totals();
    pauses += totals.pauses;
    replaced += totals.disks_replaced;
    const ClockDiscipline& clock = machine->clock_discipline();
    steps += clock.steps();
    ntp_steps += clock.ntp_steps();
    slews += clock.ntp_slews();
    if (machine->cpu() == nullptr) continue;
    cpu += machine->cpu()->totals();
  }
  const auto count = [](uint64_t n) { return static_cast<double>(n); };
  metrics.set("pauses", count(pauses));
  metrics.set("disks_replaced", count(replaced));
  metrics.set("clock_steps", count(steps));
  metrics.set("ntp_steps", count(ntp_steps));
  metrics.set("ntp_slews", count(slews));
  if (!scenario_.cluster.cpu) return;
  metrics.set("cpu_messages_slowed", count(cpu.slowed));
  const double cores =
      count(machines_.size()) * count(static_cast<uint64_t>(scenario_.cluster.cpu->cores));
  const double elapsed = (kernel_.now() - Instant{}).in_seconds() * cores;
  if (elapsed > 0) metrics.set("cpu_utilization", cpu.busy.in_seconds() / elapsed);
  if (cpu.handled > 0)
    metrics.set("cpu_wait_mean_ms", cpu.waited.in_seconds() * 1e3 / count(cpu.handled));
}

// --- faults ---

std::vector<NodeId> World::nodes_of(const NodeSet& set) const {
  if (set.all) return topology_->nodes();
  std::vector<NodeId> nodes;
  for (uint32_t node : set.nodes) nodes.push_back(NodeId{node});
  return nodes;
}
std::optional<NodeId> World::chosen_by(NodeSelector selector) const {
  std::map<NodeId, uint64_t> figures;
  if (selector == NodeSelector::kMostMissingTombstones) figures = census_->missing();
  for (const auto& machine : machines_) {
    if (selector == NodeSelector::kMostMissingTombstones || !machine->serving()) continue;
    const replication::NodeMetrics node = machine->totals().node;
    uint64_t& figure = figures[machine->id()];
    if (selector == NodeSelector::kMostPendingHints) figure = node.hints_pending_bytes;
    if (selector == NodeSelector::kMostSstables) {
      for (const lsm::LevelMetrics& level : node.lsm.levels) figure += level.sstables;
    }
  }
  const auto most = std::ranges::max_element(figures, {}, [](const auto& f) { return f.second; });
  if (most == figures.end() || most->second == 0) return std::nullopt;
  return most->first;
}
std::vector<NodeId> World::all_nodes() const { return topology_->nodes(); }
std::vector<NodeId> World::all_clients() const {
  std::vector<NodeId> clients;
  auto next_id = static_cast<uint32_t>(scenario_.cluster.nodes);
  for (const WorkloadOptions& workload : scenario_.workload) {
    for (int64_t i = 0; i < workload.clients; ++i) clients.push_back(NodeId{next_id++});
  }
  return clients;
}

void World::begin_crash(NodeId node) {
  ++reasons_down_[node.value];
  machines_[node.value]->kill_process();
}
void World::begin_power_loss(const std::vector<NodeId>& nodes) {
  for (NodeId node : nodes) {
    ++reasons_down_[node.value];
    machines_[node.value]->lose_power();
  }
}
void World::end_down(NodeId node) {
  if (--reasons_down_[node.value] == 0) {
    machines_[node.value]->boot();
    if (reasons_paused_[node.value] > 0) machines_[node.value]->pause();
  }
}
void World::begin_wipe(NodeId node) {
  ++reasons_down_[node.value];
  machines_[node.value]->replace_disk({});
}
uint64_t World::take_snapshot(NodeId node) {
  snapshots_.push_back(machines_[node.value]->snapshot());
  return snapshots_.size() - 1;
}
void World::begin_restore(NodeId node, uint64_t snapshot) {
  ++reasons_down_[node.value];
  machines_[node.value]->replace_disk(snapshots_[snapshot]);
}
void World::begin_swap(NodeId a, NodeId b) {
  // What a power loss leaves is what the other gets.
  begin_power_loss({a, b});
  const DiskContents of_a = machines_[a.value]->snapshot();
  machines_[a.value]->replace_disk(machines_[b.value]->snapshot());
  machines_[b.value]->replace_disk(of_a);
}
void World::begin_pause(NodeId node) {
  if (++reasons_paused_[node.value] == 1) machines_[node.value]->pause();
}
void World::end_pause(NodeId node) {
  if (--reasons_paused_[node.value] == 0) machines_[node.value]->resume();
}
uint64_t World::begin_cut(const std::vector<NodeId>& from, const std::vector<NodeId>& to,
                          bool one_way) {
  return network_.cut(from, to, one_way ? Directions::kOneWay : Directions::kBothWays).value;
}
uint64_t World::begin_clog(const std::vector<NodeId>& from, const std::vector<NodeId>& to,
                           bool one_way) {
  return network_.clog(from, to, one_way ? Directions::kOneWay : Directions::kBothWays).value;
}
uint64_t World::begin_impairment(const std::vector<NodeId>& from, const std::vector<NodeId>& to,
                                 const LinkFault& impairment) {
  const LinkChances chances{.loss = impairment.loss,
                            .duplication = impairment.duplication,
                            .packet_loss = impairment.packet_loss,
                            .reordering = impairment.reordering,
                            .reordering_delay = impairment.reordering_delay};
  return network_.impair(from, to, chances, impairment.bandwidth).value;
}
void World::end_link_fault(uint64_t handle) { network_.heal({handle}); }
void World::add_message_lag(NodeId node, Duration change) { network_.add_lag(node, change); }
void World::add_disk_lag(NodeId node, Duration change) {
  machines_[node.value]->add_disk_lag(change);
}
uint64_t World::begin_disk_fault(NodeId node, const DiskFault& fault) {
  return machines_[node.value]->disk().begin_fault(fault);
}
void World::end_disk_fault(NodeId node, uint64_t handle) {
  machines_[node.value]->disk().end_fault(handle);
}
void World::step_clock(NodeId node, Duration change) {
  machines_[node.value]->clock().step(change);
  clock_faults_ += change == Duration{} ? 0 : 1;
}
void World::add_drift(NodeId node, int64_t ppm) {
  NodeClock& clock = machines_[node.value]->clock();
  clock.set_drift(clock.drift_ppm() + ppm);
}

void World::slow_cpu(NodeId node, double factor) { machines_[node.value]->cpu()->slow(factor); }
void World::recover_cpu(NodeId node, double factor) {
  machines_[node.value]->cpu()->recover(factor);
}

}  // namespace revenant::sim
