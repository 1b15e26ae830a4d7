// A run as lines of text, one for each change of state, aligned:
//
//   time                 who         what        detail
//   00:30:00.000         n2          fault       crash begins
//   00:30:00.000         n2          machine     is killed
//
// What changes state: faults, processes, flushes, compactions, stalls, purged tombstones, client
// operations that did not end well. Successful operations and what a node takes are not: history
// and lineage have them.
#pragma once

#include <ostream>
#include <string_view>
#include <vector>

#include "sim/faults/fault_plan.h"
#include "sim/record/observer.h"

namespace revenant::sim {

class LogWriter final : public Observer {
 public:
  explicit LogWriter(std::ostream& out) : out_(out) {}  // `out` outlives the writer

  // Once, when the run begins. Their begins and ends are told as time comes to them.
  void plan(const std::vector<FaultWindow>& faults);
  // After the run: what is left of the plan.
  void finish();

  void began() override { began_ = true; }
  void operation(const Operation& operation) override;
  void purged(Instant at, NodeId node, uint64_t key, Version version) override;
  void flushed(Instant at, NodeId node, FileNumber sstable, uint64_t entries,
               uint64_t bytes) override;
  void compacted(Instant at, NodeId node, const env::CompactionEvent& event) override;
  void stalled(Instant at, NodeId node, env::StallCause cause, Duration time) override;
  void fault(Instant at, std::string_view who, std::string_view what) override;
  void machine(Instant at, NodeId node, std::string_view what) override;

 private:
  struct Change {
    Instant at;
    std::string who, detail;
  };
  void line(Instant at, std::string_view who, std::string_view what, std::string_view detail);
  void tell_plan_until(Instant at);
  void write(Instant at, std::string_view who, std::string_view what, std::string_view detail);

  std::ostream& out_;
  std::vector<Change> plan_;  // the next one last
  bool began_ = false;
};

}  // namespace revenant::sim
