// Isolation against trying every order, on random small histories; and each anomaly by hand.
#include "sim/check/serial/isolation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>

#include "engine/base/random.h"
#include "sim/check/serial/append_history.h"

namespace revenant::check::serial {
namespace {

using history::History;
using history::Kind;
using history::Step;
using history::Value;
using Verdict = IsolationVerdict::Outcome;

// A history by hand: each transaction after the one before it, unless it says when it was.
class Script {
 public:
  Value list(std::vector<int> numbers) {
    std::vector<Value> items;
    for (const int number : numbers) items.push_back(Value::number(number));
    return history.list(items);
  }
  Step append(std::string_view key, int value) {
    return {Kind::kAppend, history.key(key), Value::number(value)};
  }
  Step read(std::string_view key, std::vector<int> numbers) {
    return {Kind::kGet, history.key(key), list(std::move(numbers))};
  }
  Step put(std::string_view key, int value, uint64_t version = 0) {
    return {Kind::kPut, history.key(key), Value::number(value), version};
  }
  Step get(std::string_view key, std::optional<int> value, uint64_t version = 0) {
    return {Kind::kGet, history.key(key), value ? Value::number(*value) : Value(), version};
  }
  void transaction(const std::vector<Step>& steps, int64_t invoked, int64_t completed,
                   history::Outcome outcome = history::Outcome::kOk, uint32_t session = 0) {
    history::Operation op = {};
    op.kind = Kind::kTransaction;
    op.outcome = outcome;
    op.invoked = invoked;
    op.completed = completed;
    op.session = session;
    op.line = static_cast<uint32_t>(history.operations().size() + 1);
    op.steps_begin = history.step_count();
    for (const Step& step : steps) history.add_step(step);
    op.steps_end = history.step_count();
    history.add(op);
  }
  // Concurrent with all others, of a session of its own.
  void concurrent(const std::vector<Step>& steps,
                  history::Outcome outcome = history::Outcome::kOk) {
    transaction(steps, 0, 1000, outcome, static_cast<uint32_t>(history.operations().size()));
  }
  IsolationVerdict check(Isolation isolation) {
    return check_isolation(history, std::array{isolation})[0];
  }

