#include "sim/check/linear/problem.h"

#include <algorithm>

#include "engine/base/check.h"
#include "sim/check/linear/content.h"

namespace revenant::check {

using history::KeyOperation;
using history::Kind;
using history::Outcome;

namespace {

class ProblemMaker {
 public:
  ProblemMaker(const history::History& history, std::span<const KeyOperation> operations,
               size_t optional_from)
      : history_(history), operations_(operations), optional_from_(optional_from) {}

  Problem make() {
    for (const KeyOperation& op : operations_) {
      appended_to_ |= op.kind == Kind::kAppend;
      with_unknown_ |= op.outcome == Outcome::kUnknown && history::is_write(op.kind);
    }
    problem_.initial = state_of(history_.initial());
    problem_.moves.reserve(operations_.size());
    problem_.events.reserve(2 * operations_.size());
    for (uint32_t i = 0; i < operations_.size(); ++i) add(i);
    order_events();
    if (appended_to_ || with_unknown_ || optional_from_ < operations_.size()) note_observations();
    return std::move(problem_);
  }

 private:
  State state_of(history::Value value) const {
    return appended_to_ ? content::of(history_, value).state : value.bits();
  }

  void add(uint32_t place) {
    const KeyOperation& op = operations_[place];
    Move move = {.argument = state_of(op.argument),
                 .expected = 0,
                 .operation = place,
                 .begin = 0,
                 .end = kNoEvent,
                 .kind = MoveKind::kWrite,
                 .required = op.outcome == Outcome::kOk};
    switch (op.kind) {
      case Kind::kGet:
        if (op.outcome != Outcome::kOk) return;
        move.kind = MoveKind::kRead;
        move.argument = state_of(op.result);
        break;
      case Kind::kPut:
      case Kind::kDelete:
        break;
      case Kind::kAppend:
        move.kind = MoveKind::kAppend;
        move.expected = content::of(history_, op.argument).factor;
        break;
      case Kind::kCompareAndSet:
        move.kind = MoveKind::kCas;
        move.expected = state_of(op.result);
        if (op.outcome == Outcome::kFail) {
          move.kind = MoveKind::kReadNot;
          move.argument = move.expected;
          move.required = true;
        }
        break;
      case Kind::kAdd:
      case Kind::kScan:
      case Kind::kTransaction:
        CHECK(false, "not of one key");
    }
    if (op.outcome == Outcome::kFail && move.kind != MoveKind::kReadNot) return;
    const auto index = static_cast<uint32_t>(problem_.moves.size());
    problem_.moves.push_back(move);
    problem_.events.push_back({index, false});
    if (op.outcome != Outcome::kUnknown) problem_.events.push_back({index, true});
    problem_.moves.back().required &= place < optional_from_;
  }

  int64_t time_of(const Event& event) const {
    const KeyOperation& op = operations_[problem_.moves[event.move].operation];
    return event.ends ? op.completed : op.invoked;
  }

  void order_events() {
    std::ranges::stable_sort(problem_.events, [&](const Event& a, const Event& b) {
      const int64_t a_at = time_of(a), b_at = time_of(b);
      return a_at != b_at ? a_at < b_at : a.ends < b.ends;
    });
    for (uint32_t event = 0; event < problem_.events.size(); ++event) {
      Move& move = problem_.moves[problem_.events[event].move];
      (problem_.events[event].ends ? move.end : move.begin) = event;
    }
  }

  void note_observations() {
    const auto note = [&](State state, uint32_t until) {
      uint32_t& known = problem_.observed_until[state];
      known = std::max(known, until);
    };
    for (const Move& move : problem_.moves) {
      if (!observes(move.kind) && move.kind != MoveKind::kCas) continue;
      const State state = move.kind == MoveKind::kCas ? move.expected : move.argument;
      if (!appended_to_) {
        note(state, move.end);
        continue;
      }
      const history::Value observed = operations_[move.operation].result;
      for (const State prefix : content::prefixes(history_, observed)) note(prefix, move.end);
    }
  }

  const history::History& history_;
  std::span<const KeyOperation> operations_;
  size_t optional_from_;
  Problem problem_;
  bool appended_to_ = false, with_unknown_ = false;
};

}  // namespace

Problem make_problem(const history::History& history, std::span<const KeyOperation> operations,
                     size_t optional_from) {
  return ProblemMaker(history, operations, optional_from).make();
}

}  // namespace revenant::check
