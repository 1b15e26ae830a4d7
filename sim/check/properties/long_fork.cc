#include "sim/check/properties/long_fork.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/base/check.h"
#include "sim/check/certificate/invariants.h"

namespace revenant::check {

using history::Kind;
using history::Operation;
using history::Step;
using history::Value;

namespace {

class Forks {
 public:
  explicit Forks(const history::History& history) : history_(history), keys_(history.key_count()) {}

  Verdict check() {
    find_keys_of_one_value();
    group_reads();
    for (auto& [keys, reads] : groups_) {
      if (reads.size() < 2) continue;
      verdict_.observations += reads.size();
      compare(keys, reads);
    }
    verdict_.outcome = !verdict_.violations.empty() ? Outcome::kViolated
                       : verdict_.observations == 0 ? Outcome::kVacuous
                                                    : Outcome::kHolds;
    return std::move(verdict_);
  }

 private:
  struct Key {
    bool is_looked_at = true;
    uint32_t writes = 0;
    Value value;  // the initial one until another was seen
  };
  struct Read {
    uint32_t operation;
    std::vector<bool> has;  // of the group's keys
    auto size() const { return std::ranges::count(has, true); }
  };

  template <typename Visit>
  void each_step(const Operation& op, Visit visit) const {
    if (op.kind == Kind::kTransaction || op.kind == Kind::kScan) {
      for (const Step& step : history_.steps(op)) visit(step);
    } else {
      visit(Step{op.kind, op.key, op.kind == Kind::kGet ? op.result : op.argument, 0});
    }
  }

  void find_keys_of_one_value() {
    for (uint32_t key = 0; key < keys_.size(); ++key) {
      keys_[key].value = history_.initial();
      keys_[key].is_looked_at = !history_.is_added_to(key);
    }
    for (const Operation& op : history_.operations())
      each_step(op, [&](const Step& step) {
        Key& key = keys_[step.key];
        const bool read = step.kind == Kind::kGet;
        if (read && op.outcome != history::Outcome::kOk) return;
        key.writes += read ? 0 : 1;
        if (step.value != history_.initial() && key.value == history_.initial())
          key.value = step.value;
        const bool other = step.value != history_.initial() && step.value != key.value;
        key.is_looked_at &= (read || step.kind == Kind::kPut) && key.writes <= 1 && !other &&
                            !history_.is_list(step.value);
      });
  }

  void group_reads() {
    for (uint32_t place = 0; place < history_.operations().size(); ++place) {
      const Operation& op = history_.operations()[place];
      if (op.kind != Kind::kTransaction || op.outcome != history::Outcome::kOk) continue;
      std::map<uint32_t, bool> seen;  // by key
      for (const Step& step : history_.steps(op))
        if (step.kind == Kind::kGet && keys_[step.key].is_looked_at)
          seen.try_emplace(step.key, step.value != history_.initial());
      for (const Step& step : history_.steps(op))
        if (step.kind != Kind::kGet) seen.erase(step.key);  // its own write is no news
      if (seen.size() < 2) continue;
      std::vector<uint32_t> keys;
      Read read = {place, {}};
      for (const auto& [key, has] : seen) {
        keys.push_back(key);
        read.has.push_back(has);
      }
      groups_[std::move(keys)].push_back(std::move(read));
    }
  }

  void compare(const std::vector<uint32_t>& keys, std::vector<Read>& reads) {
    std::ranges::stable_sort(reads, {}, &Read::size);
    for (size_t i = 1; i < reads.size(); ++i) {
      const Read &less = reads[i - 1], &more = reads[i];
      std::optional<uint32_t> only_less, only_more;
      for (size_t k = 0; k < keys.size(); ++k) {
        if (less.has[k] && !more.has[k]) only_less = keys[k];
        if (more.has[k] && !less.has[k]) only_more = keys[k];
      }
      if (!only_less || !only_more) continue;
      const auto right =
          verify_fork(history_, less.operation, more.operation, *only_less, *only_more);
      CHECK(right.has_value(), "the fork is none: {}", right.error().message);
      const auto line = [&](const Read& read) {
        return history_.operations()[read.operation].line;
      };
      verdict_.violations.push_back(
          {.key = {},
           .operations = {std::min(less.operation, more.operation),
                          std::max(less.operation, more.operation)},
           .story = fmt::format(
               "#{} read {} of {} and {} of {}; #{} read {} of {} and {} of {}. Whichever was "
               "written first, one of them saw the other alone.",
               line(less), history_.print(keys_[*only_less].value), history_.key_name(*only_less),
               history_.print(history_.initial()), history_.key_name(*only_more), line(more),
               history_.print(history_.initial()), history_.key_name(*only_less),
               history_.print(keys_[*only_more].value), history_.key_name(*only_more)),
           .verified = true});
    }
  }

  const history::History& history_;
  std::vector<Key> keys_;
  std::map<std::vector<uint32_t>, std::vector<Read>> groups_;  // by the keys that they read
  Verdict verdict_ = {.property = "no_long_fork"};
};

}  // namespace

Verdict check_no_long_fork(const history::History& history, const CheckOptions&) {
  return Forks(history).check();
}

}  // namespace revenant::check
