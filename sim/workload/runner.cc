#include "sim/workload/runner.h"

#include <algorithm>

#include "sim/record/key.h"
#include "sim/workload/arrivals.h"
#include "sim/workload/value.h"

namespace revenant::sim {

struct WorkloadRunner::Session {
  uint32_t index;
  env::Environment environment;
  std::vector<NodeId> coordinators;
  client::Client client;
  Random random;

  NodeId next_coordinator(LoadBalancing balancing) {
    return balancing == LoadBalancing::kRandom ? coordinators[random.below(coordinators.size())]
                                               : client.take_turn();
  }
};

WorkloadRunner::WorkloadRunner(Kernel& kernel, const WorkloadOptions& options,
                               const Scenario& scenario, KeySpace& keys, Recorder& recorder,
                               const std::vector<Seat>& seats, Instant start, Instant end)
    : kernel_(kernel),
      options_(options),
      keys_(keys),
      recorder_(recorder),
      chooser_(options.popularity, options.zipf_theta),
      start_(start),
      from_(start + options.from),
      to_(options.to ? std::min(end, start + *options.to) : end) {
  if (options.script.empty() && options.sequence.empty()) mix_.emplace(options.mix);
  client::ClientOptions client{
      .coordinators = {},
      .read = options.read.value_or(scenario.replication.read),
      .write = options.write.value_or(scenario.replication.write),
      .timestamps = scenario.replication.timestamps,
      .read_timeout = scenario.replication.read_timeout,
      .write_timeout = scenario.replication.write_timeout,
      .retries = options.retries,
      .page_size = static_cast<uint64_t>(options.page_size),
  };
  for (uint32_t n = 0; n < scenario.cluster.nodes; ++n) {
    const auto& chosen = options.coordinators;
    if (chosen.all || std::ranges::binary_search(chosen.nodes, n))
      client.coordinators.push_back(NodeId{n});
  }
  for (uint32_t i = 0; i < seats.size(); ++i) {
    // Sessions start their round of coordinators at different ones.
    std::ranges::rotate(client.coordinators, client.coordinators.begin() + (i == 0 ? 0 : 1));
    sessions_.push_back(std::make_unique<Session>(
        Session{i, seats[i].environment, client.coordinators,
                client::Client(seats[i].environment, *seats[i].messenger, client),
                kernel.stream(fmt::format("workload/{}/client/{}", options.name, i))}));
  }
}

WorkloadRunner::~WorkloadRunner() = default;

void WorkloadRunner::start() {
  if (!options_.script.empty()) {
    ++running_;
    sessions_.front()->environment.tasks.spawn("script", [this] { run_script(); });
    return;
  }
  if (options_.rate) {
    ++running_;
    sessions_.front()->environment.tasks.spawn("arrivals", [this] { run_open(); });
    return;
  }
  running_ += sessions_.size();
  for (const auto& session : sessions_) {
    session->environment.tasks.spawn("client", [this, s = session.get()] { run_closed(*s); });
  }
}

bool WorkloadRunner::more() const {
  return kernel_.now() < to_ &&
         (options_.operations_max == 0 || begun_ < static_cast<uint64_t>(options_.operations_max));
}

uint64_t WorkloadRunner::choose_key(OperationKind kind, Random& random) {
  if (kind == OperationKind::kInsert) return keys_.count++;
  const uint64_t count = options_.keys == 0
                             ? keys_.count
                             : std::min(keys_.count, static_cast<uint64_t>(options_.keys));
  return count == 0 ? 0 : chooser_.choose(count, random);
}

void WorkloadRunner::run_closed(Session& session) {
  Arrivals arrivals = Arrivals::closed(options_.think_time);
  if (from_ > kernel_.now()) session.environment.tasks.sleep(from_ - kernel_.now());
  const std::vector<OperationKind>& sequence = options_.sequence;
  uint64_t key = 0;
  for (size_t turn = 0; more(); turn = turn + 1 < sequence.size() ? turn + 1 : 0) {
    const OperationKind kind = mix_ ? mix_->choose(session.random) : sequence[turn];
    if (turn == 0) key = choose_key(kind, session.random);
    ++begun_;
    run_operation(session, chosen(kind, key, kernel_.now()));
    const Duration pause = arrivals.gap(session.random);
    if (pause > Duration{}) session.environment.tasks.sleep(pause);
  }
  --running_;
}

void WorkloadRunner::run_open() {
  env::Tasks& tasks = sessions_.front()->environment.tasks;
  Random random = kernel_.stream(fmt::format("workload/{}/arrivals", options_.name));
  Arrivals arrivals = Arrivals::open(*options_.rate);
  Instant next = std::max(from_, kernel_.now());
  for (;;) {
    next += arrivals.gap(random);
    if (next >= to_) break;
    if (next > kernel_.now()) tasks.sleep(next - kernel_.now());
    if (!more()) break;
    Session& session = *sessions_[begun_ % sessions_.size()];
    const OperationKind kind = mix_->choose(random);
    const uint64_t key = choose_key(kind, random);
    ++begun_;
    ++running_;
    session.environment.tasks.spawn("operation", [this, &session, kind, key, next] {
      run_operation(session, chosen(kind, key, next));
      --running_;
    });
  }
  --running_;
}

void WorkloadRunner::run_script() {
  env::Tasks& tasks = sessions_.front()->environment.tasks;
  for (const ScriptedOperation& line : options_.script) {
    const Instant at = start_ + line.at;
    if (at > kernel_.now()) tasks.sleep(at - kernel_.now());
    // A key beyond those there are is a new one.
    keys_.count = std::max(keys_.count, line.key + 1);
    ++running_;
    Session& session = *sessions_[line.client];
    session.environment.tasks.spawn("operation", [this, &session, &line, at] {
      run_operation(session, {.kind = line.kind,
                              .key = line.key,
                              .size = line.size,
                              .intended = at,
                              .call = {line.level, NodeId{line.coordinator}}});
      --running_;
    });
  }
  --running_;
}

WorkloadRunner::Task WorkloadRunner::chosen(OperationKind kind, uint64_t key,
                                            Instant intended) const {
  return {.kind = kind,
          .key = key,
          .size = kind == OperationKind::kScan ? options_.scan_length : options_.value_size.bytes,
          .intended = intended};
}

void WorkloadRunner::run_operation(Session& session, Task task) {
  Operation operation;
  operation.workload = options_.name;
  operation.session = session.index;
  operation.kind = task.kind;
  operation.key = task.key;
  operation.intended = since_start(task.intended);
  operation.invoked = since_start(kernel_.now());
  if (!task.call.coordinator)
    task.call.coordinator = session.next_coordinator(options_.load_balancing);
  operation.coordinator = *task.call.coordinator;
  if (task.kind == OperationKind::kUpdate && options_.batch_keys > 1 && keys_.count > 1 &&
      options_.script.empty())
    return run_batch(session, task, operation);
  recorder_.begin(operation);
  const Buffer name = key_name(task.key);
  const auto size = static_cast<size_t>(task.size);
  if (is_write(task.kind)) {
    operation.write = recorder_.begin_write(task.key);
    if (task.kind != OperationKind::kDelete) operation.ttl = task.call.ttl = options_.ttl;
    const client::WriteResult result =
        task.kind == OperationKind::kDelete
            ? session.client.remove(name, task.call)
            : session.client.put(name, encode_value(operation.write, size), task.call);
    operation.outcome = result.outcome;
    operation.version = result.version;
  } else if (task.kind == OperationKind::kRead) {
    client::ReadResult result = session.client.get(name, task.call);
    operation.outcome = result.outcome;
    operation.answers = std::move(result.answers);
    if (result.cell) {
      operation.version = result.cell->version;
      operation.found = !result.cell->is_tombstone();
      if (operation.found) {
        const std::optional<WriteId> write = decode_value(result.cell->value);
        operation.damaged = !write;
        operation.write = write.value_or(WriteId{});
      }
    }
  } else {
    const client::ScanResult result = session.client.scan(name, size, task.call);
    operation.outcome = result.outcome;
    operation.scanned_to_end = result.to_end;
    for (const replication::KeyedCell& keyed : result.cells) {
      const auto index = key_index(ring::key_of_storage_key(keyed.key));
      const std::optional<WriteId> write = decode_value(keyed.cell.value);
      if (!index) continue;
      operation.scanned.push_back({*index, keyed.cell.version, write.value_or(WriteId{})});
    }
  }
  operation.completed = since_start(kernel_.now());
  recorder_.end(operation);
}

void WorkloadRunner::run_batch(Session& session, const Task& task, const Operation& first) {
  const auto count = std::min(static_cast<uint64_t>(options_.batch_keys), keys_.count);
  std::vector<Operation> operations;
  std::vector<replication::ClientBatch::Put> puts;
  for (uint64_t i = 0; i < count; ++i) {
    Operation& operation = operations.emplace_back(first);
    operation.key = (task.key + i) % keys_.count;
    recorder_.begin(operation);
    operation.write = recorder_.begin_write(operation.key);
    operation.batch = operations.front().write;
    puts.push_back(
        {key_name(operation.key), encode_value(operation.write, static_cast<size_t>(task.size))});
  }
  const client::WriteResult result = session.client.batch(std::move(puts), task.call);
  for (Operation& operation : operations) {
    operation.outcome = result.outcome;
    operation.version = result.version;
    operation.completed = since_start(kernel_.now());
    recorder_.end(operation);
  }
}

}  // namespace revenant::sim