  History history;
};

void expect_proven(const History& history, const IsolationVerdict& verdict) {
  const bool is_strong = verdict.isolation == Isolation::kStrictSerializable ||
                         verdict.isolation == Isolation::kStrongSnapshot;
  const RealTime real_time = is_strong ? RealTime::kRespected : RealTime::kIgnored;
  if (verdict.outcome == Verdict::kHolds && verdict.isolation > Isolation::kCausal) {
    const auto right = verdict.isolation >= Isolation::kSerializable
                           ? verify_serial_order(history, verdict.order, real_time)
                           : verify_snapshot_order(history, verdict.events, real_time);
    EXPECT_TRUE(right.has_value()) << to_string(verdict.isolation) << ": " << right.error().message;
  }
  for (const Finding& finding : verdict.findings) {
    if (finding.cycle.empty()) continue;
    const auto right = finding.anomaly == Anomaly::kLostUpdate
                           ? verify_lost_update(history, finding.cycle)
                           : verify_cycle(history, finding.cycle);
    EXPECT_TRUE(right.has_value()) << name(finding) << ": " << right.error().message << "\n"
                                   << finding.story;
  }
}

void expect_found(Script& script, Isolation isolation, std::string_view anomaly) {
  const IsolationVerdict verdict = script.check(isolation);
  ASSERT_EQ(verdict.outcome, Verdict::kViolated) << to_string(isolation);
  EXPECT_EQ(name(verdict.findings.front()), anomaly) << verdict.findings.front().story;
  expect_proven(script.history, verdict);
}

void expect_holds(Script& script, Isolation isolation) {
  const IsolationVerdict verdict = script.check(isolation);
  EXPECT_EQ(verdict.outcome, Verdict::kHolds)
      << to_string(isolation) << ": " << verdict.limit
      << (verdict.findings.empty() ? "" : verdict.findings[0].story);
  expect_proven(script.history, verdict);
}

TEST(Isolation, a_cycle_of_writes_is_g0) {
  Script s;
  s.concurrent({s.append("x", 1), s.append("y", 1)});
  s.concurrent({s.append("x", 2), s.append("y", 2)});
  s.concurrent({s.read("x", {1, 2}), s.read("y", {2, 1})});
  expect_found(s, Isolation::kReadCommitted, "G0");
}

TEST(Isolation, reading_what_was_aborted_is_g1a) {
  Script s;
  s.concurrent({s.append("x", 1)}, history::Outcome::kFail);
  s.concurrent({s.read("x", {1})});
  expect_found(s, Isolation::kReadCommitted, "G1a");
}

TEST(Isolation, building_on_what_was_aborted_is_a_dirty_update) {
  Script s;
  s.concurrent({s.append("x", 1)}, history::Outcome::kFail);
  s.concurrent({s.append("x", 2)});
  s.concurrent({s.read("x", {1, 2})});
  const auto verdict = s.check(Isolation::kReadCommitted);
  ASSERT_EQ(verdict.findings.size(), 2U);
  EXPECT_EQ(verdict.findings[0].anomaly, Anomaly::kG1a);
  EXPECT_EQ(verdict.findings[1].anomaly, Anomaly::kDirtyUpdate);
}

TEST(Isolation, reading_between_two_writes_of_a_transaction_is_g1b) {
  Script s;
  s.concurrent({s.append("x", 1), s.append("x", 2)});
  s.concurrent({s.read("x", {1})});
  expect_found(s, Isolation::kReadCommitted, "G1b");
}

TEST(Isolation, two_that_read_each_other_are_g1c) {
  Script s;
  s.concurrent({s.append("x", 1), s.read("y", {1})});
  s.concurrent({s.append("y", 1), s.read("x", {1})});
  expect_found(s, Isolation::kReadCommitted, "G1c");
}

TEST(Isolation, a_transaction_at_odds_with_itself_is_internal) {
  Script s;
  s.concurrent({s.append("x", 1), s.read("x", {})});
  expect_found(s, Isolation::kReadAtomic, "internal");
}

TEST(Isolation, reading_what_is_written_afterwards_is_a_future_read) {
  Script lists;
  lists.concurrent({lists.read("x", {1}), lists.append("x", 1)});
  expect_found(lists, Isolation::kReadCommitted, "future-read");
  Script registers;
  registers.concurrent({registers.get("x", 1), registers.put("x", 1)});
  expect_found(registers, Isolation::kSerializable, "future-read");
}

TEST(Isolation, half_of_a_transaction_is_a_fractured_read) {
  Script s;
  s.concurrent({s.append("x", 1), s.append("y", 1)});
  s.concurrent({s.read("x", {1}), s.read("y", {})});
  expect_holds(s, Isolation::kReadCommitted);
  expect_found(s, Isolation::kReadAtomic, "fractured-read");
  expect_found(s, Isolation::kSnapshot, "G-single");
}

TEST(Isolation, replacing_the_same_version_is_a_lost_update) {
  Script s;
  s.concurrent({s.get("x", std::nullopt), s.put("x", 1)});
  s.concurrent({s.get("x", std::nullopt), s.put("x", 2)});
  expect_holds(s, Isolation::kReadAtomic);
  expect_found(s, Isolation::kSnapshot, "lost-update");
}

TEST(Isolation, a_long_fork_is_g_nonadjacent) {
  Script s;
  s.concurrent({s.append("x", 1)});
  s.concurrent({s.append("y", 1)});
  s.concurrent({s.read("x", {1}), s.read("y", {})});
  s.concurrent({s.read("x", {}), s.read("y", {1})});
  expect_found(s, Isolation::kSnapshot, "G-nonadjacent");
}

TEST(Isolation, write_skew_is_g2_item_and_a_snapshot) {
  Script s;
  s.concurrent({s.read("x", {}), s.append("y", 1)});
  s.concurrent({s.read("y", {}), s.append("x", 1)});
  expect_holds(s, Isolation::kSnapshot);
  expect_found(s, Isolation::kSerializable, "G2-item");
}

TEST(Isolation, a_stale_read_is_serializable_but_not_strictly) {
  Script s;
  s.transaction({s.append("x", 1)}, 0, 10);
  s.transaction({s.read("x", {})}, 20, 30, history::Outcome::kOk, 1);
  expect_holds(s, Isolation::kSessionSerializable);
  expect_found(s, Isolation::kStrictSerializable, "G-single-realtime");
  expect_found(s, Isolation::kStrongSnapshot, "G-single-realtime");
}

TEST(Isolation, a_session_that_misses_its_own_write_is_known_by_it) {
  Script s;
  s.transaction({s.append("x", 1)}, 0, 1000, history::Outcome::kOk, 7);
  s.transaction({s.read("x", {})}, 1000, 2000, history::Outcome::kOk, 7);
  expect_holds(s, Isolation::kStrictSerializable);
  expect_found(s, Isolation::kSessionSerializable, "G-single-process");
  expect_found(s, Isolation::kSessionSnapshot, "G-single-process");
}

TEST(Isolation, what_nobody_wrote_is_garbage) {
  Script s;
  s.concurrent({s.append("x", 1)});
  s.concurrent({s.read("x", {2})});
  expect_found(s, Isolation::kReadCommitted, "garbage-read");
}

TEST(Isolation, an_item_twice_is_a_duplicate) {
  Script s;
  s.concurrent({s.append("x", 1)});
  s.concurrent({s.read("x", {1, 1})});
  expect_found(s, Isolation::kReadCommitted, "duplicate-elements");
}

TEST(Isolation, garbage_and_duplicates_make_no_cycles) {
  Script s;
  s.concurrent({s.append("x", 1)});
  s.concurrent({s.append("x", 2)});
  s.concurrent({s.read("x", {1, 2, 1, 9})});
  s.concurrent({s.read("x", {1, 2, 1})});
  const auto verdict = s.check(Isolation::kSerializable);
  ASSERT_EQ(verdict.findings.size(), 2U);
  EXPECT_EQ(verdict.findings[0].anomaly, Anomaly::kGarbageRead);
  EXPECT_EQ(verdict.findings[1].anomaly, Anomaly::kDuplicateElements);
}

TEST(Isolation, lists_that_do_not_continue_each_other_are_incompatible) {
  Script s;
  s.concurrent({s.append("x", 1)});
  s.concurrent({s.append("x", 2)});
  s.concurrent({s.read("x", {1, 2})});
  s.concurrent({s.read("x", {2})});
  expect_found(s, Isolation::kReadCommitted, "incompatible-order");
}

TEST(Isolation, an_unknown_outcome_that_was_read_happened) {
  Script s;
  s.concurrent({s.append("x", 1), s.append("y", 1)}, history::Outcome::kUnknown);
  s.concurrent({s.read("x", {1}), s.read("y", {})});
  expect_found(s, Isolation::kSerializable, "G-single");
}

TEST(Isolation, recorded_versions_order_blind_writes) {
  Script s;
  s.concurrent({s.put("x", 1, 10), s.put("y", 1, 20)});
  s.concurrent({s.put("x", 2, 20), s.put("y", 2, 10)});
  s.concurrent({s.get("x", 2, 20)});
  expect_found(s, Isolation::kReadCommitted, "G0");
}

TEST(Isolation, half_of_a_transaction_shows_which_version_is_later) {
  Script s;
  s.concurrent({s.put("x", 1), s.put("y", 1)});
  s.concurrent({s.put("y", 2), s.put("z", 2)});
  s.concurrent({s.get("x", 1), s.get("y", 2)});
  expect_holds(s, Isolation::kReadAtomic);
  expect_holds(s, Isolation::kSerializable);
  s.concurrent({s.get("z", 2), s.get("y", 1)});
  expect_found(s, Isolation::kReadAtomic, "G0");
  expect_found(s, Isolation::kCausal, "G0");
}

TEST(Isolation, what_was_there_first_is_older_than_a_blind_write) {
  Script s;
  s.concurrent({s.put("x", 1), s.put("y", 1)});
  s.concurrent({s.put("y", 2)});
  s.concurrent({s.get("x", 1), s.get("y", std::nullopt)});
  expect_found(s, Isolation::kReadAtomic, "fractured-read");
}

TEST(Isolation, who_misses_what_led_to_what_it_reads_is_not_causal) {
  Script s;
  s.concurrent({s.put("x", 1)});
  s.concurrent({s.get("x", 1), s.put("y", 1)});
  s.concurrent({s.get("y", 1), s.get("x", std::nullopt)});
  expect_holds(s, Isolation::kReadAtomic);
  expect_found(s, Isolation::kCausal, "G-single");
}

TEST(Isolation, two_that_see_concurrent_writes_in_either_order_are_causal_and_no_snapshots) {
  Script s;
  const auto by = [&](uint32_t session, const std::vector<Step>& steps, int64_t invoked) {
    s.transaction(steps, invoked, history::kNever, history::Outcome::kOk, session);
  };
  by(0, {s.put("x", 1)}, 0);
  by(1, {s.put("x", 2)}, 0);
  by(2, {s.get("x", 1)}, 0);
  by(3, {s.get("x", 2)}, 0);
  by(2, {s.get("x", 2)}, 1);
  expect_holds(s, Isolation::kCausal);
  by(3, {s.get("x", 1)}, 1);
  expect_found(s, Isolation::kCausal, "G0");
}

TEST(Isolation, nothing_read_is_vacuous) {
  Script s;
  s.concurrent({s.append("x", 1)});
  EXPECT_EQ(s.check(Isolation::kSerializable).outcome, Verdict::kVacuous);
}

TEST(Isolation, a_value_written_twice_leaves_it_undecided) {
  Script s;
  s.concurrent({s.put("x", 1)});
  s.concurrent({s.put("x", 1)});
  s.concurrent({s.get("x", 1)});
  const auto verdict = s.check(Isolation::kSerializable);
  EXPECT_EQ(verdict.outcome, Verdict::kUndecided);
  EXPECT_EQ(verdict.limit, "x: 1 was written twice");
}

TEST(Isolation, a_cycle_is_told) {
  Script s;
  s.concurrent({s.read("x", {}), s.append("y", 1)});
  s.concurrent({s.read("y", {}), s.append("x", 1)});
  EXPECT_EQ(s.check(Isolation::kSerializable).findings[0].story,
            "#1 read [] of x, without 1, which #2 wrote: so #1 comes before #2. "
            "#2 read [] of y, without 1, which #1 wrote: so #2 comes before #1. "
            "That is a circle.");
}

TEST(IsolationCertificate, an_edge_that_is_not_there_is_refused) {
  Script s;
  s.concurrent({s.read("x", {}), s.append("y", 1)});
  s.concurrent({s.read("y", {}), s.append("x", 1)});
  auto cycle = s.check(Isolation::kSerializable).findings[0].cycle;
  cycle[0].kind = DependencyKind::kRealTime;
  EXPECT_FALSE(verify_cycle(s.history, cycle).has_value());
  EXPECT_FALSE(verify_serial_order(s.history, {0, 1}, RealTime::kIgnored).has_value());
}

TEST(Isolation, a_long_history_holds_and_one_stale_read_at_its_end_does_not) {
  Script s;
  s.history = make_append_history({.transactions = 1000}, 1);
  expect_holds(s, Isolation::kReadAtomic);
  expect_holds(s, Isolation::kSnapshot);
  expect_holds(s, Isolation::kStrictSerializable);
  s.transaction({s.read("k0", {})}, 100'000, 100'001, history::Outcome::kOk, 0);
  expect_holds(s, Isolation::kSerializable);
  expect_found(s, Isolation::kSessionSerializable, "G-single-process");
  expect_found(s, Isolation::kStrictSerializable, "G-single-realtime");
}

// Sessions of transactions that write blindly more than they read, on a store of snapshots: few of the versions' orders
// can be seen.
History snapshots_of_blind_writes(uint32_t transactions, uint64_t seed) {
  struct Running {
    uint64_t began = 0;
    std::map<uint32_t, int> wrote;
    std::vector<Step> steps;
  };
  constexpr uint32_t kSessions = 8, kKeys = 100, kSteps = 6;
  Random random(seed, "blind_writes");
  Script s;
  std::map<uint32_t, std::vector<std::pair<uint64_t, int>>> versions;  // by key: commit, value
  std::map<uint32_t, Running> running;                                 // by session
  std::vector<int64_t> done(kSessions, 0);
  int next_value = 1;
  for (uint64_t now = 1; s.history.operations().size() < transactions; ++now) {
    const auto session = static_cast<uint32_t>(random.below(kSessions));
    const auto [found, begins] = running.try_emplace(session, Running{now, {}, {}});
    Running& mine = found->second;
    if (mine.steps.size() < kSteps) {
      const auto key = static_cast<uint32_t>(random.below(kKeys));
      const std::string name = std::to_string(key);
      if (random.below(3) > 0) {
        mine.wrote[key] = next_value++;
        mine.steps.push_back(s.put(name, mine.wrote[key]));
        continue;
      }
      std::optional<int> seen;
      for (const auto& [commit, value] : versions[key])
        if (commit < mine.began) seen = value;
      if (mine.wrote.contains(key)) seen = mine.wrote[key];
      mine.steps.push_back(s.get(name, seen));
      continue;
    }
    const bool overlaps = std::ranges::any_of(mine.wrote, [&](const auto& write) {
      const auto& of_key = versions[write.first];
      return !of_key.empty() && of_key.back().first >= mine.began;
    });
    if (!overlaps) {
      for (const auto& [key, value] : mine.wrote) versions[key].emplace_back(now, value);
      s.transaction(mine.steps, done[session]++, history::kNever, history::Outcome::kOk, session);
    }
    running.erase(session);
  }
  return std::move(s.history);
}

TEST(Isolation, snapshots_are_found_though_few_of_the_orders_of_versions_are_seen) {
  for (const uint64_t seed : {1, 2, 3}) {
    Script s;
    s.history = snapshots_of_blind_writes(400, seed);
    expect_holds(s, Isolation::kCausal);
    expect_holds(s, Isolation::kSessionSnapshot);
  }
}

TEST(Isolation, a_read_that_goes_back_between_blind_writes_is_told_by_who_saw_them) {
  Script s;
  const auto by = [&](uint32_t session, const std::vector<Step>& steps, int64_t invoked) {
    s.transaction(steps, invoked, history::kNever, history::Outcome::kOk, session);
  };
  by(0, {s.put("x", 1)}, 0);
  by(1, {s.put("x", 2)}, 0);
  by(2, {s.get("x", 1)}, 0);
  by(2, {s.get("x", 2)}, 1);
  by(2, {s.get("x", 1)}, 2);
  expect_found(s, Isolation::kSessionSnapshot, "G0");
  const auto verdict = s.check(Isolation::kSessionSerializable);
  ASSERT_EQ(verdict.findings.size(), 1u);
  EXPECT_EQ(
      verdict.findings[0].story,
      "#1 wrote 1 to x, after which #2 wrote 2, as #4 saw: so #1 comes before #2. #2 wrote 2 to "
      "x, after which #1 wrote 1, as #5 saw: so #2 comes before #1. That is a circle.");
}

// --- against every order -------------------------------------------------------------------------------

enum class Model { kLists, kRegisters, kVersionedRegisters };

// Runs transactions on a store that now and then gives each its own snapshot, and now and then lies.
class RandomHistory {
 public:
  RandomHistory(Model model, uint64_t seed) : model_(model), random_(seed, "transactions") {}

