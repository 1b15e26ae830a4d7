#include "sim/cli/bench_check.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "engine/base/random.h"
#include "sim/check/properties/isolation.h"
#include "sim/check/properties/linearizable.h"
#include "sim/check/serial/append_history.h"
#include "sim/cli/processor_time.h"
#include "sim/history/history.h"

namespace revenant::sim {

namespace {

// The most memory that was in use since forget_peak(), in MiB.
void forget_peak() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << '5';
}
int64_t peak_mib() {
  std::ifstream status("/proc/self/status");
  int64_t kib = 0;
  for (std::string word; status >> word;)
    if (word == "VmHWM:") status >> kib;
  return kib / 1024;
}

struct Shape {
  std::string_view name;
  uint32_t operations, keys, clients;
  int64_t values;  // 0: each write has its own
  uint32_t unknown_per_thousand;
  double goal;  // operations a second
};

struct Effect {
  int64_t at;
  uint32_t operation;
};

// What clients of correct registers see: each operation takes effect at some moment of its time. Those of
// unknown outcome took effect or never do; their client goes on at once.
history::History history_of(const Shape& shape, uint64_t seed) {
  history::History history;
  Random random(seed, "bench_check");
  for (uint32_t key = 0; key < shape.keys; ++key) history.key(fmt::format("k{}", key));
  std::vector<history::Operation> operations(shape.operations);
  std::vector<int64_t> free_at(shape.clients);
  std::vector<Effect> effects;
  for (uint32_t i = 0; i < shape.operations; ++i) {
    const auto client = static_cast<uint32_t>(i % shape.clients);
    history::Operation& op = operations[i];
    op = {};
    op.session = client;
    op.line = i + 1;
    op.key = static_cast<uint32_t>(random.below(shape.keys));
    op.invoked = free_at[client] + static_cast<int64_t>(random.below(200));
    op.completed = op.invoked + 1 + static_cast<int64_t>(random.below(1000));
    free_at[client] = op.completed + 1;
    op.kind = random.below(2) == 0 ? history::Kind::kGet : history::Kind::kPut;
    bool happens = true;
    if (op.kind == history::Kind::kPut) {
      op.argument = history.number(
          shape.values == 0
              ? i + 1
              : 1 + static_cast<int64_t>(random.below(static_cast<uint64_t>(shape.values))));
      if (random.below(1000) < shape.unknown_per_thousand) {
        op.outcome = history::Outcome::kUnknown;
        happens = random.below(2) == 0;
      }
    }
    const auto length = static_cast<uint64_t>(op.completed - op.invoked);
    if (happens) effects.push_back({op.invoked + static_cast<int64_t>(random.below(length)), i});
  }
  std::ranges::stable_sort(effects, {}, &Effect::at);
  std::vector<history::Value> now(shape.keys);
  for (const Effect& effect : effects) {
    history::Operation& op = operations[effect.operation];
    if (op.kind == history::Kind::kGet) {
      op.result = now[op.key];
    } else {
      now[op.key] = op.argument;
    }
  }
  std::ranges::stable_sort(operations, {}, &history::Operation::invoked);
  for (const history::Operation& op : operations) history.add(op);
  return history;
}

// 50 clients that get, put and append to the texts of 10 keys, each of which is wrong once: of some get that found many
// elements only the first half are left.
history::History wrong_texts(uint64_t seed) {
  constexpr uint32_t kOperations = 5000, kKeys = 10, kClients = 50;
  history::History history;
  Random random(seed, "bench_check/texts");
  for (uint32_t key = 0; key < kKeys; ++key) history.key(fmt::format("k{}", key));
  history.set_initial(history.text(""));
  std::vector<history::Operation> operations(kOperations);
  std::vector<int64_t> free_at(kClients);
  std::vector<Effect> effects;
  for (uint32_t i = 0; i < kOperations; ++i) {
    const uint32_t client = i % kClients;
    history::Operation& op = operations[i];
    op = {};
    op.session = client;
    op.line = i + 1;
    op.key = static_cast<uint32_t>(random.below(kKeys));
    op.invoked = free_at[client] + static_cast<int64_t>(random.below(200));
    op.completed = op.invoked + 1 + static_cast<int64_t>(random.below(1000));
    free_at[client] = op.completed + 1;
    const uint64_t kind = random.below(100);
    op.kind = kind < 50   ? history::Kind::kGet
              : kind < 98 ? history::Kind::kAppend
                          : history::Kind::kPut;
    op.argument = history.text(fmt::format("x {} {} y", client, i));
    const auto length = static_cast<uint64_t>(op.completed - op.invoked);
    effects.push_back({op.invoked + static_cast<int64_t>(random.below(length)), i});
  }
  std::ranges::stable_sort(effects, {}, &Effect::at);
  std::vector<std::vector<std::string>> now(kKeys);
  std::vector<bool> wrong(kKeys);
  for (size_t i = 0; i < effects.size(); ++i) {
    history::Operation& op = operations[effects[i].operation];
    std::vector<std::string>& elements = now[op.key];
    if (op.kind != history::Kind::kGet) {
      if (op.kind == history::Kind::kPut) elements.clear();
      elements.emplace_back(history.text(op.argument));
      continue;
    }
    const bool halved = !wrong[op.key] && i > effects.size() / 2 && elements.size() > 20;
    if (halved) wrong[op.key] = true;
    const auto end =
        elements.begin() + static_cast<int64_t>(halved ? elements.size() / 2 : elements.size());
    op.result = history.text(fmt::format("{}", fmt::join(elements.begin(), end, "")));
  }
  for (history::Operation& op : operations)
    if (op.kind == history::Kind::kGet) op.argument = {};
  std::ranges::stable_sort(operations, {}, &history::Operation::invoked);
  for (const history::Operation& op : operations) history.add(op);
  CHECK(std::ranges::count(wrong, true) == kKeys, "not every key is wrong");
  return history;
}

void bench_wrong_texts(std::ostream& out, int rounds) {
  double seconds[2] = {1e9, 1e9};
  int64_t peak = 0;
  size_t longest = 0;
  for (int round = 0; round < rounds; ++round) {
    const history::History history = wrong_texts(static_cast<uint64_t>(round) + 1);
    for (const bool explain : {false, true}) {
      const double begin = seconds_of_thread();
      forget_peak();
      check::CheckOptions options;
      options.explain = explain;
      const check::Verdict verdict = check::check_linearizable(history, options);
      seconds[explain] = std::min(seconds[explain], seconds_of_thread() - begin);
      peak = std::max(peak, peak_mib());
      CHECK(verdict.violations.size() == 10, "{} keys are wrong", verdict.violations.size());
      for (const check::Violation& violation : verdict.violations)
        longest = std::max(longest, violation.operations.size());
    }
  }
  out << fmt::format(
      "  texts of 10 keys, 50 clients, all wrong: decided in {:.1f} ms, explained in {:.1f} ms "
      "(goal "
      "100), by {} operations at most; {} MiB at most (goal 50)\n",
      seconds[0] * 1e3, seconds[1] * 1e3, longest, peak);
}

}  // namespace

