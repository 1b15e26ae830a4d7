#include "sim/world/machine.h"

#include "engine/base/check.h"
#include "sim/world/paid_file_system.h"

namespace revenant::sim {
namespace {

// A supervisor starts a process again that ended by itself. Kubernetes backs off from 10 s.
constexpr Duration kRestartAfter = seconds(10);

}  // namespace

// The network as a process with a processor meets it: what arrives is handled in its turn.
class Machine::PaidTransport final : public env::Transport {
 public:
  PaidTransport(std::unique_ptr<env::Transport> network, Cpu& cpu)
      : network_(std::move(network)), cpu_(cpu) {}
  ~PaidTransport() override { cpu_.clear(); }

  NodeId self() const override { return network_->self(); }
  void send(NodeId to, Buffer message, env::MessageKind kind) override {
    network_->send(to, std::move(message), kind);
  }
  void set_receiver(std::function<void(NodeId from, Bytes message)> receiver) override {
    receiver_ = std::move(receiver);
    network_->set_receiver([this](NodeId from, Bytes message) {
      cpu_.submit(message.size(), [this, from, copy = Buffer(message)] { receiver_(from, copy); });
    });
  }

 private:
  std::unique_ptr<env::Transport> network_;
  Cpu& cpu_;
  std::function<void(NodeId, Bytes)> receiver_;
};

// What one life of the node needs of the world; all of it dies with the process.
struct Machine::Process {
  Process(Machine& machine)
      : group(machine.kernel_.new_group(machine.id_)),
        tasks(machine.kernel_, group),
        files(machine.disk_.mount()),
        transport(machine.network_.attach(machine.id_)) {
    if (machine.cpu_) {
      transport = std::make_unique<PaidTransport>(std::move(transport), *machine.cpu_);
      files =
          make_paid_file_system(std::move(files), *machine.cpu_, *machine.scenario_.cluster.cpu);
    }
  }
  GroupId group;
  GroupTasks tasks;
  std::unique_ptr<env::FileSystem> files;
  std::unique_ptr<env::Transport> transport;
};

Machine::Machine(Kernel& kernel, Network& network, Recorder& recorder, ring::Topology& topology,
                 const Scenario& scenario, NodeId id)
    : kernel_(kernel),
      network_(network),
      recorder_(recorder),
      topology_(topology),
      scenario_(scenario),
      storage_(scenario.storage),
      id_(id),
      clock_(NodeClock::drawn(kernel, id, scenario.cluster.clocks)),
      discipline_(kernel, id, clock_, scenario.cluster.clocks),
      disk_(kernel, id, scenario.disk) {
  if (scenario.cluster.cpu) cpu_.emplace(kernel, id, *scenario.cluster.cpu);
}

Machine::~Machine() {
  if (process_ == nullptr) return;
  disk_.kill_process();
  end_process();
}

void Machine::boot() {
  CHECK(process_ == nullptr, "{} is already running", id_);
  process_ = std::make_unique<Process>(*this);
  ++totals_.boots;
  recorder_.machine(id_, "starts");
  const env::Environment environment{clock_, *process_->files, process_->tasks,
                                     recorder_.sink(id_)};
  spawn("boot", [this, environment] {
    const Random random = kernel_.stream(fmt::format("node/{}/{}", id_.value, totals_.boots));
    auto node = replication::Node::start(environment, *process_->transport, topology_, storage_,
                                         scenario_.replication, random);
    while (!node.has_value()) {
      // Recovery survives every crash of a disk that keeps its promises.
      CHECK(!disk_.keeps_promises(), "{} does not start: {}", id_, node.error());
      start_failed_ = true;
      ++totals_.failed_starts;
      process_->tasks.sleep(kRestartAfter);
      node = replication::Node::start(environment, *process_->transport, topology_, storage_,
                                      scenario_.replication, random);
    }
    start_failed_ = false;
    totals_.wal_bytes_dropped += (*node)->db().recovery().wal_dropped_bytes;
    node_ = std::move(*node);
    recorder_.machine(id_, "serves");
    recorder_.process_serves(id_);
  });
}

void Machine::spawn(const char* name, std::move_only_function<void()> body) {
  CHECK(process_ != nullptr, "{} is down", id_);
  kernel_.spawn(process_->group, name, std::move(body));
}

void Machine::end_process() {
  recorder_.process_ended(id_);
  network_.detach(id_);
  if (cpu_) cpu_->clear();
  kernel_.kill(process_->group);
  if (node_ != nullptr) add_counts(totals_.node, node_->metrics());
  node_.reset();
  process_.reset();
  start_failed_ = false;
}

void Machine::kill_process() {
  if (process_ == nullptr) return;
  recorder_.machine(id_, "is killed");
  disk_.kill_process();
  end_process();
  ++totals_.crashes;
}

void Machine::lose_power() {
  recorder_.machine(id_, "loses power");
  cut_power();
  ++totals_.power_losses;
}

void Machine::replace_disk(const DiskContents& contents) {
  recorder_.machine(id_, "loses power, and its disk is replaced");
  cut_power();
  disk_.replace_contents(contents);
  recorder_.disk_replaced(id_);
  ++totals_.disks_replaced;
}

void Machine::cut_power() {
  const CrashReport report = disk_.lose_power();
  if (process_ != nullptr) end_process();
  totals_.pages_lost += report.pages_lost + report.pages_torn;
}

void Machine::pause() {
  if (process_ == nullptr) return;
  recorder_.machine(id_, "pauses");
  kernel_.pause(process_->group);
  network_.pause(id_);
  if (cpu_) cpu_->pause();
  ++totals_.pauses;
}

void Machine::resume() {
  if (process_ == nullptr) return;
  recorder_.machine(id_, "resumes");
  kernel_.resume(process_->group);
  if (cpu_) cpu_->resume();
  network_.resume(id_);
}

void Machine::set_gc_grace(Duration gc_grace) {
  storage_.gc_grace = gc_grace;
  if (node_ != nullptr) node_->set_gc_grace(gc_grace);
}

void Machine::add_disk_lag(Duration change) {
  disk_lag_ += change;
  disk_.set_lag(disk_lag_);
}

MachineTotals Machine::totals() const {
  MachineTotals totals = totals_;
  if (node_ != nullptr) {
    const replication::NodeMetrics now = node_->metrics();
    add_counts(totals.node, now);
    totals.node.lsm.levels = now.lsm.levels;
    totals.node.hints_pending_bytes = now.hints_pending_bytes;
  }
  return totals;
}

}  // namespace revenant::sim
