#include "sim/experiment/recorded_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "sim/check/properties/properties.h"
#include "sim/experiment/replica_log.h"
#include "sim/experiment/run.h"
#include "sim/experiment/whole_file.h"
#include "sim/history/read.h"
#include "sim/record/key.h"
#include "sim/report/report.h"

namespace revenant::sim {

namespace {

using nlohmann::ordered_json;

// Seconds are written with all their digits, so the nanoseconds come back.
int64_t to_ns(const ordered_json& seconds) { return std::llround(seconds.get<double>() * 1e9); }

bool is_property(const std::string& name) {
  return std::ranges::find(check::properties(), name, &check::Property::name) !=
         check::properties().end();
}

// Finds operations by their key and the moment at which they ended.
class Operations {
 public:
  explicit Operations(const history::History& history) : history_(history) {
    for (uint32_t key = 0; key < history.key_count(); ++key) keys_[history.key_name(key)] = key;
  }

  std::optional<uint32_t> key(const std::string& name) const {
    const auto found = keys_.find(name);
    return found == keys_.end() ? std::nullopt : std::optional(found->second);
  }

  // In the order of their beginnings.
  std::vector<uint32_t> ended_at(uint32_t key, const std::vector<int64_t>& moments) const {
    std::vector<uint32_t> found;
    for (uint32_t place = 0; place < history_.operations().size(); ++place) {
      const history::Operation& op = history_.operations()[place];
      if (op.key == key && is_of_one_key(op) &&
          std::ranges::find(moments, op.completed) != moments.end())
        found.push_back(place);
    }
    std::ranges::stable_sort(found, {},
                             [&](uint32_t place) { return history_.operations()[place].invoked; });
    return found;
  }

  // That was acknowledged before this moment.
  std::vector<uint32_t> last_write(uint32_t key, int64_t before = history::kNever) const {
    std::optional<uint32_t> last;
    for (uint32_t place = 0; place < history_.operations().size(); ++place) {
      const history::Operation& op = history_.operations()[place];
      if (op.key != key || !history::is_write(op.kind) || op.outcome != history::Outcome::kOk ||
          op.completed >= before)
        continue;
      if (!last || history_.operations()[*last].completed <= op.completed) last = place;
    }
    return last ? std::vector{*last} : std::vector<uint32_t>{};
  }

 private:
  static bool is_of_one_key(const history::Operation& op) {
    return op.kind != history::Kind::kScan && op.kind != history::Kind::kTransaction;
  }