  History make() {
    const auto keys = 2 + random_.below(2);
    const auto count = 2 + random_.below(4);
    const bool lies = random_.below(3) == 0;
    Store store;
    std::vector<Store> snapshots = {store};
    std::vector<int64_t> free_at(3, 0);
    for (uint64_t t = 0; t < count; ++t) {
      const auto session = random_.below(free_at.size());
      const int64_t invoked = free_at[session] + static_cast<int64_t>(random_.below(5));
      const int64_t completed = invoked + static_cast<int64_t>(random_.below(12));
      free_at[session] = completed + 1;
      const auto dice = random_.below(20);
      const auto outcome = dice == 0   ? history::Outcome::kFail
                           : dice <= 2 ? history::Outcome::kUnknown
                                       : history::Outcome::kOk;
      Store seen =
          snapshots[snapshots.size() - 1 - random_.below(std::min<size_t>(2, snapshots.size()))];
      std::vector<Step> steps;
      std::map<uint32_t, bool> put;
      for (uint64_t n = 1 + random_.below(3); n > 0; --n) {
        const uint32_t key =
            script_.history.key(std::string(1, static_cast<char>('x' + random_.below(keys))));
        if (random_.below(2) == 0) {
          if (lies && random_.below(5) == 0) {
            seen[key] = snapshots[random_.below(snapshots.size())][key];
          }
          const bool known = outcome == history::Outcome::kOk;
          steps.push_back({Kind::kGet, key, known ? value(seen[key]) : Value(),
                           model_ == Model::kVersionedRegisters && known ? version(seen[key]) : 0});
        } else {
          const int item = ++last_;
          if (model_ != Model::kLists) seen[key].clear();
          seen[key].push_back(item);
          steps.push_back({model_ == Model::kLists ? Kind::kAppend : Kind::kPut, key,
                           Value::number(item),
                           model_ == Model::kVersionedRegisters ? static_cast<uint64_t>(item) : 0});
          put[key] = true;
        }
      }
      if (outcome == history::Outcome::kOk || random_.below(2) == 0) {
        for (const auto& [key, yes] : put) {
          if (model_ != Model::kLists) {
            if (model_ == Model::kRegisters || store[key].empty() || store[key] < seen[key])
              store[key] = seen[key];
            continue;
          }
          for (const Step& step : steps)
            if (step.kind == Kind::kAppend && step.key == key)
              store[key].push_back(static_cast<int>(step.value.number()));
        }
        snapshots.push_back(store);
      }
      script_.transaction(steps, invoked, completed, outcome, static_cast<uint32_t>(session));
    }
    return std::move(script_.history);
  }