void bench_check(std::ostream& out, int rounds) {
  constexpr Shape kShapes[] = {
      {"one register, 5 clients", 1'000'000, 1, 5, 0, 0, 1.5e6},
      {"one register, 5 clients, 5 values", 1'000'000, 1, 5, 5, 0, 1.5e6},
      {"1000 registers, 50 clients", 1'000'000, 1000, 50, 5, 0, 2e6},
      {"one register, 1 % of unknown outcome", 10'000, 1, 5, 5, 20, 10'000 / 0.06},
  };
  out << "check: linearizability, processor time\n";
  for (const Shape& shape : kShapes) {
    double decided = 1e9, proved = 1e9;
    int64_t peak = 0;
    for (int round = 0; round < rounds; ++round) {
      const history::History history = history_of(shape, static_cast<uint64_t>(round) + 1);
      for (const bool explain : {false, true}) {
        const double begin = seconds_of_thread();
        forget_peak();
        check::CheckOptions options;
        options.explain = explain;
        const check::Verdict verdict = check::check_linearizable(history, options);
        const double seconds = seconds_of_thread() - begin;
        CHECK(verdict.outcome == check::Outcome::kHolds, "{}: {}", shape.name, verdict.undecided);
        if (!explain) peak = std::max(peak, peak_mib());
        (explain ? proved : decided) = std::min(explain ? proved : decided, seconds);
      }
    }
    out << fmt::format(
        "  {:<38} {:>9} operations: {:6.2f} M/s (goal {:.2f}), {:6.2f} M/s with a verified order; "
        "{} MiB at "
        "most\n",
        shape.name, shape.operations, shape.operations / decided / 1e6, shape.goal / 1e6,
        shape.operations / proved / 1e6, peak);
  }
  bench_wrong_texts(out, rounds);
  constexpr uint32_t kTransactions = 200'000;
  double decided = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const history::History history = check::serial::make_append_history(
        {.transactions = kTransactions}, static_cast<uint64_t>(round) + 1);
    const double begin = seconds_of_thread();
    const check::Verdict verdict =
        check::check_isolation(history, check::serial::Isolation::kSerializable);
    decided = std::min(decided, seconds_of_thread() - begin);
    CHECK(verdict.outcome == check::Outcome::kHolds && verdict.verified == 1, "{}",
          verdict.undecided);
  }
  out << fmt::format(
      "check: serializability, {} transactions over lists: {:.2f} M/s with a verified order (goal "
      "0.20)\n",
      kTransactions, kTransactions / decided / 1e6);
}

}  // namespace revenant::sim
