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
Instant to_instant(const ordered_json& seconds) {
  return Instant{std::llround(seconds.get<double>() * 1e9)};
}

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

Result<RecordedRun> recorded_run(const ordered_json& run, const ordered_json& faults,
                                 std::string history, const std::string& directory,
                                 const KnownNames& known) {
  const std::string origin = directory + "/run.json";
  RecordedRun recorded;
  recorded.history = std::move(history);
  recorded.history_path = directory + "/history.jsonl";
  try {
    run.at("command").get_to(recorded.command);
    run.at("fingerprint").get_to(recorded.fingerprint);
    run.at("build").get_to(recorded.build);
    run.at("seed").get_to(recorded.seed);
    auto scenario = parse_scenario(run.at("scenario").dump(2), origin, known);
    if (!scenario)
      return error(ErrorCode::kInvalid, "{}: its scenario: {}", origin,
                   to_string(scenario.error()));
    recorded.scenario = std::move(*scenario);
    for (const ordered_json& finding : run.at("findings"))
      if (finding.at("kind").get<std::string>() == "check")
        recorded.checks.push_back({.kind = Finding::Kind::kCheck,
                                   .name = finding.at("name"),
                                   .held = finding.at("held"),
                                   .detail = finding.at("detail")});
    const auto key_of = [](const ordered_json& name) {
      return name.is_null() ? std::nullopt : key_index(name.get<std::string>());
    };
    for (const ordered_json& violation : run.at("violations")) {
      const ordered_json& at = violation.at("at_s");
      recorded.violations.push_back({.check = violation.at("check"),
                                     .cause = violation.at("cause"),
                                     .key = key_of(violation.at("key")),
                                     .at = at.is_null() ? Instant::never() : to_instant(at),
                                     .story = violation.at("story")});
    }
    for (const ordered_json& r : run.at("resurrections"))
      if (const auto key = key_of(r.at("key")))
        recorded.deleted_at[*key] = to_instant(r.at("deleted_s"));
    for (const ordered_json& fault : faults)
      recorded.faults.push_back(
          {fault.at("kind"), fault.at("detail"), fault.at("nodes").get<std::vector<uint32_t>>(),
           to_instant(fault.at("from_s")).ns, to_instant(fault.at("to_s")).ns});
  } catch (const ordered_json::exception& e) {
    return error(ErrorCode::kInvalid, "{}: {}", origin, e.what());
  }
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
  ASSIGN_OR_RETURN(const ordered_json run, json("run.json"));
  ASSIGN_OR_RETURN(const ordered_json faults, json("faults.json"));
  return recorded_run(run, faults, std::move(history), directory, known);
}

std::vector<check::Verdict> judged(const RecordedRun& run, const history::History& history) {
  const Operations operations(history);
  std::vector<check::Verdict> verdicts;
  for (const Finding& finding : run.checks) {
    if (is_property(finding.name)) continue;
    check::Verdict verdict = {.property = finding.name};
    verdict.outcome = finding.held ? check::Outcome::kHolds : check::Outcome::kViolated;
    verdict.observations = history.operations().size();
    verdict.figures = "as the run judged: " + finding.detail;
    for (const Violation& told : run.violations) {
      if (told.check != finding.name || !told.key) continue;
      const auto key = operations.key(std::string(key_name(*told.key)));
      if (!key) continue;
      check::Violation violation = {.key = key, .operations = {}, .story = told.story};
      if (told.at == Instant::never()) {
        violation.operations = operations.last_write(*key);
      } else {
        std::vector<int64_t> moments = {told.at.ns};
        const auto deleted = run.deleted_at.find(*told.key);
        if (told.check == "no_resurrection" && deleted != run.deleted_at.end())
          moments.push_back(deleted->second.ns);
        violation.operations = operations.ended_at(*key, moments);
        if (told.check == "no_stale_reads" && !violation.operations.empty()) {  // what it missed
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
  record.command = run.command;
  record.faults = run.faults;
  const std::vector<uint64_t> keys = concerned(history, verdicts);
  if (keys.empty()) return record;
  ReplicaLog log(keys);
  RunOptions options{.command = record.command};
  options.observers = {&log};
  options.watched = keys;
  const RunReport again = run_scenario(run.scenario, run.seed, options);
  if (again.outcome.fingerprint != run.fingerprint) {
    record.missing = fmt::format(
        "What replicas held is not known: run again by this build it comes to another run "
        "(fingerprint {}, recorded {} by {}).",
        again.outcome.fingerprint, run.fingerprint, run.build);
    return record;
  }
  log.finish(record);
  return record;
}

std::string title_of(const RecordedRun& run) {
  return fmt::format("{}, seed {}", run.scenario.name, run.seed);
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
