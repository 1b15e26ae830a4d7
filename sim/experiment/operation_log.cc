#include "sim/experiment/operation_log.h"

#include <algorithm>

#include "engine/base/check.h"

namespace revenant::sim {

void OperationLog::operation(const Operation& operation) {
  const auto workload =
      std::ranges::find(scenario_.workload, operation.workload, &WorkloadOptions::name);
  CHECK(workload != scenario_.workload.end());
  ScriptedOperation line{.at = operation.invoked - Instant{},
                         .client = operation.session,
                         .kind = operation.kind,
                         .key = operation.key,
                         .size = 0,
                         .level = {},
                         .coordinator = operation.coordinator.value};
  const auto& levels = scenario_.replication;
  line.level = is_write(operation.kind) ? workload->write.value_or(levels.write)
                                        : workload->read.value_or(levels.read);
  if (operation.kind == OperationKind::kScan) {
    line.size = workload->scan_length;
  } else if (is_write(operation.kind) && operation.kind != OperationKind::kDelete) {
    line.size = workload->value_size.bytes;
  }
  scripts_[workload->name].push_back(line);
}

// They came in the order in which they ended.
Scripts OperationLog::take() {
  for (auto& [workload, script] : scripts_) {
    std::ranges::stable_sort(script, {},
                             [](const ScriptedOperation& o) { return std::pair(o.at, o.client); });
  }
  return std::move(scripts_);
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
