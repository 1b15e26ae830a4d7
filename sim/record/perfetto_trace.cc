#include "sim/record/perfetto_trace.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/replication/messages.h"
#include "sim/record/key.h"

namespace revenant::sim {

// Where an event is drawn.
struct PerfettoTrace::Track {
  uint64_t process;
  uint64_t thread;
  std::string_view category;
};

namespace {

constexpr uint64_t kClients = 1'000'000, kFaults = 1'000'001;  // processes beside the machines'
// Threads of a machine.
constexpr uint64_t kTasks = 1, kDisk = 2, kNetwork = 3, kHeldBack = 4, kProcessor = 5, kNtp = 6;

std::string json_text(std::string_view text) { return nlohmann::json(text).dump(); }
// Microseconds, as the format wants them, to the nanosecond.
std::string micros(int64_t ns) { return fmt::format("{}.{:03}", ns / 1000, ns % 1000); }

}  // namespace

PerfettoTrace::PerfettoTrace(std::ostream& out, const PerfettoOptions& options)
    : out_(out), options_(options) {
  out_ << "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n";
}

void PerfettoTrace::run_starts(Instant start, uint32_t nodes) {
  started_ = true;
  start_ = start;
  nodes_ = nodes;
  for (const auto& [task, live] : std::exchange(before_start_, {})) {
    task_began(live.node, task, live.name, start);
  }
}

void PerfettoTrace::finish() {
  if (cut_short_) {
    first_ = false;
    out_ << ",\n{\"ph\":\"M\",\"pid\":0,\"name\":\"process_name\",\"args\":{\"name\":\"cut short: "
            "the trace reached its greatest size\"}}";
  }
  out_ << "\n]}\n";
}

bool PerfettoTrace::wanted(Instant since_start) const {
  const Duration time = since_start - Instant{};
  return started_ && time >= options_.from && time <= options_.to;
}

uint64_t PerfettoTrace::process(NodeId node) {
  const uint64_t id = node.value + 1;
  name_process(
      id, node.value < nodes_ ? fmt::format("{}", node) : fmt::format("client machine {}", node));
  return id;
}

void PerfettoTrace::name_process(uint64_t process, const std::string& name) {
  if (!named_.insert(process).second) return;
  write(fmt::format(R"({{"ph":"M","pid":{},"name":"process_name","args":{{"name":{}}}}})", process,
                    json_text(name)));
  if (process >= kClients) return;
  for (const auto& [thread, label] : {std::pair{kTasks, "tasks"},
                                      {kDisk, "disk"},
                                      {kNetwork, "network"},
                                      {kHeldBack, "held back"},
                                      {kProcessor, "processor"},
                                      {kNtp, "NTP"}}) {
    write(
        fmt::format(R"({{"ph":"M","pid":{},"tid":{},"name":"thread_name","args":{{"name":"{}"}}}})",
                    process, thread, label));
  }
}

void PerfettoTrace::task_began(NodeId node, env::TaskId task, const char* name, Instant at) {
  if (!started_) {
    before_start_[task] = {node, name};
    return;
  }
  const Instant time = Instant{} + (at - start_);
  if (!wanted(time) || cut_short_) return;
  half('b', {process(node), kTasks, "task"}, name, task.value, time);
  open_tasks_.insert(task);
}

void PerfettoTrace::task_ended(NodeId node, env::TaskId task, const char* name, Instant at) {
  if (!started_) before_start_.erase(task);
  if (open_tasks_.erase(task) == 0) return;
  half('e', {process(node), kTasks, "task"}, name, task.value, Instant{} + (at - start_));
}

void PerfettoTrace::disk_operation(NodeId node, std::string_view kind, uint64_t bytes,
                                   Instant submitted, Instant finished) {
  const Instant from = Instant{} + (submitted - start_);
  if (!wanted(from)) return;
  slice({process(node), kDisk, "disk"}, kind, ++last_id_, from, from + (finished - submitted),
        fmt::format(R"({{"bytes":{}}})", bytes));
}

void PerfettoTrace::message_sent(uint64_t message, NodeId from, NodeId to, Bytes bytes,
                                 Instant at) {
  const Instant time = Instant{} + (at - start_);
  if (!wanted(time) || cut_short_) return;
  const auto verb = static_cast<replication::Verb>(bytes.empty() ? 0 : bytes.front());
  std::string name = fmt::format("{} {} to {}", replication::to_string(verb), from, to);
  instant({process(from), kNetwork, "message"}, name, time, 's', message,
          fmt::format(R"({{"bytes":{}}})", bytes.size()));
  sent_[message] = std::move(name);
}

void PerfettoTrace::message_ended(uint64_t message, NodeId from, NodeId to, std::string_view fate,
                                  Instant at) {
  const auto sent = sent_.find(message);
  if (sent == sent_.end()) return;
  const bool arrived = fate == "delivered" || fate == "unheard";
  instant({process(arrived ? to : from), kNetwork, "message"}, sent->second,
          Instant{} + (at - start_), 'f', message, fmt::format(R"({{"fate":"{}"}})", fate));
  // A second copy of it is rare, and without its arrow.
  sent_.erase(sent);
}

void PerfettoTrace::message_held_back(uint64_t message, NodeId from, Duration by, Instant at) {
  const auto sent = sent_.find(message);
  if (sent == sent_.end()) return;
  const Instant time = Instant{} + (at - start_);
  slice({process(from), kHeldBack, "held"}, sent->second, message, time, time + by, "{}");
}

void PerfettoTrace::message_handled(NodeId node, uint64_t bytes, Instant arrived, Instant from,
                                    Instant to) {
  const Instant time = Instant{} + (from - start_);
  if (!wanted(time)) return;
  slice({process(node), kProcessor, "cpu"}, "message", ++last_id_, time, time + (to - from),
        fmt::format(R"({{"bytes":{},"waited_us":{}}})", bytes, micros((from - arrived).ns)));
}

void PerfettoTrace::clock_corrected(NodeId node, std::string_view how, Duration ahead, Instant at) {
  const Instant time = Instant{} + (at - start_);
  if (!wanted(time)) return;
  const double us = ahead.in_seconds() * 1e6;
  slice({process(node), kNtp, "ntp"}, how, ++last_id_, time, time + Duration{1},
        fmt::format(R"({{"ahead_us":{}}})", us));
  write(fmt::format(R"({{"ph":"C","pid":{},"name":"clock ahead, us","ts":{},"args":{{"us":{}}}}})",
                    process(node), micros(time.ns), us));
}

void PerfettoTrace::operation(const Operation& operation) {
  if (!wanted(operation.invoked)) return;
  name_process(kClients, "clients");
  slice({kClients, operation.session + 1, "operation"},
        fmt::format("{} {}", to_string(operation.kind), key_name(operation.key)), ++last_id_,
        operation.invoked, operation.completed,
        fmt::format(R"({{"workload":{},"outcome":"{}","version":{},"coordinator":"{}"}})",
                    json_text(operation.workload), client::to_string(operation.outcome),
                    operation.version, operation.coordinator));
}

void PerfettoTrace::fault_window(const std::string& kind, const std::string& detail, Instant from,
                                 Instant to) {
  if (to - Instant{} < options_.from || from - Instant{} > options_.to) return;
  name_process(kFaults, "faults");
  slice({kFaults, 1, "fault"}, kind, ++last_id_, from, to,
        fmt::format(R"({{"detail":{}}})", json_text(detail)));
}

void PerfettoTrace::slice(const Track& track, std::string_view name, uint64_t id, Instant from,
                          Instant to, const std::string& arguments) {
  half('b', track, name, id, from, arguments);
  half('e', track, name, id, to);
}

void PerfettoTrace::half(char phase, const Track& track, std::string_view name, uint64_t id,
                         Instant at, const std::string& arguments) {
  write(fmt::format(
      R"({{"ph":"{}","cat":"{}","id":"{}{}","pid":{},"tid":{},"name":{},"ts":{},"args":{}}})",
      phase, track.category, track.category, id, track.process, track.thread, json_text(name),
      micros(at.ns), arguments));
}

// An arrow starts and ends at slices, so a moment is one of a nanosecond.
void PerfettoTrace::instant(const Track& track, std::string_view name, Instant at, char flow,
                            uint64_t message, const std::string& arguments) {
  write(fmt::format(
      R"({{"ph":"X","cat":"{}","pid":{},"tid":{},"name":{},"ts":{},"dur":0.001,"args":{}}})",
      track.category, track.process, track.thread, json_text(name), micros(at.ns), arguments));
  write(fmt::format(
      R"({{"ph":"{}","bp":"e","cat":"{}","id":{},"pid":{},"tid":{},"name":{},"ts":{}}})", flow,
      track.category, message, track.process, track.thread, json_text(name), micros(at.ns)));
}

void PerfettoTrace::write(const std::string& event) {
  if (cut_short_) return;
  bytes_ += event.size() + 2;
  cut_short_ = bytes_ > options_.bytes_max;
  if (cut_short_) return;
  if (!std::exchange(first_, false)) out_ << ",\n";
  out_ << event;
}

}  // namespace revenant::sim
