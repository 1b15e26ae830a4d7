#include "sim/record/history_writer.h"

#include <nlohmann/json.hpp>

#include "sim/record/key.h"

namespace revenant::sim {

void HistoryWriter::preloaded(uint64_t key, WriteId write, Version version) {
  const nlohmann::ordered_json line = {{"kind", "preload"},
                                       {"key", key_name(key)},
                                       {"write", write.value},
                                       {"version", version.value}};
  out_ << line.dump() << '\n';
}

void HistoryWriter::truncated(Instant began, Instant at, Version version) {
  const nlohmann::ordered_json line = {{"kind", "truncate"},
                                       {"invoked_ns", began.ns},
                                       {"completed_ns", at.ns},
                                       {"version", version.value}};
  out_ << line.dump() << '\n';
}

void HistoryWriter::operation(const Operation& op) {
  nlohmann::ordered_json line = {
      {"workload", op.workload},         {"session", op.session},
      {"kind", to_string(op.kind)},      {"key", key_name(op.key)},
      {"intended_ns", op.intended.ns},   {"invoked_ns", op.invoked.ns},
      {"completed_ns", op.completed.ns}, {"outcome", client::to_string(op.outcome)},
  };
  if (is_write(op.kind)) {
    line["version"] = op.version.value;
    line["write"] = op.write.value;
    if (op.batch) line["batch"] = op.batch->value;
    if (op.ttl) line["ttl_ns"] = op.ttl->ns;
  } else if (op.outcome == client::Outcome::kOk && op.kind == OperationKind::kRead) {
    line["found"] = op.found;
    line["version"] = op.version.value;
    if (op.found) line["write"] = op.write.value;
    line["coordinator"] = op.coordinator.value;
    auto& answers = line["answers"] = nlohmann::ordered_json::array();
    for (const replication::ReplicaAnswer& answer : op.answers) {
      answers.push_back({{"node", answer.node.value},
                         {"holds", answer.holds},
                         {"version", answer.version.value}});
    }
  } else if (op.kind == OperationKind::kScan) {
    auto& cells = line["cells"] = nlohmann::ordered_json::array();
    for (const ScannedCell& cell : op.scanned) {
      cells.push_back({{"key", key_name(cell.key)},
                       {"version", cell.version.value},
                       {"write", cell.write.value}});
    }
  }
  out_ << line.dump() << '\n';
}

}  // namespace revenant::sim
