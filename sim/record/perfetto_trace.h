// A run as a trace for Perfetto (ui.perfetto.dev), in Chrome's JSON trace format.
//
//   process n0, n1, …      tasks, disk operations, messages sent and arrived (an arrow from one to
//                          the other), messages held back for others to overtake, the processor's
//                          work on them (cluster.cpu), NTP's corrections with the error as a counter
//   process clients        operations, from their call to their end
//   process faults         the window of each fault
//
// Times are virtual, from the start of the run. What began in the wanted stretch of time is in the
// trace, until the file has its greatest size: then it ends, and says so. Tasks that began before
// the start count as begun at the start.
//
// Not in it: what tasks wait for, files, and causes of disk operations (run.json has bytes by
// cause).
#pragma once

#include <map>
#include <ostream>
#include <set>
#include <string>

#include "sim/kernel/trace.h"
#include "sim/record/observer.h"

namespace revenant::sim {

struct PerfettoOptions {
  Duration from{}, to = days(36500);        // since the start
  uint64_t bytes_max = uint64_t{64} << 20;  // Perfetto opens a file of this size in seconds
};

class PerfettoTrace final : public Trace, public Observer {
 public:
  PerfettoTrace(std::ostream& out, const PerfettoOptions& options);

  // The run begins: `start` is the kernel's time; machines from `nodes` on are clients'.
  void run_starts(Instant start, uint32_t nodes);
  // A window of time since the start in which a fault held.
  void fault_window(const std::string& kind, const std::string& detail, Instant from, Instant to);
  // Closes the file's brackets. Nothing after it.
  void finish();
  bool cut_short() const { return cut_short_; }

  void task_began(NodeId node, env::TaskId task, const char* name, Instant at) override;
  void task_ended(NodeId node, env::TaskId task, const char* name, Instant at) override;
  void disk_operation(NodeId node, std::string_view kind, uint64_t bytes, Instant submitted,
                      Instant finished) override;
  void message_sent(uint64_t message, NodeId from, NodeId to, Bytes bytes, Instant at) override;
  void message_ended(uint64_t message, NodeId from, NodeId to, std::string_view fate,
                     Instant at) override;
  void message_held_back(uint64_t message, NodeId from, Duration by, Instant at) override;
  void message_handled(NodeId node, uint64_t bytes, Instant arrived, Instant from,
                       Instant to) override;
  void clock_corrected(NodeId node, std::string_view how, Duration ahead, Instant at) override;
  void operation(const Operation& operation) override;

 private:
  struct Track;
  bool wanted(Instant since_start) const;
  // Names the process of a machine when it is first seen.
  uint64_t process(NodeId node);
  void name_process(uint64_t process, const std::string& name);
  void slice(const Track& track, std::string_view name, uint64_t id, Instant from, Instant to,
             const std::string& arguments);
  void half(char phase, const Track& track, std::string_view name, uint64_t id, Instant at,
            const std::string& arguments = "{}");
  void instant(const Track& track, std::string_view name, Instant at, char flow, uint64_t message,
               const std::string& arguments);
  void write(const std::string& event);

  std::ostream& out_;
  const PerfettoOptions options_;
  uint64_t bytes_ = 0;
  bool first_ = true, started_ = false, cut_short_ = false;
  Instant start_;
  uint32_t nodes_ = 0;
  uint64_t last_id_ = 0;
  std::set<uint64_t> named_;
  struct LiveTask {
    NodeId node;
    const char* name;
  };
  std::map<env::TaskId, LiveTask> before_start_;
  std::map<uint64_t, std::string> sent_;  // names of messages under way that are in the trace
  std::set<env::TaskId> open_tasks_;      // likewise tasks
};

}  // namespace revenant::sim
