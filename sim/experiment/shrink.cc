#include "sim/experiment/shrink.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <set>

#include "engine/base/check.h"
#include "sim/experiment/account.h"
#include "sim/experiment/interrupt.h"
#include "sim/experiment/progress_line.h"
#include "sim/experiment/worker_processes.h"
#include "sim/scenario/resolved.h"
#include "sim/scenario/sparse.h"

namespace revenant::sim {
namespace {

constexpr Duration kPatience = milliseconds(500);
// What a run goes on for after the violation showed.
constexpr Duration kAfter = milliseconds(10);

NodeSet without_node(NodeSet set, uint32_t node) {
  std::erase(set.nodes, node);
  return set;
}
bool names_nobody(const NodeSet& set) { return !set.all && set.nodes.empty(); }

// Takes one node out of whatever names it; `kept` is false if nothing is left to happen.
class NodeRemover {
 public:
  explicit NodeRemover(uint32_t node) : node_(node) {}
  bool kept = true;

  template <typename T>
  void field(std::string_view, T& value, const char*) {
    visit(value);
  }
  template <typename T, typename R>
  void field(std::string_view, T& value, Range<R>, const char*) {
    visit(value);
  }

 private:
  template <typename T>
  void visit(T& value) {
    if constexpr (std::is_same_v<T, NodeSet>) {
      const bool had = !names_nobody(value);
      value = without_node(std::move(value), node_);
      kept &= !had || !names_nobody(value);
    } else if constexpr (requires { value->describe(*this); }) {
      if (value) value->describe(*this);
    } else if constexpr (std::is_same_v<T, std::optional<NodeSet>>) {
      if (value) visit(*value);
    }
  }
  uint32_t node_;
};

Scenario without_last_node(Scenario s) {
  const auto last = static_cast<uint32_t>(--s.cluster.nodes);
  const auto gone = [last](auto& entry) {
    NodeRemover remover(last);
    entry.describe(remover);
    return !remover.kept;
  };
  std::erase_if(s.faults, gone);
  std::erase_if(s.operations, gone);
  for (WorkloadOptions& w : s.workload) {
    if (!w.coordinators.all) w.coordinators = without_node(w.coordinators, last);
    if (names_nobody(w.coordinators)) w.coordinators = {.all = true, .nodes = {}};
    for (ScriptedOperation& o : w.script) o.coordinator = std::min(o.coordinator, last - 1);
  }
  return s;
}

Scenario cut_to(Scenario s, Duration duration) {
  s.duration = duration;
  s.progress_from = std::min(s.progress_from, duration);
  std::erase_if(s.faults, [&](const FaultOptions& f) { return f.at >= duration; });
  std::erase_if(s.operations, [&](const OperationOptions& o) {
    return (o.at && *o.at >= duration) || (o.every && *o.every > duration);
  });
  for (WorkloadOptions& w : s.workload)
    std::erase_if(w.script, [&](const ScriptedOperation& o) { return o.at >= duration; });
  std::erase_if(s.workload, [&](const WorkloadOptions& w) {
    return (w.script.empty() && w.sequence.empty() &&
            w.mix.read + w.mix.insert + w.mix.update + w.mix.remove + w.mix.scan == 0) ||
           w.from >= duration;
  });
  for (WorkloadOptions& w : s.workload) {
    if (w.to && *w.to > duration) w.to.reset();
  }
  return s;
}

std::set<uint64_t> keys_of(const Scenario& s) {
  std::set<uint64_t> keys;
  for (const WorkloadOptions& w : s.workload) {
    for (const ScriptedOperation& o : w.script) keys.insert(o.key);
  }
  return keys;
}

Scenario with_keys(Scenario s, const std::set<uint64_t>& keys) {
  for (WorkloadOptions& w : s.workload)
    std::erase_if(w.script, [&](const ScriptedOperation& o) { return !keys.contains(o.key); });
  return s;
}

class Shrinker {
 public:
  Shrinker(const Failure& failure, const ShrinkOptions& options, const KnownNames& known,
           std::ostream& err)
      : failure_(failure),
        options_(options),
        known_(known),
        workers_(options.workers > 0 ? options.workers : processors()),
        progress_(err, "runs", options.runs_max, 0) {}