  const history::History& history_;
  std::map<std::string_view, uint32_t> keys_;
};

// The keys of violations that a report shows, ascending.
std::vector<uint64_t> concerned(const history::History& history,
                                const std::vector<check::Verdict>& verdicts) {
  std::set<uint64_t> keys;
  const auto add = [&](uint32_t key) {
    if (const auto index = key_index(history.key_name(key))) keys.insert(*index);
  };
  for (const check::Verdict& verdict : verdicts)
    for (size_t i = 0; i < std::min(report::kViolationsInPage, verdict.violations.size()); ++i)
      if (const auto& key = verdict.violations[i].key) add(*key);
  return {keys.begin(), keys.end()};
}

}  // namespace

Result<RecordedRun> recorded_run(ordered_json run, const ordered_json& faults, std::string history,
                                 const std::string& directory, const KnownNames& known) {
  const std::string origin = directory + "/run.json";
  RecordedRun recorded;
  recorded.history = std::move(history);
  recorded.history_path = directory + "/history.jsonl";
  try {
    auto scenario = parse_scenario(run.at("scenario").dump(2), origin, known);
    if (!scenario)
      return error(ErrorCode::kInvalid, "{}: its scenario: {}", origin,
                   to_string(scenario.error()));
    recorded.scenario = std::move(*scenario);
    for (const char* field : {"command", "fingerprint"})
      run.at(field).get_ref<const std::string&>();
    (void)run.at("seed").get<uint64_t>();
    for (const ordered_json& fault : faults)
      recorded.faults.push_back({fault.at("kind"), fault.at("detail"),
                                 fault.at("nodes").get<std::vector<uint32_t>>(),
                                 to_ns(fault.at("from_s")), to_ns(fault.at("to_s"))});
  } catch (const ordered_json::exception& e) {
    return error(ErrorCode::kInvalid, "{}: {}", origin, e.what());
  }
  recorded.run = std::move(run);
  return recorded;
}

Result<RecordedRun> read_recorded_run(const std::string& directory, const KnownNames& known) {
  const std::filesystem::path root(directory);
  const auto read = [&](const char* name) -> Result<std::string> {
    auto text = read_whole(root / name);
    if (text) return text;
    return error(text.error().code, "{}; `revenant run SCENARIO --out {} --history` writes it",
                 text.error().message, directory);
  };
  ASSIGN_OR_RETURN(std::string history, read("history.jsonl"));
  const auto json = [&](const char* name) -> Result<ordered_json> {
    ASSIGN_OR_RETURN(const std::string text, read(name));
    auto parsed = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (parsed.is_discarded())
      return error(ErrorCode::kInvalid, "{}/{}: not JSON", directory, name);
    return parsed;
  };
  ASSIGN_OR_RETURN(ordered_json run, json("run.json"));
  ASSIGN_OR_RETURN(const ordered_json faults, json("faults.json"));
  return recorded_run(std::move(run), faults, std::move(history), directory, known);
}

std::vector<check::Verdict> judged(const RecordedRun& run, const history::History& history) {
  const Operations operations(history);
  std::map<std::string, int64_t>
      deleted;  // when the delete of a key that came back was acknowledged
  for (const ordered_json& r : run.run.value("resurrections", ordered_json::array()))
    deleted[r.at("key")] = to_ns(r.at("deleted_s"));

  std::vector<check::Verdict> verdicts;
  for (const ordered_json& finding : run.run.value("findings", ordered_json::array())) {
    const std::string name = finding.at("name");
    if (finding.at("kind") != "check" || is_property(name)) continue;
    check::Verdict verdict = {.property = name};
    verdict.outcome = finding.at("held") ? check::Outcome::kHolds : check::Outcome::kViolated;
    verdict.observations = history.operations().size();
    verdict.figures = fmt::format("as the run judged: {}", finding.at("detail").get<std::string>());
    for (const ordered_json& told : run.run.value("violations", ordered_json::array())) {
      if (told.at("check") != name || told.at("key").is_null()) continue;
      const auto key = operations.key(told.at("key"));
      if (!key) continue;
      check::Violation violation = {.key = key, .operations = {}, .story = told.at("story")};
      if (told.at("at_s").is_null()) {
        violation.operations = operations.last_write(*key);
      } else {
        std::vector<int64_t> moments = {to_ns(told.at("at_s"))};
        const auto found = deleted.find(told.at("key"));
        if (name == "no_resurrection" && found != deleted.end()) moments.push_back(found->second);
        violation.operations = operations.ended_at(*key, moments);
        if (name == "no_stale_reads" && !violation.operations.empty()) {  // what it missed
          const history::Operation& read = history.operations()[violation.operations.front()];
          const auto missed = operations.last_write(*key, read.invoked);
          violation.operations.insert(violation.operations.begin(), missed.begin(), missed.end());
        }
      }
      verdict.violations.push_back(std::move(violation));
    }
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

report::RunRecord record_of(const RecordedRun& run, const history::History& history,
                            const std::vector<check::Verdict>& verdicts) {
  report::RunRecord record;
  record.command = run.run.at("command");
  record.faults = run.faults;
  const std::vector<uint64_t> keys = concerned(history, verdicts);
  if (keys.empty()) return record;
  ReplicaLog log(keys);
  RunOptions options{.command = record.command};
  options.observers = {&log};
  options.watched = keys;
  const RunReport again = run_scenario(run.scenario, run.run.at("seed"), options);
  if (again.outcome.fingerprint != run.run.at("fingerprint")) {
    record.missing = fmt::format(
        "What replicas held is not known: run again by this build it comes to another run "
        "(fingerprint {}, recorded {} by {}).",
        again.outcome.fingerprint, run.run.at("fingerprint").get<std::string>(),
        run.run.value("build", "another build"));
    return record;
  }
  log.finish(record);
  return record;
}

std::string title_of(const RecordedRun& run) {
  return fmt::format("{}, seed {}", run.scenario.name, run.run.at("seed").get<uint64_t>());
}

Result<std::string> page_of(const RecordedRun& run) {
  ASSIGN_OR_RETURN(const history::History history,
                   history::read_history(run.history, run.history_path));
  std::vector<check::Verdict> verdicts = judged(run, history);
  for (const check::Property& property : check::properties())
    verdicts.push_back(property.check(history, {}));
  const report::RunRecord record = record_of(run, history, verdicts);
  return report::to_html(
      {.history = history, .verdicts = verdicts, .title = title_of(run), .record = &record});
}

}  // namespace revenant::sim
