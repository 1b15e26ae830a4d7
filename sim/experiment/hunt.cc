#include "sim/experiment/hunt.h"

#include <fmt/ostream.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <ostream>
#include <set>

#include "engine/base/checksum.h"
#include "sim/experiment/interrupt.h"
#include "sim/experiment/progress_line.h"
#include "sim/experiment/text_table.h"
#include "sim/experiment/whole_file.h"
#include "sim/experiment/worker_processes.h"
#include "sim/faults/swarm.h"

namespace revenant::sim {
namespace {

constexpr const char* kHuntFormat = "revenant hunt 1";
constexpr Duration kPeriod = milliseconds(500);
constexpr auto kSaveEvery = std::chrono::seconds(1);

// "no_stale_reads-an_older_value.json".
std::string file_name(const Signature& signature) {
  std::string name = signature.check + "-" + signature.cause;
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    } else if (!plain) {
      c = '_';
    }
  }
  constexpr size_t kLongest = 80;
  if (name.size() > kLongest) {
    name = fmt::format("{}-{:08x}", name.substr(0, kLongest),
                       static_cast<uint32_t>(hash64(signature.cause)));
  }
  return name + ".json";
}

// One line from a worker to its parent.
std::string to_json_line(const HuntedRun& run) {
  nlohmann::ordered_json line{{"exit_code", run.exit_code}, {"events", run.events}};
  if (run.failure) line["failure"] = to_json(*run.failure).dump();
  return line.dump();
}

// What was found of one signature.
struct FailureGroup {
  int64_t seeds = 0;
  uint64_t first_seed = 0, fastest_seed = 0;
  uint64_t events = 0;  // of the fastest
};

class Hunt {
 public:
  Hunt(const HuntPlan& plan, const HuntOne& run, const ResolveOne& resolve,
       const HuntOptions& options, std::ostream& out, std::ostream& err)
      : plan_(plan),
        run_(run),
        resolve_(resolve),
        options_(options),
        directory_(options.directory),
        out_(out),
        err_(err) {}

  Result<int> run_all();

 private:
  Result<void> begin();
  Result<void> load(const std::string& text);
  Result<void> save();
  Result<void> take(const WorkerReport& report);
  Result<void> keep(uint64_t seed, const Signature& signature, uint64_t events,
                    const std::string& content);
  uint64_t next_seed() {
    while (next_ <= plan_.last && done_.contains(next_)) ++next_;
    return next_++;
  }
  bool enough() const { return options_.failures_max > 0 && failed_ >= options_.failures_max; }
  int report(bool complete);
  std::string identity() const {
    return fmt::format("{:016x}", hash64(plan_.settings, hash64(plan_.scenario)));
  }

  const HuntPlan& plan_;
  const HuntOne& run_;
  const ResolveOne& resolve_;
  const HuntOptions& options_;
  const std::filesystem::path directory_;
  std::ostream& out_;
  std::ostream& err_;

  uint64_t next_ = 0;
  std::set<uint64_t> done_;  // at or above done_below_
  uint64_t done_below_ = 0;
  int64_t passed_ = 0, failed_ = 0, vacuous_ = 0, died_ = 0;
  int64_t made_now_ = 0;
  std::map<Signature, FailureGroup> groups_;
  std::map<uint64_t, std::unique_ptr<BlackBox>> boxes_;  // of the seeds that run now
  std::chrono::steady_clock::time_point saved_;
};

Result<void> Hunt::begin() {
  done_below_ = plan_.first;
  std::error_code failed;
  std::filesystem::create_directories(directory_, failed);
  if (failed) return error(ErrorCode::kIo, "{}: {}", directory_.string(), failed.message());
  const std::filesystem::path state = directory_ / "hunt.json";
  const bool exists = std::filesystem::exists(state, failed);
  if (exists && options_.resume == Resume::kNo) {
    return error(ErrorCode::kInvalid,
                 "{} is there already: --resume goes on with it, --out DIR hunts elsewhere",
                 state.string());
  }
  if (exists) {
    ASSIGN_OR_RETURN(const std::string text, read_whole(state));
    RETURN_IF_ERROR(load(text));
  }
  next_ = done_below_;
  return save();
}

