#include "sim/experiment/results_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/base/check.h"

namespace revenant::sim {
namespace {

// In the file's header; a reader refuses any other.
constexpr int kApplicationId = 0x52564e54;  // "RVNT"
constexpr int kSchemaVersion = 1;

constexpr const char* kSchema = R"(
CREATE TABLE experiment (
  name TEXT NOT NULL, question TEXT NOT NULL, scenario TEXT NOT NULL, build TEXT NOT NULL, grid TEXT NOT NULL);
CREATE TABLE setting (
  point INTEGER NOT NULL, path TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (point, path)) WITHOUT ROWID;
CREATE TABLE run (
  run INTEGER PRIMARY KEY, point INTEGER NOT NULL, seed INTEGER NOT NULL, status TEXT NOT NULL,
  exit_code INTEGER NOT NULL, verdict TEXT, fingerprint TEXT, message TEXT, wall_seconds REAL,
  UNIQUE (point, seed));
CREATE TABLE metric (
  run INTEGER NOT NULL, name TEXT NOT NULL, value REAL,
  PRIMARY KEY (run, name)) WITHOUT ROWID;
CREATE TABLE document (
  run INTEGER NOT NULL, name TEXT NOT NULL, content TEXT NOT NULL,
  PRIMARY KEY (run, name)) WITHOUT ROWID;
)";

// One sync per transaction; a rollback journal needs three or four.
constexpr const char* kWritingMode = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL";
constexpr const char* kFinishedMode = "PRAGMA journal_mode = DELETE";

// How long a writer waits for the one before it: the workers of a killed sweep share its lock until
// they are gone.
constexpr int kLockAttempts = 20;
constexpr useconds_t kLockPause = 50'000;

using Json = nlohmann::ordered_json;

Json grid_json(const SweepPlan& plan) {
  Json sweep = Json::array();
  for (const auto& [path, values] : plan.sweep) sweep.push_back({path, values});
  return {{"sweep", std::move(sweep)}, {"seeds", plan.seeds}};
}

// What a resumed sweep is told about two plans that differ, or nothing.
std::string grid_difference(const SweepPlan& before, const SweepPlan& now) {
  const auto paths = [](const SweepPlan& plan) {
    std::string text;
    for (const auto& [path, values] : plan.sweep) text += (text.empty() ? "" : ", ") + path;
    return text.empty() ? "nothing" : text;
  };
  if (paths(before) != paths(now)) {
    return fmt::format("it sweeps {}, now it is {}", paths(before), paths(now));
  }
  for (size_t i = 0; i < before.sweep.size(); ++i) {
    const nlohmann::json was = before.sweep[i].second, is = now.sweep[i].second;
    if (was != is) {
      return fmt::format("it has {} = {}, now it is {}", before.sweep[i].first, was.dump(),
                         is.dump());
    }
  }
  if (before.seeds != now.seeds) {
    const auto seeds = [](const SweepPlan& plan) {
      return fmt::format("{} seeds {}..{}", plan.seeds.size(), plan.seeds.front(),
                         plan.seeds.back());
    };
    return fmt::format("it has {}, now it is {}", seeds(before), seeds(now));
  }
  return "";
}

Result<bool> is_empty(SqlDatabase& database) {
  ASSIGN_OR_RETURN(auto tables, database.prepare("SELECT count(*) FROM sqlite_schema"));
  ASSIGN_OR_RETURN(const bool row, tables.step());
  CHECK(row);
  return tables.integer(0) == 0;
}

int first_different_line(std::string_view a, std::string_view b) {
  int line = 1;
  for (size_t i = 0; i < std::min(a.size(), b.size()) && a[i] == b[i]; ++i)
    line += a[i] == '\n' ? 1 : 0;
  return line;
}

}  // namespace

// Keeps other writers out for as long as it lives.
class ResultsStore::Lock {
 public:
  enum class Existing { kRefuse, kAllow };