 private:
  using Store = std::map<uint32_t, std::vector<int>>;
  Value value(const std::vector<int>& held) {
    if (model_ == Model::kLists) return script_.list(held);
    return held.empty() ? Value() : Value::number(held.back());
  }
  static uint64_t version(const std::vector<int>& held) {
    return held.empty() ? 0 : static_cast<uint64_t>(held.back());
  }

  Model model_;
  Random random_;
  Script script_;
  int last_ = 0;
};

// The definitions, by trying everything. Where versions are recorded each write must be later than what it replaces.
class EveryOrder {
 public:
  EveryOrder(const History& history, Model model, RealTime real_time)
      : history_(history), model_(model), real_time_(real_time) {
    for (uint32_t i = 0; i < history.operations().size(); ++i)
      if (history.operations()[i].outcome != history::Outcome::kFail) all_.push_back(i);
  }

  bool serializable() { return serial({}, 0); }
  bool snapshot() { return snapshot({}, {}, 0, 0); }

 private:
  struct Held {
    std::vector<int64_t> items;
    uint64_t version = 0;
    int commits = 0;
  };
  using Store = std::map<uint32_t, Held>;

  bool must(uint32_t i) const {
    return history_.operations()[all_[i]].outcome == history::Outcome::kOk;
  }
  bool in_time(uint32_t i,
               uint64_t done) const {  // may begin: nothing that ended before it is to come
    if (real_time_ == RealTime::kIgnored) return true;
    for (uint32_t other = 0; other < all_.size(); ++other)
      if (!(done >> other & 1) && other != i && must(other) &&
          history_.operations()[all_[other]].completed < history_.operations()[all_[i]].invoked)
        return false;
    return true;
  }

