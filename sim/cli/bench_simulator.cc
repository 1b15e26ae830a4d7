#include "sim/cli/bench_simulator.h"

#include <fmt/ostream.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string_view>
#include <utility>

#include "engine/base/check.h"
#include "sim/cli/bench_kernel.h"
#include "sim/cli/command.h"
#include "sim/experiment/hunt.h"
#include "sim/experiment/run.h"
#include "sim/world/world.h"

namespace revenant::sim {
namespace {

// Five nodes under the load of a small service. Nothing fails, nothing is recorded but what every
// run records.
constexpr const char* kLoaded = R"({
  "name": "loaded", "question": "How fast do five loaded nodes go?", "duration": "60s",
  "cluster": { "nodes": 5, "replication_factor": 3 },
  "storage": { "wal": { "sync": "periodic" } },
  "replication": { "write": "QUORUM", "read": "QUORUM" },
  "preload": { "keys": 10000, "value_size": "100B" },
  "workload": [ { "name": "clients", "rate": "1000/s", "clients": 50, "value_size": "100B",
                  "mix": { "read": 0.5, "update": 0.5 } } ],
  "must_happen": { "operations_ok": { "min": 59000 } }
})";

// After its first seconds nobody asks for anything. What goes on are timers: a repair every day, and
// every ten seconds an attempt to deliver hints to a node that stays away.
constexpr const char* kQuiet = R"({
  "name": "quiet", "question": "What do ten days cost in which nothing happens?", "duration": "10d",
  "cluster": { "nodes": 5, "replication_factor": 3 },
  "replication": { "heartbeat": "365d", "failure_detection": "366d", "repair": { "every": "1d" } },
  "preload": { "keys": 2000, "value_size": "100B" },
  "workload": [ { "name": "first", "rate": "10/s", "to": "10s", "mix": { "update": 1 } } ],
  "faults": [ { "at": "0s", "for": "239h", "crash": { "node": 4 } } ],
  "must_happen": { "repairs_completed": { "min": 30 }, "hints_written": { "min": 1 } }
})";

constexpr const char* kHundred = R"({
  "name": "hundred", "question": "How much memory do a hundred nodes take?", "duration": "60s",
  "cluster": { "nodes": 100, "replication_factor": 3 },
  "replication": { "write": "QUORUM", "read": "QUORUM" },
  "preload": { "keys": 100000, "value_size": "100B" },
  "workload": [ { "name": "clients", "rate": "1000/s", "clients": 100, "value_size": "100B",
                  "mix": { "read": 0.5, "update": 0.5 } } ],
  "must_happen": { "operations_ok": { "min": 59000 } }
})";

Scenario scenario_of(const char* text) {
  const KnownNames names = known_names();
  auto scenario = parse_scenario(text, "bench", names);
  CHECK(scenario.has_value(), "{}", scenario.error().front().message);
  return std::move(*scenario);
}

struct Spent {
  double processor_seconds;
  double peak_gib;
};

// What `work` takes in a process of its own, its children's included. Nothing if it died.
std::optional<Spent> run_apart(const std::function<bool()>& work) {
  const pid_t child = ::fork();
  CHECK(child >= 0, "no process to measure in");
  if (child == 0) ::_exit(work() ? 0 : 1);
  int status = 0;
  rusage usage{};
  CHECK(::wait4(child, &status, 0, &usage) == child);
  if (status != 0) return std::nullopt;
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return Spent{seconds(usage.ru_utime) + seconds(usage.ru_stime),
               static_cast<double>(usage.ru_maxrss) / (1 << 20)};
}

std::optional<Spent> run_apart(const Scenario& scenario) {
  return run_apart([&] {
    const RunReport report = run_scenario(scenario, 1, {.command = "revenant bench simulator"});
    return report.outcome.exit_code == 0;
  });
}

template <typename Work>
std::optional<Spent> best_of(int rounds, const Work& work) {
  std::optional<Spent> best;
  for (int i = 0; i < rounds; ++i) {
    const auto spent = run_apart(work);
    if (!spent) return std::nullopt;
    if (!best || spent->processor_seconds < best->processor_seconds) best = spent;
  }
  return best;
}

// Counts the places of a run that ask whether there is a trace, or a key whose lineage is wanted.
class HookCounter final : public Trace, public Observer {
 public:
  uint64_t hooks() const { return hooks_; }