  Result<Shrunk> run() {
    best_ = failure_.scenario;
    bool has_script = !failure_.operations.empty();
    if (has_script) best_ = scripted(best_, failure_.operations);
    simplify();
    bool fails = first_failing({best_}) != kNone;
    if (!fails && failure_.signature.check == "died") {
      // What it had begun does not lead there: its workloads do.
      has_script = false;
      best_ = failure_.scenario;
      simplify();
      fails = first_failing({best_}) != kNone;
    }
    if (!fails) {
      return error(ErrorCode::kInvalid, "{} does not come back{}: nothing to make smaller",
                   to_string(failure_.signature),
                   has_script ? " when its operations are run as a script" : "");
    }
    Shrunk shrunk{.scenario = {},
                  .before = size_of(failure_.scenario, failure_.operations),
                  .after = {},
                  .runs = 0};
    cut_time();
    if (has_script) keep_one_key();
    for (bool smaller = true; smaller && !exhausted();) {
      const std::string before = to_json(best_).dump();
      faults();
      operations();
      if (has_script) {
        keys();
        client_operations();
        one_client();
      }
      nodes();
      preload();
      details();
      cut_time();
      smaller = to_json(best_).dump() != before;
    }
    round_times();
    progress_.clear();
    shrunk.scenario = best_;
    shrunk.after = size_of(best_, scripts_of(best_));
    shrunk.runs = runs_;
    return shrunk;
  }

 private:
  static constexpr size_t kNone = SIZE_MAX;
  bool exhausted() const { return runs_ >= options_.runs_max || interrupt_.signal() != 0; }

  // What the failure does not need to be judged.
  void simplify() {
    best_.must_happen.clear();
    best_.sweep.clear();
    best_.sweep_seeds = {failure_.seed};
    if (std::ranges::find(best_.checks, failure_.signature.check) != best_.checks.end())
      best_.checks = {failure_.signature.check};
    if (failure_.signature.check != "expect") best_.expect.clear();
  }

  // The first of the candidates that still fails; all up to it have run.
  size_t first_failing(const std::vector<Scenario>& candidates) {
    for (size_t begin = 0; begin < candidates.size() && !exhausted();) {
      const auto room = static_cast<size_t>(workers_);
      const size_t end = std::min(candidates.size(), begin + room);
      WorkerProcesses pool(workers_);
      std::vector<std::optional<Symptom>> results(end - begin);
      for (size_t i = begin; i < end; ++i) {
        const auto started =
            pool.start(static_cast<int64_t>(i - begin), [&] { return judge(candidates[i]); });
        CHECK(started.has_value(), "{}", started.error());
        ++runs_;
        progress_.count(0);
      }
      while (!pool.idle() && interrupt_.signal() == 0) {
        progress_.show();
        const auto report = pool.wait(kPatience, interrupt_);
        if (!report) continue;
        auto& result = results[static_cast<size_t>(report->job)];
        if (!report->finished) {
          Symptom death = symptom_of_death(*report);
          if (death.signature == failure_.signature) result = std::move(death);
        } else if (!report->result.empty()) {
          const Json line = Json::parse(report->result);
          result = Symptom{failure_.signature, Instant{line.at("at").get<int64_t>()}, {}, {}};
          if (!line.at("key").is_null()) result->key = line.at("key").get<uint64_t>();
        }
      }
      for (size_t i = begin; i < end; ++i) {
        if (!results[i - begin]) continue;
        shown_ = *results[i - begin];
        return i;
      }
      begin = end;
    }
    return kNone;
  }

  // In a worker: where the signature shows; empty if it does not, or the candidate is no scenario.
  std::string judge(const Scenario& candidate) const {
    const auto parsed = parse_scenario(to_json(candidate).dump(), "candidate", known_);
    if (!parsed) return "";
    const RunReport report = run_scenario(*parsed, failure_.seed, {.command = "revenant shrink"});
    for (const Symptom& symptom : symptoms(report)) {
      if (symptom.signature != failure_.signature) continue;
      return Json{{"at", symptom.at.ns}, {"key", symptom.key ? Json(*symptom.key) : Json()}}.dump();
    }
    return "";
  }

