#include "sim/check/properties/linearizable.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/check.h"
#include "sim/check/certificate/linear.h"
#include "sim/check/linear/core.h"
#include "sim/check/linear/witness.h"

namespace revenant::check {

using history::KeyOperation;
using history::Kind;

namespace {

class KeyChecker {
 public:
  KeyChecker(const history::History& history, uint32_t key,
             std::span<const KeyOperation> operations, const CheckOptions& options,
             Verdict& verdict)
      : history_(history),
        key_(key),
        operations_(operations),
        options_(options),
        verdict_(verdict),
        appended_to_(std::ranges::any_of(
            operations, [](const KeyOperation& op) { return op.kind == Kind::kAppend; })) {}

  void check() {
    const Problem problem = make_problem(history_, operations_);
    for (const Move& move : problem.moves)
      verdict_.observations += observes(move.kind) || move.kind == MoveKind::kCas ? 1 : 0;
    const SearchResult found = search(problem, options_.limits);
    switch (found.verdict) {
      case SearchResult::Verdict::kHolds:
        holds(problem, found);
        break;
      case SearchResult::Verdict::kViolated:
        violated(problem, found);
        break;
      case SearchResult::Verdict::kUndecided:
        if (verdict_.undecided.empty())
          verdict_.undecided =
              fmt::format("{}: the limit of {} was hit", history_.key_name(key_), found.limit);
        break;
    }
  }

 private:
  void holds(const Problem& problem, const SearchResult& found) {
    if (!options_.explain) return;
    const auto right = verify_order(history_, operations_, order_of(problem, found.effects));
    CHECK(right.has_value(), "the order found for {} is wrong: {}", history_.key_name(key_),
          right.error().message);
    ++verdict_.verified;
  }

  void violated(const Problem& problem, const SearchResult& found) {
    Violation violation = {.key = key_, .operations = {}, .story = {}};
    if (options_.explain) {
      const Core core = core_of(history_, operations_, problem, found);
      for (const uint32_t place : core.operations)
        violation.operations.push_back(operations_[place].operation);
      violation.story = tell(core);
      const auto proof = verify_core(history_, operations_, {core.until, core.operations});
      CHECK(proof.has_value() || proof.error().code != ErrorCode::kInvalid,
            "the core found for {} is legal", history_.key_name(key_));
      violation.verified = proof.has_value();
      if (!proof) violation.unverified = proof.error().message;
    }
    verdict_.violations.push_back(std::move(violation));
  }

  std::string name(uint32_t place) const {
    return fmt::format("#{}", history_.operations()[operations_[place].operation].line);
  }

  // Which rule the operations break, where it is one that can be said in a sentence: something else had been
  // written, or found, before the read began, and after everything that wrote what it found.
  std::string tell(const Core& core) const {
    std::string story;
    for (const uint32_t place : core.operations) {
      const KeyOperation& read = operations_[place];
      if (!found_something(read) || appended_to_) continue;
      const std::string value = history_.print(read.result);
      const std::vector<uint32_t> writers = writers_of(read.result, read.completed);
      if (writers.empty() && read.result != history_.initial()) {
        story += fmt::format("{} found {}, which nobody had written by then. ", name(place), value);
        continue;
      }
      for (const uint32_t other : core.operations) {
        const KeyOperation& op = operations_[other];
        const bool found = op.kind == Kind::kGet;
        const history::Value there = found ? op.result : op.argument;
        const auto ended_before = [&](uint32_t writer) {
          return operations_[writer].outcome == history::Outcome::kOk &&
                 operations_[writer].completed < op.invoked;
        };
        if (op.outcome != history::Outcome::kOk || there == read.result ||
            op.completed >= read.invoked || !std::ranges::all_of(writers, ended_before))
          continue;
        story +=
            fmt::format("{} {} {}; {}, which began after that had ended, found {}, ", name(other),
                        found                      ? "found"
                        : op.kind == Kind::kDelete ? "deleted, to"
                                                   : "wrote",
                        history_.print(there), name(place), value);
        if (writers.empty()) {
          story += "as before any write. ";
        } else {
          const uint32_t last = *std::ranges::max_element(
              writers, {}, [&](uint32_t writer) { return operations_[writer].completed; });
          story += fmt::format(
              "though {} that {} had ended before {} began ({}). ",
              writers.size() == 1 ? "the one operation"
                                  : fmt::format("each of the {} operations", writers.size()),
              read.result.is_absent() ? "deleted it" : "wrote that", name(other),
              writers.size() == 1 ? name(last) : fmt::format("{} was the last", name(last)));
        }
      }
    }
    if (story.empty())
      story =
          "No order explains these, wherever in its time each other write happened, if it did. ";
    story.pop_back();
    return story;
  }

  static bool found_something(const KeyOperation& op) {
    return op.outcome == history::Outcome::kOk &&
           (op.kind == Kind::kGet || op.kind == Kind::kCompareAndSet);
  }
  // Those that may have written it by then.
  std::vector<uint32_t> writers_of(history::Value value, int64_t until) const {
    std::vector<uint32_t> writers;
    for (uint32_t place = 0; place < operations_.size(); ++place) {
      const KeyOperation& op = operations_[place];
      if (history::is_write(op.kind) && op.outcome != history::Outcome::kFail &&
          op.argument == value && op.invoked <= until)
        writers.push_back(place);
    }
    return writers;
  }

  const history::History& history_;
  uint32_t key_;
  std::span<const KeyOperation> operations_;
  const CheckOptions& options_;
  Verdict& verdict_;
  bool appended_to_;
};

}  // namespace

Verdict check_linearizable(const history::History& history, const CheckOptions& options) {
  Verdict verdict = {.property = "linearizable"};
  const auto keys = history::by_key(history);
  for (uint32_t key = 0; key < keys.size(); ++key)
    if (!keys[key].empty()) KeyChecker(history, key, keys[key], options, verdict).check();
  verdict.outcome = !verdict.violations.empty()  ? Outcome::kViolated
                    : !verdict.undecided.empty() ? Outcome::kUndecided
                    : verdict.observations == 0  ? Outcome::kVacuous
                                                 : Outcome::kHolds;
  return verdict;
}

}  // namespace revenant::check
