#include "sim/check/properties/counter.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/base/check.h"
#include "sim/check/certificate/invariants.h"

namespace revenant::check {

using history::Kind;
using history::Operation;

namespace {

// How much was added by when.
class Sums {
 public:
  void add(int64_t when, int64_t amount) { amounts_.emplace_back(when, amount); }
  void sort() {
    std::ranges::sort(amounts_);
    for (size_t i = 1; i < amounts_.size(); ++i) amounts_[i].second += amounts_[i - 1].second;
  }
  int64_t before(int64_t when) const {
    const auto at = std::ranges::partition_point(
        amounts_, [&](const auto& amount) { return amount.first < when; });
    return at == amounts_.begin() ? 0 : std::prev(at)->second;
  }

 private:
  std::vector<std::pair<int64_t, int64_t>> amounts_;
};

// Of one key. What is only begun either lowers or raises.
struct Counter {
  bool is_counter = true;
  Sums acknowledged, begun_lower, begun_raise, acknowledged_lower, acknowledged_raise;
  std::vector<uint32_t> reads;
};

void take(const Operation& op, uint32_t place, Counter& counter) {
  const bool ok = op.outcome == history::Outcome::kOk;
  if (op.kind == Kind::kGet) {
    if (!ok || op.result.is_absent()) return;
    counter.is_counter &= op.result.is_number();
    counter.reads.push_back(place);
    return;
  }
  counter.is_counter &= op.kind == Kind::kAdd && op.argument.is_number();
  if (!counter.is_counter || op.outcome == history::Outcome::kFail) return;
  const int64_t amount = op.argument.number();
  const bool lowers = amount < 0;
  (lowers ? counter.begun_lower : counter.begun_raise).add(op.invoked, amount);
  if (!ok) return;
  counter.acknowledged.add(op.completed, amount);
  (lowers ? counter.acknowledged_lower : counter.acknowledged_raise).add(op.completed, amount);
}

}  // namespace

Verdict check_counter(const history::History& history, const CheckOptions&) {
  Verdict verdict = {.property = "counter"};
  std::map<uint32_t, Counter> counters;  // by key
  for (uint32_t place = 0; place < history.operations().size(); ++place) {
    const Operation& op = history.operations()[place];
    if (op.kind == Kind::kTransaction || op.kind == Kind::kScan) {
      for (const history::Step& step : history.steps(op))
        if (history.is_added_to(step.key)) counters[step.key].is_counter = false;  // an account
    } else if (history.is_added_to(op.key)) {
      take(op, place, counters[op.key]);
    }
  }
  const int64_t initial = history.initial().is_number() ? history.initial().number() : 0;
  for (auto& [key, counter] : counters) {
    if (!counter.is_counter) continue;
    for (Sums* sums : {&counter.acknowledged, &counter.begun_lower, &counter.begun_raise,
                       &counter.acknowledged_lower, &counter.acknowledged_raise})
      sums->sort();
    for (const uint32_t place : counter.reads) {
      ++verdict.observations;
      const Operation& read = history.operations()[place];
      const int64_t end = read.completed == history::kNever ? read.completed : read.completed + 1;
      const int64_t sure = initial + counter.acknowledged.before(read.invoked);
      const int64_t least =
          sure + counter.begun_lower.before(end) - counter.acknowledged_lower.before(read.invoked);
      const int64_t most =
          sure + counter.begun_raise.before(end) - counter.acknowledged_raise.before(read.invoked);
      const int64_t found = read.result.number();
      if (least <= found && found <= most) continue;
      const auto right = verify_impossible_count(history, place);
      CHECK(right.has_value(), "the count may be right: {}", right.error().message);
      verdict.violations.push_back(
          {.key = key,
           .operations = {place},
           .story = fmt::format(
               "#{} found {} at {}. What had been acknowledged when it began comes to {}; with "
               "what "
               "may have happened besides until it ended, to {} at the least and {} at the most.",
               read.line, found, history.key_name(key), sure, least, most),
           .verified = true});
    }
  }
  verdict.outcome = !verdict.violations.empty() ? Outcome::kViolated
                    : verdict.observations == 0 ? Outcome::kVacuous
                                                : Outcome::kHolds;
  return verdict;
}

}  // namespace revenant::check
