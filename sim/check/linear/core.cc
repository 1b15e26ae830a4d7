#include "sim/check/linear/core.h"

#include <algorithm>
#include <limits>
#include <map>
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

// Of the changes that lead to one value, so many can make a difference to a small core.
constexpr size_t kSpare = 32;

class Reducer {
 public:
  // Of what was known `until` then.
  Reducer(const history::History& history, std::span<const KeyOperation> operations, int64_t until)
      : history_(history), operations_(operations.begin(), operations.end()) {
    for (uint32_t place = 0; place < operations_.size(); ++place) {
      KeyOperation& op = operations_[place];
      if (op.completed > until && op.outcome == Outcome::kOk) op.outcome = Outcome::kUnknown;
      if (!history::is_write(op.kind) || op.outcome == Outcome::kFail || op.invoked > until)
        continue;
      appended_to_ |= op.kind == Kind::kAppend;
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
    for (const uint32_t place : helpers_of(kept)) {
      KeyOperation loose = operations_[place];
      loose.outcome = Outcome::kUnknown;
      loose.invoked = std::numeric_limits<int64_t>::min();
      reduced.push_back(loose);
    }
    const Problem problem = make_problem(history_, reduced);
    return search(problem, kLimits).verdict == SearchResult::Verdict::kViolated;
  }

  // The loosened changes that can make a difference to what is kept.
  std::vector<uint32_t> helpers_of(const std::vector<uint32_t>& kept) const {
    const std::set<uint32_t> is_kept(kept.begin(), kept.end());
    std::set<uint32_t> helpers;
    std::vector<Value> wanted;
    size_t unlike = 0;  // for those that observed another value than one
    for (const uint32_t place : kept) {
      const KeyOperation& op = operations_[place];
      if (op.kind == Kind::kGet || op.kind == Kind::kCompareAndSet) wanted.push_back(op.result);
      if (op.outcome == Outcome::kFail) unlike = std::max<size_t>(kSpare, kept.size());
    }
    if (appended_to_) {
      for (const auto& [value, places] : writers_) helpers.insert(places.begin(), places.end());
    } else {
      std::set<Value> seen;
      while (!wanted.empty()) {
        const Value value = wanted.back();
        wanted.pop_back();
        const auto writers = writers_.find(value);
        if (!seen.insert(value).second || writers == writers_.end()) continue;
        // More than there are observations of it nobody needs.
        size_t spare = std::max<size_t>(kSpare, kept.size());
        for (const uint32_t place : writers->second) {
          if (is_kept.contains(place)) continue;
          if (spare-- == 0) break;
          helpers.insert(place);
          if (operations_[place].kind == Kind::kCompareAndSet)
            wanted.push_back(operations_[place].result);
        }
      }
      // For those that observed another value than one: any other value, if need be by compare-and-set.
      for (const bool conditional : {false, true}) {
        if (unlike == 0) break;
        for (const auto& [value, places] : writers_) {
          for (const uint32_t place : places) {
            const bool is_conditional = operations_[place].kind == Kind::kCompareAndSet;
            if (is_conditional != conditional || (unlike == 0 && !conditional)) continue;
            if (helpers.insert(place).second && unlike > 0) --unlike;
          }
        }
      }
    }
    std::vector<uint32_t> others;
    std::ranges::set_difference(helpers, is_kept, std::back_inserter(others));
    return others;
  }

  const history::History& history_;
  std::vector<KeyOperation> operations_;
  bool appended_to_ = false;
  std::map<Value, std::vector<uint32_t>> writers_;
  uint64_t searches_ = 0;
};

}  // namespace

Core core_of(const history::History& history, std::span<const KeyOperation> operations,
             const Problem& problem, const SearchResult& violation) {
  CHECK(violation.verdict == SearchResult::Verdict::kViolated);
  // What had ended, and changes under way: that they did not happen before they began may count too.
  std::vector<const Move*> concerned;
  for (const Move& move : problem.moves)
    if (move.end <= violation.event || (move.begin < violation.event && !observes(move.kind)))
      concerned.push_back(&move);
  std::ranges::stable_sort(concerned, {}, &Move::end);
  std::vector<uint32_t> kept;
  for (const Move* move : concerned) kept.push_back(move->operation);
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
