#include "sim/experiment/operation_log.h"

#include <algorithm>

#include "engine/base/check.h"

namespace revenant::sim {

namespace {

ScriptedOperation line_of(const Operation& operation, const WorkloadOptions& workload,
                          const Scenario& scenario) {
  ScriptedOperation line{.at = operation.invoked - Instant{},
                         .client = operation.session,
                         .kind = operation.kind,
                         .key = operation.key,
                         .size = 0,
                         .level = {},
                         .coordinator = operation.coordinator.value};
  const auto& levels = scenario.replication;
  line.level = is_write(operation.kind) ? workload.write.value_or(levels.write)
                                        : workload.read.value_or(levels.read);
  if (operation.kind == OperationKind::kScan) {
    line.size = workload.scan_length;
  } else if (is_write(operation.kind) && operation.kind != OperationKind::kDelete) {
    line.size = workload.value_size.bytes;
  }
  return line;
}

// Operations come in the order in which they ended.
void sort(Scripts& scripts) {
  for (auto& [workload, script] : scripts) {
    std::ranges::stable_sort(script, {},
                             [](const ScriptedOperation& o) { return std::pair(o.at, o.client); });
  }
}

}  // namespace

size_t OperationLog::workload_of(const Operation& operation) const {
  const auto workload =
      std::ranges::find(scenario_.workload, operation.workload, &WorkloadOptions::name);
  CHECK(workload != scenario_.workload.end());
  return static_cast<size_t>(workload - scenario_.workload.begin());
}

void OperationLog::operation_began(const Operation& operation) {
  if (box_ == nullptr) return;
  const size_t workload = workload_of(operation);
  box_->record(workload, line_of(operation, scenario_.workload[workload], scenario_));
}

void OperationLog::operation(const Operation& operation) {
  const WorkloadOptions& workload = scenario_.workload[workload_of(operation)];
  scripts_[workload.name].push_back(line_of(operation, workload, scenario_));
}

Scripts OperationLog::take() {
  sort(scripts_);
  return std::move(scripts_);
}

Scripts scripts_of(const BlackBox& box, const Scenario& scenario) {
  Scripts scripts;
  for (size_t i = 0; i < box.size(); ++i)
    scripts[scenario.workload[box[i].workload].name].push_back(box[i].operation);
  sort(scripts);
  return scripts;
}

Scenario scripted(const Scenario& scenario, const Scripts& scripts) {
  Scenario result = scenario;
  result.workload.clear();
  for (const WorkloadOptions& workload : scenario.workload) {
    const auto script = scripts.find(workload.name);
    if (script == scripts.end() || script->second.empty()) continue;
    WorkloadOptions scripted;
    scripted.name = workload.name;
    scripted.clients = workload.clients;
    scripted.coordinators = workload.coordinators;
    scripted.retries = workload.retries;
    scripted.ttl = workload.ttl;
    scripted.region = workload.region;
    scripted.zone = workload.zone;
    scripted.rack = workload.rack;
    scripted.script = script->second;
    // What the run would do beyond its end it did not do.
    std::erase_if(scripted.script,
                  [&](const ScriptedOperation& o) { return o.at >= scenario.duration; });
    result.workload.push_back(std::move(scripted));
  }
  return result;
}

Scripts scripts_of(const Scenario& scenario) {
  Scripts scripts;
  for (const WorkloadOptions& workload : scenario.workload) {
    if (!workload.script.empty()) scripts[workload.name] = workload.script;
  }
  return scripts;
}

}  // namespace revenant::sim
