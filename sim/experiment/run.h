// One run of one scenario with one seed: builds the world, judges what happened, and holds it
// against what the scenario promises.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "sim/check/judge.h"
#include "sim/experiment/log_writer.h"
#include "sim/experiment/run_outcome.h"
#include "sim/record/perfetto_trace.h"
#include "sim/scenario/scenario.h"
#include "sim/world/world.h"

namespace revenant::sim {

// One promise of the scenario and whether the run kept it.
struct Finding {
  enum class Kind { kCheck, kExpect, kMustHappen };
  Kind kind;
  std::string name;  // of the check or metric
  bool held;
  std::string detail;  // "is 3, must be at least 20"
};

struct RunReport {
  RunOutcome outcome;
  std::vector<Finding> findings;
  std::vector<Resurrection> resurrections;
  std::vector<VisibleReturn> visible_returns;
  std::vector<NodeFigures> nodes;
  std::vector<FaultWindow> faults;
  std::vector<FaultOptions> plan;          // the faults that took place, as explicit entries
  std::vector<std::string> missed_faults;  // aimed ones that did not, with the reason
  std::vector<Violation> violations;  // stories, also of properties the scenario does not promise
};

// What to keep of a run's events, and what was kept.
struct KernelProbe {
  uint64_t checkpoint_interval = 0;            // events; 0: none are kept
  uint64_t record_first = 0, record_last = 0;  // numbers of events; 0: none
  std::vector<std::pair<uint64_t, Fingerprint>> checkpoints = {};
  std::vector<EventRecord> events = {};
  Fingerprint fingerprint = {};  // of the whole run

  // Few enough events between two checkpoints to keep all of one stretch.
  static constexpr uint64_t kInterval = 4096;
};

struct RunOptions {
  std::string command;              // reproduces the run; printed by a failing CHECK
  std::ostream* history = nullptr;  // JSON lines, if wanted
  PerfettoTrace* trace = nullptr;   // if wanted; its finish() is the caller's
  LogWriter* log = nullptr;         // if wanted; its finish() is the caller's
  KernelProbe* probe = nullptr;     // if wanted
  std::vector<Observer*> observers = {};
  // Keys of which the observers are told through flushes and compactions.
  std::vector<uint64_t> watched = {};
  // Where a debugger is to stop: SIGTRAP before the first event at or after this time since the
  // start, or before this event.
  std::optional<Duration> break_at = {};
  uint64_t break_at_event = 0;
};

// A swarm block is drawn first; the outcome holds the scenario as drawn.
RunReport run_scenario(const Scenario& scenario, uint64_t seed, const RunOptions& options);

// For people: the figures in groups, what was promised, which keys came back, the verdict.
std::string to_text(const Scenario& scenario, const RunReport& report, const std::string& command);

// run.json, timeseries.csv, faults.json and checkpoints.json (of the probe, for `diff`) in
// `directory`, which is made if need be. Each file is written whole or not at all. Errors name the
// file.
Result<void> write_run_directory(const std::string& directory, const RunReport& report,
                                 const KernelProbe& probe, const std::string& command);
// run.json's content: version, build, scenario, seed, fingerprint, verdict, metrics, findings,
// resurrections.
nlohmann::ordered_json to_json(const RunReport& report, const std::string& command);

// "0.1.0 GNU 12.2.0 Release": what results are stamped with.
std::string build_name();

}  // namespace revenant::sim