  bool try_one(Scenario candidate) {
    if (first_failing({candidate}) == kNone) return false;
    best_ = std::move(candidate);
    return true;
  }

  // ddmin over `count` entries; `without(kept)` is the scenario with those kept alone.
  void reduce(size_t count, const std::function<Scenario(const std::vector<bool>& kept)>& without) {
    std::vector<size_t> left(count);
    for (size_t i = 0; i < count; ++i) left[i] = i;
    for (size_t chunk = count; chunk > 0 && !left.empty() && !exhausted();
         chunk = std::min(chunk / 2, left.size())) {
      for (size_t from = 0; from < left.size() && !exhausted();) {
        // Candidates from here on, each without one chunk.
        std::vector<Scenario> candidates;
        std::vector<size_t> starts;
        for (size_t at = from; at < left.size(); at += chunk) {
          std::vector<bool> kept(count, false);
          for (size_t i = 0; i < left.size(); ++i) kept[left[i]] = i < at || i >= at + chunk;
          candidates.push_back(without(kept));
          starts.push_back(at);
        }
        const size_t found = first_failing(candidates);
        if (found == kNone) break;
        best_ = std::move(candidates[found]);
        const auto begin = left.begin() + static_cast<std::ptrdiff_t>(starts[found]);
        left.erase(begin, begin + static_cast<std::ptrdiff_t>(
                                      std::min(chunk, left.size() - starts[found])));
        from = starts[found];
      }
    }
  }

  template <typename T>
  void reduce_list(std::vector<T> Scenario::* list) {
    const Scenario base = best_;
    reduce((base.*list).size(), [&](const std::vector<bool>& kept) {
      Scenario s = base;
      size_t i = 0;
      std::erase_if(s.*list, [&](const T&) { return !kept[i++]; });
      return s;
    });
  }

  void faults() { reduce_list(&Scenario::faults); }
  void operations() {
    reduce_list(&Scenario::operations);
    if (best_.defects.size() > 1) reduce_list(&Scenario::defects);
  }

  void cut_time() {
    if (shown_.at != Instant::never()) {
      const Duration end =
          milliseconds((shown_.at - Instant{}).ns / milliseconds(1).ns + 1) + kAfter;
      if (end < best_.duration) {
        Scenario candidate = cut_to(best_, end);
        candidate.settle = {};
        (void)try_one(std::move(candidate));
      }
      return;
    }
    // It shows at the end, whenever that is.
    for (bool shorter = true; shorter && !exhausted();) {
      shorter = false;
      for (const int64_t share : {2, 3, 4}) {  // a half, two thirds, three quarters
        const Duration end = best_.duration / share * (share == 2 ? 1 : share - 1);
        if (end < milliseconds(1) || !try_one(cut_to(best_, end))) continue;
        shorter = true;
        break;
      }
    }
  }

  // Other keys' operations may be needed only to fill memtables, and another key's scan only to
  // look at this one. So flushes and compactions by operators stand for the former; for the latter the scan that
  // showed it, or a look at the end: a read of the key, or a scan that begins at it.
  void keep_one_key() {
    if (!shown_.key || keys_of(best_).size() < 2) return;
    const Scenario alone = with_keys(best_, {*shown_.key});
    std::vector<Scenario> candidates{alone};
    add_flushing(candidates, looking(alone, OperationKind::kRead));
    for (const bool all : {false, true}) {
      if (auto scans = with_scans(alone, all)) add_flushing(candidates, std::move(*scans));
    }
    add_flushing(candidates, looking(alone, OperationKind::kScan));
    if (const size_t found = first_failing(candidates); found != kNone)
      best_ = std::move(candidates[found]);
  }

  // `base`, and with flushes by operators, with compactions too in the end: what the other keys'
  // writes brought about.
  static void add_flushing(std::vector<Scenario>& candidates, const Scenario& base) {
    const auto again = [](Duration period, std::optional<NodeSet> OperationOptions::* what) {
      OperationOptions operation;
      operation.every = period;
      operation.*what = NodeSet{.all = true, .nodes = {}};
      return operation;
    };
    candidates.push_back(base);
    for (const Duration period : {seconds(1), milliseconds(200)}) {
      candidates.push_back(base);
      candidates.back().operations.push_back(again(period, &OperationOptions::flush));
    }
    candidates.push_back(candidates.back());
    candidates.back().operations.push_back(again(seconds(1), &OperationOptions::compact));
  }