  std::optional<Store> run(uint32_t i, Store store) const {
    for (const Step& step : history_.steps(history_.operations()[all_[i]])) {
      Held& held = store[step.key];
      if (step.kind == Kind::kGet) {
        if (!must(i)) continue;
        std::vector<int64_t> read;
        if (history_.is_list(step.value)) {
          for (const Value item : history_.items(step.value)) read.push_back(item.number());
        } else if (!step.value.is_absent()) {
          read.push_back(step.value.number());
        }
        if (read != held.items) return std::nullopt;
        continue;
      }
      if (step.kind == Kind::kPut) held.items.clear();
      held.items.push_back(step.value.number());
      if (model_ == Model::kVersionedRegisters && step.version <= held.version) return std::nullopt;
      held.version = step.version;
    }
    return store;
  }

  bool all_done(uint64_t done) const {
    for (uint32_t i = 0; i < all_.size(); ++i)
      if (must(i) && !(done >> i & 1)) return false;
    return true;
  }

  bool serial(const Store& store, uint64_t done) const {
    if (all_done(done)) return true;
    for (uint32_t i = 0; i < all_.size(); ++i) {
      if ((done >> i & 1) || !in_time(i, done)) continue;
      const auto next = run(i, store);
      if (next && serial(*next, done | uint64_t{1} << i)) return true;
    }
    return false;
  }