  void task_began(NodeId, env::TaskId, const char*, Instant) override { ++hooks_; }
  void task_ended(NodeId, env::TaskId, const char*, Instant) override { ++hooks_; }
  void disk_operation(NodeId, std::string_view, uint64_t, Instant, Instant) override { ++hooks_; }
  void message_sent(uint64_t, NodeId, NodeId, Bytes, Instant) override { ++hooks_; }
  void message_ended(uint64_t, NodeId, NodeId, std::string_view, Instant) override { ++hooks_; }
  void message_held_back(uint64_t, NodeId, Duration, Instant) override { ++hooks_; }
  void message_handled(NodeId, uint64_t, Instant, Instant, Instant) override { ++hooks_; }
  void clock_corrected(NodeId, std::string_view, Duration, Instant) override { ++hooks_; }
  // Once for each entry, of 100 bytes and more.
  void flushed(Instant, NodeId, FileNumber, uint64_t entries, uint64_t) override {
    hooks_ += entries;
  }
  void compacted(Instant, NodeId, const env::CompactionEvent& event) override {
    hooks_ += event.bytes_read / 100;
  }

 private:
  uint64_t hooks_ = 0;
};

uint64_t hooks_of(const Scenario& scenario) {
  HookCounter counter;
  World world(scenario, 1, "revenant bench simulator");
  world.kernel().set_trace(&counter);
  world.recorder().add(counter);
  Metrics metrics;
  world.run([](const Snapshot&) {}, metrics);
  world.kernel().set_trace(nullptr);
  return counter.hooks();
}

// Seconds of one look at a pointer that is null.
double cost_of_hook() {
  constexpr int kLooks = 100'000'000;
  Trace* trace = nullptr;
  uint64_t traced = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kLooks; ++i) {
    asm volatile("" : "+m"(trace));  // as between two events: it may have changed
    if (trace != nullptr) ++traced;
  }
  CHECK(traced == 0);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / kLooks;
}

class Table {
 public:
  explicit Table(std::ostream& out) : out_(out) {
    fmt::print(out_, "  {:<54}{:>18}{:>30}\n", "", "goal", "figure");
  }
  void row(std::string_view name, std::string_view goal, const std::string& figure) {
    fmt::print(out_, "  {:<54}{:>18}{:>30}\n", name, goal, figure);
    out_.flush();
  }

 private:
  std::ostream& out_;
};

}  // namespace

int bench_simulator(std::ostream& out, const Scenario& swarm) {
  constexpr int kRounds = 3;
  constexpr uint64_t kSeeds = 100;
  fmt::print(out, "simulator: processor time of one core, best of {} rounds\n", kRounds);
  Table table(out);
  const auto millions = [](double rate) { return fmt::format("{:.2f} M/s", rate / 1e6); };
  table.row("timer events, 1,000 fibers, fingerprint on", "9 M/s",
            millions(timer_events_per_second(1'000)));
  table.row("timer events, 100,000 fibers, fingerprint on", "1.5 M/s",
            millions(timer_events_per_second(100'000)));

  const Scenario loaded = scenario_of(kLoaded);
  const auto of_loaded = best_of(kRounds, loaded);
  if (!of_loaded) return fail(4, "the run of five loaded nodes failed").error().code;
  table.row("five loaded nodes, virtual time a second", "60 s, then 100 s",
            fmt::format("{:.0f} s", loaded.duration.in_seconds() / of_loaded->processor_seconds));

  const auto of_quiet = best_of(kRounds, scenario_of(kQuiet));
  if (!of_quiet) return fail(4, "the run of ten quiet days failed").error().code;
  table.row("ten quiet days of five nodes", "under 5 s",
            fmt::format("{:.2f} s", of_quiet->processor_seconds));

  const auto of_hundred = best_of(1, scenario_of(kHundred));
  if (!of_hundred) return fail(4, "the run of a hundred nodes failed").error().code;
  table.row("a hundred nodes, peak memory", "under 4 GiB",
            fmt::format("{:.2f} GiB", of_hundred->peak_gib));

  const auto of_hunt = best_of(kRounds, [&] {
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      // As a hunt does: a process for each seed.
      if (!run_apart([&] {
            return run_for_failure(swarm, seed, "revenant bench simulator").exit_code != 4;
          })) {
        return false;
      }
    }
    return true;
  });
  if (!of_hunt) return fail(4, "the small hunt failed").error().code;
  const double seconds_a_seed = of_hunt->processor_seconds / kSeeds;
  table.row(fmt::format("small hunt ({}), seeds a core and day", swarm.name), "500,000",
            fmt::format("{:.2f} million ({:.1f} ms each)", 0.0864 / seconds_a_seed,
                        seconds_a_seed * 1e3));

  const uint64_t hooks = hooks_of(loaded);
  const double share = static_cast<double>(hooks) * cost_of_hook() / of_loaded->processor_seconds;
  table.row("lineage and traces while off, share of the five nodes'", "not measurable",
            fmt::format("{:.3f} %", share * 100));
  return 0;
}

}  // namespace revenant::sim