  // Looks at the key through every node when all else has happened.
  Scenario looking(Scenario s, OperationKind kind) const {
    if (s.workload.empty()) return s;
    for (uint32_t node = 0; std::cmp_less(node, s.cluster.nodes); ++node) {
      s.workload[0].script.push_back({.at = s.duration - milliseconds(1),
                                      .client = 0,
                                      .kind = kind,
                                      .key = *shown_.key,
                                      .size = kind == OperationKind::kScan ? 2 : 0,
                                      .level = s.replication.read,
                                      .coordinator = node});
    }
    s.duration += milliseconds(100);
    return s;
  }

  // With the scans of the whole script, or the last that had begun when it showed; nothing if there
  // is none.
  std::optional<Scenario> with_scans(Scenario s, bool all) const {
    bool any = false;
    for (const WorkloadOptions& w : best_.workload) {
      std::vector<ScriptedOperation> scans;
      std::ranges::copy_if(w.script, std::back_inserter(scans), [&](const ScriptedOperation& o) {
        return o.kind == OperationKind::kScan && Instant{} + o.at <= shown_.at;
      });
      if (scans.empty()) continue;
      any = true;
      if (!all) scans.erase(scans.begin(), scans.end() - 1);
      auto at = std::ranges::find(s.workload, w.name, &WorkloadOptions::name);
      if (at == s.workload.end()) {
        at = s.workload.insert(s.workload.end(), w);
        at->script.clear();
      }
      for (const ScriptedOperation& scan : scans) {
        if (scan.key != *shown_.key) at->script.push_back(scan);
      }
      std::ranges::stable_sort(at->script, {}, &ScriptedOperation::at);
    }
    return any ? std::optional(std::move(s)) : std::nullopt;
  }

  void keys() {
    const Scenario base = best_;
    const std::set<uint64_t> all = keys_of(base);
    if (all.size() < 2) return;
    const std::vector<uint64_t> list(all.begin(), all.end());
    reduce(list.size(), [&](const std::vector<bool>& kept) {
      std::set<uint64_t> some;
      for (size_t i = 0; i < list.size(); ++i) {
        if (kept[i]) some.insert(list[i]);
      }
      return with_keys(base, some);
    });
  }

  void client_operations() {
    const Scenario base = best_;
    size_t count = 0;
    for (const WorkloadOptions& w : base.workload) count += w.script.size();
    reduce(count, [&](const std::vector<bool>& kept) {
      Scenario s = base;
      size_t i = 0;
      for (WorkloadOptions& w : s.workload)
        std::erase_if(w.script, [&](const ScriptedOperation&) { return !kept[i++]; });
      std::erase_if(s.workload, [](const WorkloadOptions& w) { return w.script.empty(); });
      return s;
    });
  }

  // All operations by one client, and none but those that are needed.
  void one_client() {
    Scenario candidate = best_;
    for (WorkloadOptions& w : candidate.workload) {
      for (ScriptedOperation& o : w.script) o.client = 0;
      w.clients = 1;
    }
    if (to_json(candidate) != to_json(best_)) (void)try_one(std::move(candidate));
  }

  void nodes() {
    const ring::ReplicationFactor& factor = best_.cluster.ring.replication_factor;
    while (best_.cluster.nodes > std::max<int64_t>(factor.total(), 1)) {
      Scenario candidate = without_last_node(best_);
      const bool enough = std::ranges::all_of(factor.of_data_centers, [&](const auto& entry) {
        return nodes_in_region(candidate.cluster, entry.first) >= entry.second;
      });
      if (!enough || !try_one(std::move(candidate))) return;
    }
  }

  void preload() {
    const std::set<uint64_t> keys = keys_of(best_);
    for (const int64_t few :
         {int64_t{0}, keys.empty() ? 0 : static_cast<int64_t>(*keys.rbegin()) + 1}) {
      if (few >= best_.preload.keys) continue;
      Scenario candidate = best_;
      candidate.preload.keys = few;
      if (try_one(std::move(candidate))) return;
    }
  }