  using Running =
      std::map<uint32_t, std::pair<Store, Store>>;  // what it leaves, and what it started from
  bool snapshot(const Store& store, const Running& running, uint64_t started,
                uint64_t committed) const {
    if (all_done(committed)) return true;
    for (const auto& [i, stores] : running) {
      Store next = store;
      bool conflict = false;
      for (const Step& step : history_.steps(history_.operations()[all_[i]])) {
        if (step.kind == Kind::kGet) continue;
        const auto began = stores.second.find(step.key);
        const int commits = began == stores.second.end() ? 0 : began->second.commits;
        const auto now = store.find(step.key);
        conflict |= (now == store.end() ? 0 : now->second.commits) != commits;
        next[step.key] = stores.first.at(step.key);
        next[step.key].commits = commits + 1;
      }
      if (conflict) continue;
      Running rest = running;
      rest.erase(i);
      if (snapshot(next, rest, started, committed | uint64_t{1} << i)) return true;
    }
    for (uint32_t i = 0; i < all_.size(); ++i) {
      if ((started >> i & 1) || !in_time(i, committed)) continue;
      const auto next = run(i, store);
      if (!next) continue;
      Running more = running;
      more.emplace(i, std::pair(*next, store));
      if (snapshot(store, more, started | uint64_t{1} << i, committed)) return true;
    }
    return false;
  }