  static Result<std::unique_ptr<Lock>> take(const std::string& path, Existing existing) {
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | (existing == Existing::kRefuse ? O_EXCL : 0);
    const int file = ::open(path.c_str(), flags, 0644);
    if (file < 0) {
      if (errno == EEXIST) {
        return error(ErrorCode::kInvalid,
                     "{} exists: --resume goes on with it, --out names another file", path);
      }
      return error(ErrorCode::kInvalid, "{}: {}", path, std::strerror(errno));
    }
    std::unique_ptr<Lock> lock(new Lock(file));
    for (int attempt = 0; ::flock(file, LOCK_EX | LOCK_NB) != 0; ++attempt) {
      if (attempt == kLockAttempts) {
        return error(ErrorCode::kInvalid, "{}: another sweep is writing to it", path);
      }
      ::usleep(kLockPause);
    }
    return lock;
  }

  ~Lock() { ::close(file_); }
  Lock(const Lock&) = delete;

 private:
  explicit Lock(int file) : file_(file) {}
  int file_;
};

ResultsStore::ResultsStore(SqlDatabase database, SweepPlan plan, std::unique_ptr<Lock> lock)
    : lock_(std::move(lock)), database_(std::move(database)), plan_(std::move(plan)) {}
ResultsStore::~ResultsStore() = default;
ResultsStore::ResultsStore(ResultsStore&&) noexcept = default;

Result<ResultsStore> ResultsStore::create(const std::string& path, const SweepPlan& plan) {
  RETURN_IF_ERROR(plan.validate());
  ASSIGN_OR_RETURN(auto lock, Lock::take(path, Lock::Existing::kRefuse));
  ASSIGN_OR_RETURN(auto database, SqlDatabase::open(path));
  ResultsStore store(std::move(database), plan, std::move(lock));
  RETURN_IF_ERROR(store.initialize());
  return store;
}

Result<ResultsStore> ResultsStore::resume(const std::string& path, const SweepPlan& plan) {
  RETURN_IF_ERROR(plan.validate());
  ASSIGN_OR_RETURN(auto lock, Lock::take(path, Lock::Existing::kAllow));
  ASSIGN_OR_RETURN(auto database, SqlDatabase::open(path));
  // Empty: made just now, or by a sweep that was killed before it wrote anything.
  ASSIGN_OR_RETURN(const bool empty, is_empty(database));
  if (empty) {
    ResultsStore store(std::move(database), plan, std::move(lock));
    RETURN_IF_ERROR(store.initialize());
    return store;
  }
  ASSIGN_OR_RETURN(auto store, open(path));
  RETURN_IF_ERROR(store.check_same(plan, path));
  store.plan_.scenario_path = plan.scenario_path;
  store.lock_ = std::move(lock);
  RETURN_IF_ERROR(store.database_.run(kWritingMode));
  return store;
}

Result<ResultsStore> ResultsStore::open(const std::string& path) {
  ASSIGN_OR_RETURN(auto database, SqlDatabase::open(path));
  {
    ASSIGN_OR_RETURN(auto header, database.prepare("SELECT application_id, user_version FROM "
                                                   "pragma_application_id, pragma_user_version"));
    ASSIGN_OR_RETURN(const bool row, header.step());
    CHECK(row);
    if (header.integer(0) != kApplicationId) {
      return error(ErrorCode::kCorruption, "{} is not a results file of `revenant sweep`", path);
    }
    if (header.integer(1) != kSchemaVersion) {
      return error(ErrorCode::kCorruption,
                   "{} has results of version {}; this program reads version {}", path,
                   header.integer(1), kSchemaVersion);
    }
  }
  SweepPlan plan;
  {
    ASSIGN_OR_RETURN(
        auto rows,
        database.prepare("SELECT name, question, scenario, build, grid FROM experiment"));
    ASSIGN_OR_RETURN(const bool row, rows.step());
    if (!row) return error(ErrorCode::kCorruption, "{} names no experiment", path);
    plan.name = rows.text(0);
    plan.question = rows.text(1);
    plan.scenario_text = rows.text(2);
    plan.build = rows.text(3);
    try {
      const auto grid = nlohmann::json::parse(rows.text(4));
      grid.at("sweep").get_to(plan.sweep);
      grid.at("seeds").get_to(plan.seeds);
    } catch (const nlohmann::json::exception& e) {
      return error(ErrorCode::kCorruption, "{}: the grid cannot be read: {}", path, e.what());
    }
  }
  ResultsStore store(std::move(database), std::move(plan), nullptr);
  ASSIGN_OR_RETURN(auto names, store.metric_names());
  store.metrics_.insert(names.begin(), names.end());
  return store;
}

