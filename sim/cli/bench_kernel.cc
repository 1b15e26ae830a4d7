#include "sim/cli/bench_kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include "engine/base/check.h"
#include "sim/cli/processor_time.h"
#include "sim/kernel/kernel.h"

namespace revenant::sim {
namespace {

struct Round {
  uint64_t events;
  double seconds;
  Fingerprint fingerprint;
};

Round time_run(Kernel& kernel, Instant until) {
  const uint64_t events = kernel.event_count();
  const double begin = seconds_of_thread();
  kernel.run_until(until);
  return {kernel.event_count() - events, seconds_of_thread() - begin, kernel.fingerprint()};
}

// Fibers that each sleep a random time, over and over. Their first start, which takes memory for
// their stacks from the host, is not timed.
Round sleeping_fibers(uint64_t fibers, Duration sleep_max, uint64_t events) {
  Kernel kernel(1);
  const GroupId group = kernel.new_group({0});
  for (uint64_t i = 0; i < fibers; ++i) {
    kernel.spawn(group, "sleeper", [&kernel, sleep_max, i] {
      Random random = kernel.stream(fmt::format("sleeper/{}", i));
      while (true) kernel.sleep({random.between(1, sleep_max.ns)});
    });
  }
  kernel.run_until(Instant{});
  // Each fiber sleeps sleep_max / 2 on average.
  const uint64_t sleeps_per_fiber = std::max<uint64_t>(1, events / fibers);
  return time_run(kernel, Instant{} + sleep_max * static_cast<int64_t>(sleeps_per_fiber) / 2);
}

// The same load as callbacks, without fibers.
Round repeating_callbacks(uint64_t callbacks, Duration delay_max, uint64_t events) {
  Kernel kernel(1);
  struct Repeater {
    Kernel& kernel;
    Random random;
    int64_t delay_max;
    void schedule() {
      const Duration delay{random.between(1, delay_max)};
      kernel.after(delay, {0}, EventKind::kTimer, 0, [this] { schedule(); });
    }
  };
  std::vector<Repeater> repeaters;
  repeaters.reserve(callbacks);
  for (uint64_t i = 0; i < callbacks; ++i) {
    repeaters.push_back({kernel, kernel.stream(fmt::format("repeater/{}", i)), delay_max.ns});
    repeaters.back().schedule();
  }
  return time_run(kernel, Instant{} + delay_max * static_cast<int64_t>(events / callbacks) / 2);
}

// One task starts others that end at once.
Round short_tasks(uint64_t tasks) {
  constexpr uint64_t kBatch = 100;
  Kernel kernel(1);
  const GroupId group = kernel.new_group({0});
  uint64_t ended = 0;
  kernel.spawn(group, "parent", [&kernel, &ended, group, tasks] {
    for (uint64_t i = 0; i < tasks; i += kBatch) {
      for (uint64_t j = 0; j < kBatch; ++j) kernel.spawn(group, "child", [&ended] { ++ended; });
      kernel.sleep(nanoseconds(1));
    }
  });
  const Round round = time_run(kernel, Instant{} + seconds(1));
  CHECK(ended == tasks, "ended={} tasks={}", ended, tasks);
  return round;
}

// Two tasks that wake each other.
Round ping_pong(uint64_t switches) {
  Kernel kernel(1, {.events_per_instant_max = switches + 10});
  const GroupId group = kernel.new_group({0});
  env::TaskId ping, pong;
  const auto play = [&kernel, switches](env::TaskId& self, env::TaskId& other) {
    self = kernel.current();
    for (uint64_t i = 0; i < switches / 2; ++i) {
      kernel.unpark(other);
      kernel.park("ball");
    }
  };
  kernel.spawn(group, "ping", [&] { play(ping, pong); });
  kernel.spawn(group, "pong", [&] { play(pong, ping); });
  return time_run(kernel, {});
}

struct Rounds {
  Round first;
  std::vector<double> ns_per_event;  // sorted
};

Rounds repeat(int rounds, const std::function<Round()>& run) {
  Rounds result{run(), {}};
  for (int i = 0; i < rounds; ++i) {
    const Round round = i == 0 ? result.first : run();
    CHECK(round.fingerprint == result.first.fingerprint, "rounds differ");
    result.ns_per_event.push_back(round.seconds * 1e9 / static_cast<double>(round.events));
  }
  std::ranges::sort(result.ns_per_event);
  return result;
}

void report(std::ostream& out, std::string_view name, int rounds, std::function<Round()> run) {
  const Rounds all = repeat(rounds, run);
  const double best = all.ns_per_event.front();
  const double median = all.ns_per_event[all.ns_per_event.size() / 2];
  out << fmt::format("{:<34} {:>10} {:>9.1f} {:>9.1f} {:>14.0f}  {}\n", name, all.first.events,
                     best, median, 1e9 / best, all.first.fingerprint.hex());
}

}  // namespace

void bench_kernel(std::ostream& out, const KernelBenchOptions& options) {
  out << fmt::format("{:<34} {:>10} {:>9} {:>9} {:>14}  {}\n", "", "events", "best ns", "median",
                     "best events/s", "fingerprint");
  report(out, "1,000 fibers sleeping 1 ns-10 us", options.rounds,
         [&] { return sleeping_fibers(1'000, microseconds(10), options.events); });
  report(out, "1,000 fibers sleeping 1 ns-1 ms", options.rounds,
         [&] { return sleeping_fibers(1'000, milliseconds(1), options.events); });
  report(out, "20,000 fibers sleeping 1 ns-1 ms", options.rounds,
         [&] { return sleeping_fibers(20'000, milliseconds(1), options.events); });
  report(out, "1,000 repeating callbacks", options.rounds,
         [&] { return repeating_callbacks(1'000, milliseconds(1), options.events); });
  report(out, "task spawned, run and ended", options.rounds,
         [&] { return short_tasks(options.tasks); });
  report(out, "unpark, park and switch", options.rounds,
         [&] { return ping_pong(options.switches); });
}

double timer_events_per_second(uint64_t fibers, const KernelBenchOptions& options) {
  const Rounds all = repeat(
      options.rounds, [&] { return sleeping_fibers(fibers, milliseconds(1), options.events); });
  return 1e9 / all.ns_per_event.front();
}

}  // namespace revenant::sim