Result<void> Hunt::load(const std::string& text) {
  const std::string path = (directory_ / "hunt.json").string();
  try {
    const Json in = Json::parse(text);
    if (in.at("format") != kHuntFormat) {
      return error(ErrorCode::kInvalid, "{}: not a hunt of this version", path);
    }
    if (in.at("scenario") != identity() || in.at("build") != build_identity() ||
        in.at("first") != plan_.first) {
      return error(ErrorCode::kInvalid,
                   "{}: a hunt of another scenario, build or first seed; --out DIR hunts elsewhere",
                   path);
    }
    done_below_ = in.at("done_below").get<uint64_t>();
    done_ = in.at("done").get<std::set<uint64_t>>();
    passed_ = in.at("passed").get<int64_t>();
    failed_ = in.at("failed").get<int64_t>();
    vacuous_ = in.at("vacuous").get<int64_t>();
    died_ = in.at("died").get<int64_t>();
    for (const Json& g : in.at("groups")) {
      groups_[{g.at("check").get<std::string>(), g.at("cause").get<std::string>()}] = {
          .seeds = g.at("seeds").get<int64_t>(),
          .first_seed = g.at("first_seed").get<uint64_t>(),
          .fastest_seed = g.at("fastest_seed").get<uint64_t>(),
          .events = g.at("events").get<uint64_t>()};
    }
  } catch (const Json::exception& e) {
    return error(ErrorCode::kInvalid, "{}: damaged: {}", path, e.what());
  }
  return {};
}

Result<void> Hunt::save() {
  while (done_.contains(done_below_)) done_.erase(done_below_++);
  auto groups = nlohmann::ordered_json::array();
  for (const auto& [signature, g] : groups_) {
    groups.push_back({{"check", signature.check},
                      {"cause", signature.cause},
                      {"seeds", g.seeds},
                      {"first_seed", g.first_seed},
                      {"fastest_seed", g.fastest_seed},
                      {"events", g.events},
                      {"file", file_name(signature)}});
  }
  const nlohmann::ordered_json state{{"format", kHuntFormat},  {"name", plan_.name},
                                     {"scenario", identity()}, {"build", build_identity()},
                                     {"first", plan_.first},   {"done_below", done_below_},
                                     {"done", done_},          {"passed", passed_},
                                     {"failed", failed_},      {"vacuous", vacuous_},
                                     {"died", died_},          {"groups", groups}};
  saved_ = std::chrono::steady_clock::now();
  return write_whole(directory_ / "hunt.json", state.dump(1) + "\n");
}

Result<void> Hunt::keep(uint64_t seed, const Signature& signature, uint64_t events,
                        const std::string& content) {
  ++failed_;
  auto [at, is_new] = groups_.try_emplace(
      signature,
      FailureGroup{.seeds = 0, .first_seed = seed, .fastest_seed = seed, .events = events});
  FailureGroup& group = at->second;
  ++group.seeds;
  group.first_seed = std::min(group.first_seed, seed);
  // The order in which runs end must not matter.
  const bool faster = std::pair(events, seed) < std::pair(group.events, group.fastest_seed);
  if (is_new || faster) {
    group.events = events;
    group.fastest_seed = seed;
    RETURN_IF_ERROR(write_whole(directory_ / file_name(signature), content));
  }
  return {};
}

Result<void> Hunt::take(const WorkerReport& report) {
  const auto seed = static_cast<uint64_t>(report.job);
  ++made_now_;
  if (report.finished) {
    const Json line = Json::parse(report.result);
    const int exit_code = line.at("exit_code").get<int>();
    const auto events = line.at("events").get<uint64_t>();
    if (const auto failure = line.find("failure"); failure != line.end()) {
      const Json content = Json::parse(failure->get_ref<const std::string&>());
      const Json& signature = content.at("signature");
      RETURN_IF_ERROR(
          keep(seed,
               {signature.at("check").get<std::string>(), signature.at("cause").get<std::string>()},
               events, content.dump(1) + "\n"));
    } else {
      ++(exit_code == 3 ? vacuous_ : passed_);
    }
  } else {
    ++died_;
    const Symptom symptom = symptom_of_death(report);
    Failure failure{.build = build_identity(),
                    .seed = seed,
                    .signature = symptom.signature,
                    .story = symptom.story,
                    .fingerprint = {},
                    .events = 0,
                    .scenario = resolve_(seed),
                    .operations = {}};
    failure.operations = scripts_of(*boxes_.at(seed), failure.scenario);
    RETURN_IF_ERROR(keep(seed, symptom.signature, 0, to_json(failure).dump(1) + "\n"));
  }
  boxes_.erase(seed);
  done_.insert(seed);
  if (std::chrono::steady_clock::now() - saved_ < kSaveEvery) return {};
  return save();
}

