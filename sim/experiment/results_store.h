// The results of a sweep: one SQLite file, written by one process, readable by anything.
//
//   experiment   one row: name, question, scenario (text), build, grid (JSON: sweep, seeds)
//   setting      point, path, value (JSON)     the swept settings of each grid point
//   run          run, point, seed, status, exit_code, verdict, fingerprint, message, wall_seconds
//   metric       run, name, value              NULL: not measured in that run
//   document     run, name, content            timeseries.csv, faults.json, scenario.json
//   runs         a view: a row per run, a column per swept path and per metric
//
//     pandas.read_sql('SELECT * FROM runs', sqlite3.connect('results.sqlite'))
//
// A run's row is there or not there: each is one transaction, on disk before put() returns (a
// write-ahead log with synchronous = FULL), so a kill or a power loss loses no finished run. The
// log stands beside the file until the sweep ends; after a kill, keep both. `status` is 'done', or
// 'crashed' if the worker died; the message then holds how, and the end of its stderr. Rows are
// named by the plan (sweep_plan.h), so that the content does not depend on the order in which runs
// ended. Only wall_seconds differs between repeats.
//
// A second writer is refused (flock on the file; not seen by other machines on a network file
// system).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/experiment/run_outcome.h"
#include "sim/experiment/sqlite.h"
#include "sim/experiment/sweep_plan.h"

namespace revenant::sim {

struct StoredRun {
  RunKey key;
  bool crashed;
  int exit_code;
  std::string verdict;
};

class ResultsStore {
 public:
  // A new file for `plan`, whose settings are all written at once. kInvalid if the file exists.
  static Result<ResultsStore> create(const std::string& path, const SweepPlan& plan);

  // Goes on with a file that create() made for the same plan; makes it if there is none. kInvalid,
  // naming the difference, if the scenario's text, the build or the grid is not the same.
  static Result<ResultsStore> resume(const std::string& path, const SweepPlan& plan);

  // For reading. kNotFound; kCorruption if it is no results file of this version.
  static Result<ResultsStore> open(const std::string& path);

  ~ResultsStore();
  ResultsStore(ResultsStore&&) noexcept;

  // --- writing ---
  // The run's row, durable on return. A run that crashed before is replaced; one that is done stays
  // as it is, and that is an error.
  Result<void> put(int64_t run, const RunOutcome& outcome);
  Result<void> put_crash(int64_t run, int exit_code, const std::string& message);
  // Folds the log into the file, which is then all there is. If another process is reading, the
  // log stays beside it and the file is as good.
  void finish();

  // --- reading ---
  // As it was given to create(), but for the scenario's path, which results do not keep.
  const SweepPlan& plan() const { return plan_; }
  Result<std::vector<StoredRun>> runs();                              // by number
  Result<std::set<int64_t>> done_runs();                              // those with an outcome
  Result<std::vector<std::string>> metric_names();                    // sorted
  Result<std::map<int64_t, double>> metric(const std::string& name);  // run -> value; without NaN
  // kNotFound if the run has no such document.
  Result<std::string> document(int64_t run, const std::string& name);

 private:
  class Lock;

  ResultsStore(SqlDatabase database, SweepPlan plan, std::unique_ptr<Lock> lock);
  Result<void> initialize();
  Result<void> check_same(const SweepPlan& plan, const std::string& path) const;
  Result<void> insert_run(int64_t run, const char* status, int exit_code,
                          const std::string& verdict, const std::string& fingerprint,
                          const std::string& message, std::optional<double> wall_seconds);
  Result<void> insert_outcome(int64_t run, const RunOutcome& outcome);
  // The view `runs` with a column for every metric known so far.
  Result<void> define_view();
  Result<void> in_transaction(const auto& body);

  std::unique_ptr<Lock> lock_;  // declared first: released after the database is closed
  SqlDatabase database_;
  SweepPlan plan_;
  std::set<std::string> metrics_;
};

}  // namespace revenant::sim
