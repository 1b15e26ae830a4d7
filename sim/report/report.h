// What a check found, for people: as text, as JSON, and as one HTML page without network access.
//
//   history, verdicts ─┬─> told: a paragraph for each violation ─┬─> text
//   (a run's record) ──┘   (who, when, against what, behind      ├─> JSON
//                           which fault, how to see it again)    └─> page: lanes on one time axis,
//                                                                    a figure of the core
//
// The same paragraph stands in all three. What only a simulator knows, the replicas' contents and the faults, comes
// as a RunRecord; without one the report is of clients alone.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/check/properties/verdict.h"
#include "sim/history/history.h"
#include "sim/report/nemesis.h"
#include "sim/report/run_record.h"
#include "sim/report/writers.h"

namespace revenant::report {

struct Report {
  const history::History& history;
  const std::vector<check::Verdict>& verdicts;
  std::string title;                  // the history's file, or the scenario
  const RunRecord* record = nullptr;  // of the run that made the history, if it is known
  // Of the run, or those that the history itself tells of.
  std::vector<Fault> faults = record != nullptr ? record->faults : nemesis_faults(history);
  Writers writers = Writers(history, verdicts);
};

// Of each property, violations beyond these are only counted in the text.
inline constexpr size_t kViolationsPrinted = 5;
// And beyond these in the page, which has a figure of each that is printed.
inline constexpr size_t kViolationsInPage = 100;

// The paragraph.
std::string told(const Report& report, const check::Verdict& verdict,
                 const check::Violation& violation);

// Commands for a shell that show the violation's moment again; none without a record.
struct Replay {
  std::string what;  // "stops a debugger there"
  std::string command;
};
std::vector<Replay> replays(const Report& report, const check::Violation& violation);

// A verdict in a line, and its first violations.
std::string to_text(const Report& report, const check::Verdict& verdict);
// An array of verdicts with all their violations.
nlohmann::ordered_json to_json(const Report& report);
// One page: no file and no address outside it is referred to. The same report gives the same bytes.
std::string to_html(const Report& report);

// "session 3", "readers/0".
std::string session_text(const history::History& history, uint32_t session);
// "crash n2: process killed", "partition: cut n0 <-> n2".
std::string fault_text(const Fault& fault);
// "12.345678s", "3d 04:05:06.789012"; "event 12" where the source has no times.
std::string time_text(const history::History& history, int64_t time);

}  // namespace revenant::report