Result<void> ResultsStore::check_same(const SweepPlan& plan, const std::string& path) const {
  if (plan_.scenario_text != plan.scenario_text) {
    return error(ErrorCode::kInvalid,
                 "{} was made from another text of the scenario: line {} differs", path,
                 first_different_line(plan_.scenario_text, plan.scenario_text));
  }
  if (plan_.build != plan.build) {
    return error(ErrorCode::kInvalid, "{} was made by build {}, this is build {}", path,
                 plan_.build, plan.build);
  }
  if (const std::string difference = grid_difference(plan_, plan); !difference.empty()) {
    return error(ErrorCode::kInvalid, "{} has another grid: {}", path, difference);
  }
  return {};
}

Result<void> ResultsStore::in_transaction(const auto& body) {
  RETURN_IF_ERROR(database_.run("BEGIN IMMEDIATE"));
  if (Result<void> result = body(); !result.has_value()) {
    (void)database_.run("ROLLBACK");  // the first error is the one to tell
    return result;
  }
  return database_.run("COMMIT");
}

Result<void> ResultsStore::initialize() {
  RETURN_IF_ERROR(database_.run(kWritingMode));
  return in_transaction([&]() -> Result<void> {
    RETURN_IF_ERROR(database_.run(fmt::format(
        "PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId, kSchemaVersion)));
    RETURN_IF_ERROR(database_.run(kSchema));
    ASSIGN_OR_RETURN(auto experiment,
                     database_.prepare("INSERT INTO experiment VALUES (?, ?, ?, ?, ?)"));
    RETURN_IF_ERROR(experiment.bind(plan_.name)
                        .bind(plan_.question)
                        .bind(plan_.scenario_text)
                        .bind(plan_.build)
                        .bind(grid_json(plan_).dump())
                        .run());
    ASSIGN_OR_RETURN(auto setting, database_.prepare("INSERT INTO setting VALUES (?, ?, ?)"));
    for (const GridPoint& point : plan_.points()) {
      for (const auto& [path, value] : point.assignments) {
        RETURN_IF_ERROR(setting.bind(point.index).bind(path).bind(value.dump()).run());
      }
    }
    return define_view();
  });
}

Result<void> ResultsStore::define_view() {
  std::string columns = "r.run, r.point, r.seed, r.status, r.exit_code, r.verdict, r.fingerprint";
  for (const auto& [path, values] : plan_.sweep) {
    columns += fmt::format(
        ",\n  (SELECT json_extract(value, '$') FROM setting WHERE point = r.point AND path = {}) "
        "AS {}",
        sql_text(path), sql_identifier(path));
  }
  for (const std::string& name : metrics_) {
    columns += fmt::format(",\n  (SELECT value FROM metric WHERE run = r.run AND name = {}) AS {}",
                           sql_text(name), sql_identifier(name));
  }
  return database_.run("DROP VIEW IF EXISTS runs; CREATE VIEW runs AS SELECT " + columns +
                       "\nFROM run r ORDER BY r.run");
}

Result<void> ResultsStore::insert_run(int64_t run, const char* status, int exit_code,
                                      const std::string& verdict, const std::string& fingerprint,
                                      const std::string& message,
                                      std::optional<double> wall_seconds) {
  const RunKey key = run_key(plan_, run);
  ASSIGN_OR_RETURN(auto old,
                   database_.prepare("DELETE FROM run WHERE run = ? AND status = 'crashed'"));
  RETURN_IF_ERROR(old.bind(run).run());
  ASSIGN_OR_RETURN(auto row,
                   database_.prepare("INSERT INTO run VALUES (?, ?, ?, ?, ?, nullif(?, ''), "
                                     "nullif(?, ''), nullif(?, ''), ?)"));
  return row.bind(run)
      .bind(key.point)
      .bind(static_cast<int64_t>(key.seed))
      .bind(status)
      .bind(exit_code)
      .bind(verdict)
      .bind(fingerprint)
      .bind(message)
      .bind(wall_seconds.value_or(std::numeric_limits<double>::quiet_NaN()))
      .run();
}

Result<void> ResultsStore::insert_outcome(int64_t run, const RunOutcome& outcome) {
  RETURN_IF_ERROR(insert_run(run, "done", outcome.exit_code, outcome.verdict, outcome.fingerprint,
                             "", outcome.wall_seconds));
  const size_t metrics_before = metrics_.size();
  ASSIGN_OR_RETURN(auto metric, database_.prepare("INSERT INTO metric VALUES (?, ?, ?)"));
  for (const auto& [name, value] : outcome.metrics) {
    RETURN_IF_ERROR(metric.bind(run).bind(name).bind(value).run());
    metrics_.insert(name);
  }
  ASSIGN_OR_RETURN(auto document, database_.prepare("INSERT INTO document VALUES (?, ?, ?)"));
  for (const auto& [name, content] :
       {std::pair<const char*, const std::string&>{"timeseries.csv", outcome.timeseries_csv},
        {"faults.json", outcome.faults_json},
        {"scenario.json", outcome.scenario_json}}) {
    if (content.empty()) continue;
    RETURN_IF_ERROR(document.bind(run).bind(name).bind(content).run());
  }
  if (metrics_.size() != metrics_before) RETURN_IF_ERROR(define_view());
  return {};
}

Result<void> ResultsStore::put(int64_t run, const RunOutcome& outcome) {
  const RunKey key = run_key(plan_, run);
  CHECK(0 <= run && run < plan_.run_count(), "run={} of {}", run, plan_.run_count());
  CHECK(outcome.seed == key.seed, "the outcome of run {} has seed {}, not {}", run, outcome.seed,
        key.seed);
  return in_transaction([&] { return insert_outcome(run, outcome); });
}

Result<void> ResultsStore::put_crash(int64_t run, int exit_code, const std::string& message) {
  CHECK(0 <= run && run < plan_.run_count(), "run={} of {}", run, plan_.run_count());
  return in_transaction(
      [&] { return insert_run(run, "crashed", exit_code, "", "", message, std::nullopt); });
}

void ResultsStore::finish() { (void)database_.run(kFinishedMode); }

Result<std::vector<StoredRun>> ResultsStore::runs() {
  ASSIGN_OR_RETURN(
      auto rows, database_.prepare("SELECT run, status, exit_code, verdict FROM run ORDER BY run"));
  std::vector<StoredRun> runs;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.step());
    if (!row) return runs;
    runs.push_back({run_key(plan_, rows.integer(0)), rows.text(1) == "crashed",
                    static_cast<int>(rows.integer(2)), rows.text(3)});
  }
}

Result<std::set<int64_t>> ResultsStore::done_runs() {
  ASSIGN_OR_RETURN(const auto all, runs());
  std::set<int64_t> done;
  for (const StoredRun& run : all) {
    if (!run.crashed) done.insert(run.key.number);
  }
  return done;
}

Result<std::vector<std::string>> ResultsStore::metric_names() {
  ASSIGN_OR_RETURN(auto rows, database_.prepare("SELECT DISTINCT name FROM metric ORDER BY name"));
  std::vector<std::string> names;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.step());
    if (!row) return names;
    names.push_back(rows.text(0));
  }
}

Result<std::map<int64_t, double>> ResultsStore::metric(const std::string& name) {
  ASSIGN_OR_RETURN(auto rows,
                   database_.prepare("SELECT run, value FROM metric WHERE name = ? AND value "
                                     "IS NOT NULL ORDER BY run"));
  rows.bind(name);
  std::map<int64_t, double> values;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.step());
    if (!row) return values;
    values[rows.integer(0)] = rows.real(1);
  }
}

Result<std::string> ResultsStore::document(int64_t run, const std::string& name) {
  ASSIGN_OR_RETURN(auto rows,
                   database_.prepare("SELECT content FROM document WHERE run = ? AND name = ?"));
  rows.bind(run).bind(name);
  ASSIGN_OR_RETURN(const bool row, rows.step());
  if (!row) return error(ErrorCode::kNotFound, "run {} has no {}", run, name);
  return rows.text(0);
}

}  // namespace revenant::sim