Result<int> Hunt::run_all() {
  RETURN_IF_ERROR(begin());
  const Interrupt interrupt;
  WorkerProcesses workers(options_.workers > 0 ? options_.workers : processors());
  const auto done_before =
      static_cast<int64_t>(done_below_ - plan_.first) + static_cast<int64_t>(done_.size());
  ProgressLine progress(err_, "seeds", static_cast<int64_t>(plan_.last - plan_.first + 1),
                        done_before);
  const auto began = std::chrono::steady_clock::now();
  for (bool more = true; more || !workers.idle();) {
    while (more && workers.has_room() && interrupt.signal() == 0) {
      const uint64_t seed = next_seed();
      more = seed <= plan_.last && !enough();
      if (!more) break;
      BlackBox& box = *(boxes_[seed] = std::make_unique<BlackBox>());
      RETURN_IF_ERROR(
          workers.start(static_cast<int64_t>(seed), [&] { return to_json_line(run_(seed, box)); }));
    }
    progress.show();
    if (workers.idle()) break;
    if (const auto report = workers.wait(kPeriod, interrupt); report.has_value()) {
      const int64_t failed_before = failed_;
      RETURN_IF_ERROR(take(*report));
      progress.count(failed_ > failed_before ? 1 : 0);
    } else if (interrupt.signal() != 0) {
      RETURN_IF_ERROR(save());
      progress.clear();
      (void)this->report(/*complete=*/false);
      fmt::print(err_, "interrupted: the same command with --resume goes on\n");
      return 128 + interrupt.signal();
    }
  }
  progress.clear();
  RETURN_IF_ERROR(save());
  const int code = report(/*complete=*/true);
  if (made_now_ > 0) {
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    fmt::print(err_, "{} seeds in {:.1f} s\n", made_now_, seconds);
  }
  return code;
}

int Hunt::report(bool complete) {
  const int64_t all = passed_ + failed_ + vacuous_;
  fmt::print(out_, "{}: {} seeds from {} on: {} passed, {} failed, {} vacuous\n", plan_.name, all,
             plan_.first, passed_, failed_, vacuous_);
  if (!groups_.empty()) {
    TextTable table;
    table.column("signature", Align::kLeft);
    table.column("seeds", Align::kRight);
    table.column("first", Align::kRight);
    table.column("fastest", Align::kRight);
    for (const auto& [signature, group] : groups_) {
      table.row({to_string(signature), fmt::format("{}", group.seeds),
                 fmt::format("{}", group.first_seed), fmt::format("{}", group.fastest_seed)});
    }
    fmt::print(out_, "\n{}\nto see one again, or to make it small:\n", table.text(2));
    const auto most =
        std::ranges::max_element(groups_, {}, [](const auto& entry) { return entry.second.seeds; });
    for (const char* command : {"replay", "shrink"}) {
      fmt::print(out_, "  revenant {} {}\n", command,
                 (directory_ / file_name(most->first)).string());
    }
  }
  if (!complete) return 0;
  return died_ > 0 ? 4 : failed_ > 0 ? 1 : all > 0 && vacuous_ == all ? 3 : 0;
}

}  // namespace

HuntedRun run_for_failure(const Scenario& scenario, uint64_t seed, const std::string& command,
                          BlackBox* box) {
  const Scenario drawn = draw_swarm(scenario, seed);
  OperationLog log(drawn, box);
  const RunReport report = run_scenario(drawn, seed, {.command = command, .observers = {&log}});
  HuntedRun run{.exit_code = report.outcome.exit_code, .events = 0, .failure = {}};
  for (const auto& [name, value] : report.outcome.metrics) {
    if (name == "events") run.events = static_cast<uint64_t>(value);
  }
  const std::vector<Symptom> found = symptoms(report);
  if (found.empty()) return run;
  if (std::ranges::any_of(drawn.faults, is_aimed)) {
    Scenario fixed = drawn;
    fixed.faults = report.plan;
    HuntedRun again = run_for_failure(fixed, seed, command);
    if (again.failure && again.failure->signature == found.front().signature) return again;
  }
  run.failure = Failure{.build = build_identity(),
                        .seed = seed,
                        .signature = found.front().signature,
                        .story = found.front().story,
                        .fingerprint = report.outcome.fingerprint,
                        .events = run.events,
                        .scenario = drawn,
                        .operations = log.take()};
  return run;
}

int hunt(const HuntPlan& plan, const HuntOne& run, const ResolveOne& resolve,
         const HuntOptions& options, std::ostream& out, std::ostream& err) {
  const Result<int> code = Hunt(plan, run, resolve, options, out, err).run_all();
  if (code.has_value()) return *code;
  fmt::print(err, "revenant hunt: {}\n", code.error().message);
  return 2;
}

}  // namespace revenant::sim