  const History& history_;
  Model model_;
  RealTime real_time_;
  std::vector<uint32_t> all_;
};

void compare(Model model) {
  const char* asked = std::getenv("REVENANT_HISTORIES");
  const int histories = asked != nullptr ? std::atoi(asked) : 2000;
  int held = 0, violated = 0;
  for (int seed = 0; seed < histories; ++seed) {
    const History history = RandomHistory(model, static_cast<uint64_t>(seed)).make();
    const std::array isolations = {Isolation::kSnapshot, Isolation::kStrongSnapshot,
                                   Isolation::kSerializable, Isolation::kStrictSerializable};
    const auto verdicts = check_isolation(history, isolations);
    for (const size_t i :
         {0U, 1U}) {  // the lightest: what a snapshot forbids is never called heavier
      const auto &snapshot = verdicts[i], &serial = verdicts[i + 2];
      if (snapshot.findings.empty() || snapshot.findings[0].cycle.empty()) continue;
      ASSERT_EQ(name(snapshot.findings[0]), name(serial.findings.at(0))) << "seed " << seed;
    }
    for (const IsolationVerdict& verdict : verdicts) {
      if (verdict.outcome == Verdict::kVacuous) continue;
      const bool is_strong = verdict.isolation == Isolation::kStrictSerializable ||
                             verdict.isolation == Isolation::kStrongSnapshot;
      EveryOrder every(history, model, is_strong ? RealTime::kRespected : RealTime::kIgnored);
      const bool right =
          verdict.isolation >= Isolation::kSerializable ? every.serializable() : every.snapshot();
      (right ? held : violated)++;
      std::string text;
      for (const auto& op : history.operations())
        text += fmt::format("#{} {} {}..{} {}\n", op.line, to_string(op.outcome), op.invoked,
                            op.completed, history.print(op));
      ASSERT_EQ(verdict.outcome, right ? Verdict::kHolds : Verdict::kViolated)
          << "seed " << seed << ", " << to_string(verdict.isolation) << " " << verdict.limit << "\n"
          << text << (verdict.findings.empty() ? "" : verdict.findings[0].story);
      expect_proven(history, verdict);
      if (testing::Test::HasFailure()) FAIL() << "seed " << seed << "\n" << text;
    }
  }
  EXPECT_GT(held, histories / 2);
  EXPECT_GT(violated, histories / 10);
}

TEST(IsolationOracle, every_order_says_the_same_of_lists) { compare(Model::kLists); }
TEST(IsolationOracle, every_order_says_the_same_of_registers) { compare(Model::kRegisters); }
TEST(IsolationOracle, every_order_says_the_same_of_versioned_registers) {
  compare(Model::kVersionedRegisters);
}

}  // namespace
}  // namespace revenant::check::serial
