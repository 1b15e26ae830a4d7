#include "sim/check/properties/thin_air.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace revenant::check {

using history::Kind;
using history::Operation;
using history::Step;
using history::Value;

namespace {

// Who wrote a value to a key.
struct Writers {
  uint64_t count = 0;                                   // that did not fail
  int64_t first = std::numeric_limits<int64_t>::max();  // when the first of them began
  uint32_t first_operation = 0, failed_operation = 0;
  bool failed = false;  // one did
};

class ThinAir {
 public:
  explicit ThinAir(const history::History& history)
      : history_(history), appended_to_(history.key_count()) {}

  Verdict check() {
    each_step([&](uint32_t place, const Operation& op, const Step& step) {
      if (step.kind == Kind::kAppend) appended_to_[step.key] = true;
      if (step.kind == Kind::kPut || step.kind == Kind::kAppend ||
          step.kind == Kind::kCompareAndSet)
        write(place, op, step);
    });
    each_step([&](uint32_t place, const Operation& op, const Step& step) {
      if (step.kind == Kind::kGet && op.outcome == history::Outcome::kOk) read(place, op, step);
    });
    verdict_.outcome = !verdict_.violations.empty() ? Outcome::kViolated
                       : verdict_.observations == 0 ? Outcome::kVacuous
                                                    : Outcome::kHolds;
    return std::move(verdict_);
  }

 private:
  // A compare-and-set is a write here: what it compared with the search for linearizability looks at.
  template <typename Visit>
  void each_step(Visit visit) const {
    for (uint32_t place = 0; place < history_.operations().size(); ++place) {
      const Operation& op = history_.operations()[place];
      if (op.kind == Kind::kScan || op.kind == Kind::kTransaction) {
        for (const Step& step : history_.steps(op))
          if (!history_.is_added_to(step.key)) visit(place, op, step);
      } else if (!history_.is_added_to(op.key)) {
        Step step = {};
        step.kind = op.kind;
        step.key = op.key;
        step.value = op.kind == Kind::kGet ? op.result : op.argument;
        visit(place, op, step);
      }
    }
  }

  void write(uint32_t place, const Operation& op, const Step& step) {
    const auto wrote = [&](Value value) {
      Writers& writers = writers_[{step.key, value}];
      if (op.outcome == history::Outcome::kFail) {
        writers.failed = true;
        writers.failed_operation = place;
        return;
      }
      ++writers.count;
      if (op.invoked < writers.first) {
        writers.first = op.invoked;
        writers.first_operation = place;
      }
    };
    if (step.kind == Kind::kPut && history_.is_list(step.value)) {
      for (const Value item : history_.items(step.value)) wrote(item);
    }
    wrote(step.value);
  }

  void read(uint32_t place, const Operation& op, const Step& step) {
    if (step.value.is_absent() || step.value == history_.initial()) return;
    if (!appended_to_[step.key]) {
      ++verdict_.observations;
      found(place, op, step, step.value, 1);
    } else if (history_.is_list(step.value)) {
      ++verdict_.observations;
      std::map<Value, uint64_t> items;
      for (const Value item : history_.items(step.value)) ++items[item];
      for (const auto& [item, times] : items) found(place, op, step, item, times);
    }
  }

  void found(uint32_t place, const Operation& op, const Step& step, Value value, uint64_t times) {
    const auto known = writers_.find({step.key, value});
    const Writers writers = known == writers_.end() ? Writers() : known->second;
    const std::string what = fmt::format("#{} found {} at {}", op.line, history_.print(value),
                                         history_.key_name(step.key));
    if (writers.count == 0 && writers.failed) {
      violate(step.key, {writers.failed_operation, place},
              fmt::format("{}, which only #{} wrote, and that failed.", what,
                          history_.operations()[writers.failed_operation].line));
    } else if (writers.count == 0) {
      violate(step.key, {place}, fmt::format("{}, which nobody wrote.", what));
    } else if (writers.first > op.completed) {
      violate(step.key, {place, writers.first_operation},
              fmt::format("{}, but #{}, the first to write it, began after that had ended.", what,
                          history_.operations()[writers.first_operation].line));
    } else if (times > writers.count) {
      violate(step.key, {place},
              fmt::format("{} {} times, but it was written {} times.", what, times, writers.count));
    }
  }

  // The first of each key.
  void violate(uint32_t key, std::vector<uint32_t> operations, std::string story) {
    if (violated_.insert(key).second)
      verdict_.violations.push_back(
          {.key = key, .operations = std::move(operations), .story = std::move(story)});
  }

  const history::History& history_;
  std::vector<bool> appended_to_;
  std::map<std::pair<uint32_t, Value>, Writers> writers_;
  std::set<uint32_t> violated_;
  Verdict verdict_ = {.property = "no_thin_air"};
};

}  // namespace

Verdict check_thin_air(const history::History& history, const CheckOptions&) {
  return ThinAir(history).check();
}

}  // namespace revenant::check
