// A run that has left its record, to be looked at again: what `revenant run --out DIR --history` wrote, or the same of
// a run that has just ended. What was not written, which replica held what, the run itself tells once more: the same
// scenario and seed are run again, with an observer.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "sim/check/properties/verdict.h"
#include "sim/check/violation.h"
#include "sim/experiment/run.h"
#include "sim/history/history.h"
#include "sim/report/run_record.h"
#include "sim/scenario/load.h"

namespace revenant::sim {

struct RecordedRun {
  std::string command, fingerprint, build;
  uint64_t seed = 0;
  Scenario scenario;                       // as drawn and resolved
  std::vector<Finding> checks;             // those that it names
  std::vector<Violation> violations;       // the first few of each check
  std::map<uint64_t, Instant> deleted_at;  // by key that came back
  std::vector<report::Fault> faults;
  std::string history;       // history.jsonl
  std::string history_path;  // what errors in it name
};

// `run` and `faults`: the content of run.json and of faults.json. kInvalid: what is wrong with them.
Result<RecordedRun> recorded_run(const nlohmann::ordered_json& run,
                                 const nlohmann::ordered_json& faults, std::string history,
                                 const std::string& directory, const KnownNames& known);
Result<RecordedRun> read_recorded_run(const std::string& directory, const KnownNames& known);

// What the run itself judged, beyond what its history alone can show: a verdict for each check that the scenario names. A
// violation's core are the operations of its key that ended at the moments that the judge names; before a stale read the
// last write acknowledged until then; and the last of all, where the end of the run showed it.
std::vector<check::Verdict> judged(const RecordedRun& run, const history::History& history);

// Runs it again for what its replicas held of the keys of these violations, of each verdict as many as a page shows; says
// why not, if that comes to another run.
report::RunRecord record_of(const RecordedRun& run, const history::History& history,
                            const std::vector<check::Verdict>& verdicts);

// "quickstart, seed 1"
std::string title_of(const RecordedRun& run);

// All that can be said of it as one HTML page (sim/report): what it judged, then every property of its history.
Result<std::string> page_of(const RecordedRun& run);

}  // namespace revenant::sim
