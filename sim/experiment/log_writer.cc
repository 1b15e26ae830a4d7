#include "sim/experiment/log_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/lsm/file_names.h"
#include "sim/record/key.h"

namespace revenant::sim {

void LogWriter::plan(const std::vector<FaultWindow>& faults) {
  for (const FaultWindow& fault : faults) {
    const std::string who = fmt::format("{}", fmt::join(fault.nodes, ","));
    const std::string detail = fault.detail.empty() ? "" : fmt::format(" ({})", fault.detail);
    plan_.push_back({fault.from, who, fmt::format("{} begins{}", fault.kind, detail)});
    plan_.push_back({fault.to, who, fmt::format("{} ends{}", fault.kind, detail)});
  }
  std::ranges::stable_sort(plan_, {}, &Change::at);
  std::ranges::reverse(plan_);
}

void LogWriter::finish() {
  tell_plan_until(Instant::never());
  out_.flush();
}

void LogWriter::operation(const Operation& operation) {
  if (operation.outcome == client::Outcome::kOk) return;
  line(operation.completed, fmt::format("{}/{}", operation.workload, operation.session),
       "operation",
       fmt::format("{} of {} ends {}, called at {}", to_string(operation.kind),
                   key_name(operation.key), client::to_string(operation.outcome),
                   operation.invoked));
}

void LogWriter::purged(Instant at, NodeId node, uint64_t key, Version version) {
  line(at, fmt::format("{}", node), "purge",
       fmt::format("tombstone {} of {}", version, key_name(key)));
}

void LogWriter::flushed(Instant at, NodeId node, FileNumber sstable, uint64_t entries,
                        uint64_t bytes) {
  const std::string name = lsm::to_string(lsm::FileName{lsm::FileKind::kSstable, sstable});
  line(at, fmt::format("{}", node), "flush",
       fmt::format("{}: {} entries, {} B", name, entries, bytes));
}

void LogWriter::compacted(Instant at, NodeId node, const env::CompactionEvent& event) {
  line(at, fmt::format("{}", node), "compaction",
       fmt::format("level {} to {}: {} SSTables to {}, {} B read, {} B written, {} tombstones "
                   "purged{}{}{}",
                   event.from, event.to, event.inputs, event.outputs, event.bytes_read,
                   event.bytes_written, event.tombstones_purged,
                   event.installed ? "" : ", given up: an older write arrived meanwhile",
                   event.explanation.empty() ? "" : "; ", event.explanation));
}

void LogWriter::stalled(Instant at, NodeId node, env::StallCause cause, Duration time) {
  line(at, fmt::format("{}", node), "stall", fmt::format("{} for {}", to_string(cause), time));
}

void LogWriter::fault(Instant at, std::string_view who, std::string_view what) {
  line(at, who, "fault", what);
}

void LogWriter::machine(Instant at, NodeId node, std::string_view what) {
  line(at, fmt::format("{}", node), "machine", what);
}

void LogWriter::line(Instant at, std::string_view who, std::string_view what,
                     std::string_view detail) {
  if (!began_) return;
  tell_plan_until(at);
  write(at, who, what, detail);
}

void LogWriter::tell_plan_until(Instant at) {
  for (; !plan_.empty() && plan_.back().at <= at; plan_.pop_back()) {
    write(plan_.back().at, plan_.back().who, "fault", plan_.back().detail);
  }
}

void LogWriter::write(Instant at, std::string_view who, std::string_view what,
                      std::string_view detail) {
  out_ << fmt::format("{:<20} {:<12} {:<10} {}\n", to_string(at), who, what, detail);
}

}  // namespace revenant::sim