  // Times that are easy to read: as coarse as the failure allows, for all of one sort at once.
  void round_times() {
    const auto script = [](Scenario& s, Duration unit) {
      for (WorkloadOptions& w : s.workload) {
        for (ScriptedOperation& o : w.script) o.at = rounded(o.at, unit);
      }
    };
    const auto plan = [](Scenario& s, Duration unit) {
      for (FaultOptions& f : s.faults) {
        const Duration end = rounded(f.at + f.duration.value_or(Duration{}), unit);
        f.at = rounded(f.at, unit);
        if (f.duration) f.duration = std::max(end - f.at, unit);
        if (f.period) f.period = std::max(rounded(*f.period, unit), unit);
      }
      for (OperationOptions& o : s.operations) {
        if (o.at) o.at = rounded(*o.at, unit);
        if (o.every) o.every = std::max(rounded(*o.every, unit), unit);
      }
    };
    const auto whole = [](Scenario& s, Duration unit) {
      s.duration = rounded(s.duration + unit - Duration{1}, unit);  // no operation is cut off
      s.settle = rounded(s.settle, unit);
    };
    coarsest(script, {milliseconds(1), microseconds(1)});
    coarsest(plan, {seconds(1), milliseconds(100), milliseconds(1), microseconds(1)});
    coarsest(whole, {seconds(1), milliseconds(100), milliseconds(1)});
  }
  static Duration rounded(Duration d, Duration unit) { return unit * (d.ns / unit.ns); }
  template <typename Round>
  void coarsest(Round round, std::initializer_list<Duration> units) {
    for (const Duration unit : units) {
      if (exhausted()) return;
      Scenario candidate = best_;
      round(candidate, unit);
      if (to_json(candidate) == to_json(best_) || try_one(std::move(candidate))) return;
    }
  }

  // Entries that are simpler than they were: a fault that does not flap, an end without settling.
  void details() {
    for (size_t i = 0; i < best_.faults.size() && !exhausted(); ++i) {
      if (!best_.faults[i].period) continue;
      Scenario candidate = best_;
      candidate.faults[i].period.reset();
      candidate.faults[i].duty.reset();
      (void)try_one(std::move(candidate));
    }
    if (best_.settle > Duration{} && !exhausted()) {
      Scenario candidate = best_;
      candidate.settle = {};
      (void)try_one(std::move(candidate));
    }
  }

  const Failure& failure_;
  const ShrinkOptions& options_;
  const KnownNames known_;
  const int64_t workers_;
  Interrupt interrupt_;  // what is there at Ctrl-C is the result
  ProgressLine progress_;
  Scenario best_;
  Symptom shown_;  // by the last candidate that was taken
  int64_t runs_ = 0;
};

}  // namespace

FailureSize size_of(const Scenario& scenario, const Scripts& operations) {
  FailureSize size{.faults = scenario.faults.size(),
                   .operations = scenario.operations.size(),
                   .nodes = static_cast<size_t>(scenario.cluster.nodes),
                   .duration = scenario.duration};
  std::set<uint64_t> keys;
  std::set<std::pair<std::string, uint32_t>> clients;
  for (const auto& [workload, script] : operations) {
    size.client_operations += script.size();
    for (const ScriptedOperation& o : script) {
      keys.insert(o.key);
      clients.emplace(workload, o.client);
    }
  }
  size.keys = keys.size();
  size.clients = clients.size();
  return size;
}

Result<Shrunk> shrink(const Failure& failure, const ShrinkOptions& options, const KnownNames& known,
                      std::ostream& err) {
  return Shrinker(failure, options, known, err).run();
}

// Each line behind `//`: what a process said as it died has several.
static std::string as_comment(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    out += fmt::format("//{}{}\n", end > at ? " " : "", text.substr(at, end - at));
    at = end + 1;
  }
  return out + "//\n";
}

std::string shrunk_file(const Failure& failure, const Shrunk& shrunk, const KnownNames& known) {
  return as_comment(to_string(failure.signature)) + as_comment(failure.story) +
         as_comment(account_of(shrunk.scenario, failure.seed, failure.signature)) +
         sparse_json(shrunk.scenario, known).dump(2) + "\n";
}

}  // namespace revenant::sim
