#include "sim/check/linear/core.h"

#include <algorithm>
#include <map>
#include <ranges>
#include <set>

#include "engine/base/check.h"

namespace revenant::check {

using history::KeyOperation;
using history::Kind;
using history::Outcome;
using history::Value;

namespace {

// A check of a reduced history that takes more than this counts as legal: the core stays larger.
constexpr SearchLimits kLimits = {.configurations = 200'000, .bytes = uint64_t{1} << 26};

constexpr size_t kSpare = 4;

class Reducer {
 public:
  // Of what was known `until` then.
  Reducer(const history::History& history, std::span<const KeyOperation> operations, int64_t until)
      : history_(history), operations_(operations.begin(), operations.end()) {
    appended_to_ = std::ranges::any_of(
        operations, [](const KeyOperation& op) { return op.kind == Kind::kAppend; });
    for (uint32_t place = 0; place < operations_.size(); ++place) {
      KeyOperation& op = operations_[place];
      op.argument = alike(op.argument);
      op.result = alike(op.result);
      if (op.completed > until && op.outcome == Outcome::kOk) op.outcome = Outcome::kUnknown;
      if (op.outcome == Outcome::kUnknown) op.completed = history::kNever;
      if (!history::is_write(op.kind) || op.outcome == Outcome::kFail || op.invoked > until)
        continue;
      compared_ |= op.kind == Kind::kCompareAndSet;
      writers_[op.argument].push_back(place);
    }
  }

  Core reduce(std::vector<uint32_t> kept) {
    kept = last_of(std::move(kept));
    for (size_t chunk = std::max<size_t>(kept.size() / 2, 1);; chunk /= 2) {
      bool smaller = false;
      for (size_t at = 0; at < kept.size();) {
        std::vector<uint32_t> rest = kept;
        const auto begin = rest.begin() + static_cast<ptrdiff_t>(at);
        rest.erase(begin, begin + static_cast<ptrdiff_t>(std::min(chunk, kept.size() - at)));
        if (illegal(rest)) {
          kept = std::move(rest);
          smaller = true;
        } else {
          at += chunk;
        }
      }
      if (chunk > 1) continue;
      if (!smaller) break;
      chunk = 2;  // once more, one by one
    }
    return {0, std::move(kept), searches_};
  }

 private:
  // Where something is appended nothing is as good as what is empty; also when the appends have been left out.
  Value alike(Value value) const {
    const auto is_empty = [&](Value other) {
      if (!other.is_symbol()) return other.is_absent();
      return history_.is_list(other) ? history_.items(other).empty() : history_.text(other).empty();
    };
    if (!appended_to_ || !is_empty(value)) return value;
    return is_empty(history_.initial()) ? history_.initial() : Value();
  }

  // Mostly the last few will do.
  std::vector<uint32_t> last_of(std::vector<uint32_t> kept) {
    for (size_t count = 8; count < kept.size(); count *= 8) {
      std::vector<uint32_t> last(kept.end() - static_cast<ptrdiff_t>(count), kept.end());
      if (illegal(last)) return last;
    }
    return kept;
  }

  bool illegal(const std::vector<uint32_t>& kept) {
    if (kept.empty()) return false;
    ++searches_;
    std::vector<KeyOperation> reduced;
    for (const uint32_t place : kept) reduced.push_back(operations_[place]);
    for (const uint32_t place : helpers_of(kept)) reduced.push_back(operations_[place]);
    const Problem problem = make_problem(history_, reduced, kept.size());
    return search(problem, kLimits).verdict == SearchResult::Verdict::kViolated;
  }

  // The loosened changes that can make a difference to what is kept: those that lead to a state that it observed.
  // Of those that had ended before any of it began, each does the same, unless some depend on others: the last few
  // are enough.
  std::vector<uint32_t> helpers_of(const std::vector<uint32_t>& kept) const {
    const std::set<uint32_t> is_kept(kept.begin(), kept.end());
    int64_t begin = history::kNever;
    std::vector<Value> wanted;
    bool other_values = false;
    for (const uint32_t place : kept) {
      const KeyOperation& op = operations_[place];
      begin = std::min(begin, op.invoked);
      if (op.kind == Kind::kGet || op.kind == Kind::kCompareAndSet) wanted.push_back(op.result);
      other_values |= op.outcome == Outcome::kFail;  // it observed another value than one
    }
    std::set<uint32_t> helpers;
    const auto add_writers = [&](const std::vector<uint32_t>& writers) {
      size_t spare = appended_to_ || compared_ ? SIZE_MAX : kSpare;
      for (const uint32_t place : std::views::reverse(writers)) {
        if (is_kept.contains(place)) continue;
        if (operations_[place].completed < begin) {
          if (spare == 0) continue;
          --spare;
        }
        helpers.insert(place);
        if (operations_[place].kind == Kind::kCompareAndSet)
          wanted.push_back(operations_[place].result);
      }
    };
    if (appended_to_ || other_values)
      for (const auto& [value, writers] : writers_) add_writers(writers);
    std::set<Value> seen;
    while (!wanted.empty()) {
      const Value value = wanted.back();
      wanted.pop_back();
      if (!seen.insert(value).second) continue;
      if (const auto writers = writers_.find(value); writers != writers_.end())
        add_writers(writers->second);
    }
    // Of texts and lists, what is in nothing that was found had been cut off again before anybody looked, or never
    // happened: where nothing depends on what was there, the others explain the same without it.
    if (appended_to_ && !compared_ && !other_values) {
      std::erase_if(helpers, [&](uint32_t place) {
        return std::ranges::none_of(
            seen, [&](Value found) { return may_contain(found, operations_[place].argument); });
      });
    }
    return {helpers.begin(), helpers.end()};
  }

  bool may_contain(Value found, Value part) const {
    const auto is_text = [&](Value value) { return value.is_symbol() && !history_.is_list(value); };
    if (part.is_absent()) return true;  // it cuts off
    if (history_.is_list(found)) {
      const auto items = history_.items(found);
      if (!history_.is_list(part)) return std::ranges::find(items, part) != items.end();
      const auto parts = history_.items(part);
      return parts.empty() || std::ranges::find(items, parts[0]) != items.end();
    }
    if (!is_text(part)) return true;
    const std::string_view whole = is_text(found) ? history_.text(found) : std::string_view();
    return found.is_number() || whole.find(history_.text(part)) != std::string_view::npos;
  }

  const history::History& history_;
  std::vector<KeyOperation> operations_;
  bool appended_to_ = false,
       compared_ = false;  // what some changes lead to depends on what was there
  std::map<Value, std::vector<uint32_t>> writers_;
  uint64_t searches_ = 0;
};

}  // namespace

Core core_of(const history::History& history, std::span<const KeyOperation> operations,
             const Problem& problem, const SearchResult& violation) {
  CHECK(violation.verdict == SearchResult::Verdict::kViolated);
  std::vector<const Move*> ended;
  for (const Move& move : problem.moves)
    if (move.required && move.end <= violation.event) ended.push_back(&move);
  std::ranges::sort(ended, {}, &Move::end);
  std::vector<uint32_t> kept;
  for (const Move* move : ended) kept.push_back(move->operation);
  const Move& unexplained = problem.moves[problem.events[violation.event].move];
  const int64_t until = operations[unexplained.operation].completed;
  Core core = Reducer(history, operations, until).reduce(std::move(kept));
  core.until = until;
  std::ranges::sort(core.operations, [&](uint32_t a, uint32_t b) {
    return std::tuple(operations[a].invoked, operations[a].completed, a) <
           std::tuple(operations[b].invoked, operations[b].completed, b);
  });
  return core;
}

}  // namespace revenant::check
