#include "sim/check/certificate/linear.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <tuple>

namespace revenant::check {

using history::KeyOperation;
using history::Kind;
using history::Outcome;
using history::Value;

namespace {

constexpr size_t kTriedMax = 2'000'000;

// What a key holds: a value's bits, or, on keys that are appended to, its items or characters.
using Held = std::vector<uint64_t>;

class Register {
 public:
  Register(const history::History& history, std::span<const KeyOperation> operations)
      : history_(history), appended_to_(std::ranges::any_of(operations, [](const KeyOperation& op) {
          return op.kind == Kind::kAppend;
        })) {}

  Held held(Value value) const {
    if (!appended_to_) return {value.bits()};
    if (value.is_absent()) return {};
    if (value.is_number()) return {value.bits()};
    Held held;
    if (history_.is_list(value)) {
      for (const Value item : history_.items(value)) held.push_back(item.bits());
    } else {
      for (const char c : history_.text(value)) held.push_back(static_cast<unsigned char>(c));
    }
    return held;
  }

  // What is held after it; nothing if it cannot happen here.
  std::optional<Held> after(const KeyOperation& op, Held now) const {
    switch (op.kind) {
      case Kind::kGet:
        if (held(op.result) != now) return std::nullopt;
        return now;
      case Kind::kCompareAndSet:
        if ((held(op.result) == now) == (op.outcome == Outcome::kFail)) return std::nullopt;
        return op.outcome == Outcome::kFail ? now : held(op.argument);
      case Kind::kAppend: {
        const Held more = held(op.argument);
        now.insert(now.end(), more.begin(), more.end());
        return now;
      }
      default:
        return held(op.argument);
    }
  }

  bool appended_to() const { return appended_to_; }

 private:
  const history::History& history_;
  bool appended_to_;
};

bool says_nothing(const KeyOperation& op) {
  if (op.kind == Kind::kGet) return op.outcome != Outcome::kOk;
  return op.outcome == Outcome::kFail && op.kind != Kind::kCompareAndSet;
}

bool must_happen(const KeyOperation& op) {
  return op.outcome == Outcome::kOk ||
         (op.kind == Kind::kCompareAndSet && op.outcome == Outcome::kFail);
}

}  // namespace

Result<void> verify_order(const history::History& history, std::span<const KeyOperation> operations,
                          const Order& order) {
  const Register key(history, operations);
  std::vector<bool> happened(operations.size());
  Held now = key.held(history.initial());
  int64_t begun = std::numeric_limits<int64_t>::min();  // the latest beginning of those so far
  for (const uint32_t place : order) {
    const KeyOperation& op = operations[place];
    if (happened[place]) return error(ErrorCode::kInvalid, "operation {} happens twice", place);
    if (says_nothing(op)) return error(ErrorCode::kInvalid, "operation {} did not happen", place);
    happened[place] = true;
    if (must_happen(op) && op.completed < begun)
      return error(ErrorCode::kInvalid, "operation {} ended before one that it follows", place);
    begun = std::max(begun, op.invoked);
    std::optional<Held> next = key.after(op, std::move(now));
    if (!next) return error(ErrorCode::kInvalid, "operation {} had another result", place);
    now = std::move(*next);
  }
  for (uint32_t place = 0; place < operations.size(); ++place)
    if (must_happen(operations[place]) && !says_nothing(operations[place]) && !happened[place])
      return error(ErrorCode::kInvalid, "operation {} is not in the order", place);
  return {};
}

namespace {

class EveryOrder {
 public:
  EveryOrder(const history::History& history, std::span<const KeyOperation> operations,
             const LinearCore& core)
      : key_(history, operations) {
    for (uint32_t place = 0; place < operations.size(); ++place) {
      KeyOperation op = operations[place];
      if (op.invoked > core.until) continue;
      if (op.completed > core.until && op.outcome == Outcome::kFail) continue;
      if (op.completed > core.until || op.outcome == Outcome::kUnknown) {
        op.outcome = Outcome::kUnknown;
        op.completed = history::kNever;
      }
      const bool in_core = std::ranges::find(core.operations, place) != core.operations.end();
      if (!in_core && (op.kind == Kind::kGet || op.outcome == Outcome::kFail)) continue;
      (in_core ? core_ : free_).push_back(op);
      if (op.kind != Kind::kGet && op.kind != Kind::kCompareAndSet) continue;
      observed_.push_back(key_.held(op.result));
      observes_otherness_ |= op.outcome == Outcome::kFail;
    }
    used_.resize(free_.size());
  }

  // Whether some order explains the rest: `now` is held, and what ended before `begun` can happen no more. Nothing
  // if there are too many to try.
  std::optional<bool> explain(const Held& now, int64_t begun) {
    if (done_ == (uint64_t{1} << core_.size()) - 1) return true;
    for (size_t i = 0; i < core_.size(); ++i)
      if (!(done_ >> i & 1) && core_[i].completed < begun) return false;
    if (!tried_.emplace(done_, used_, begun, now).second) return false;
    if (tried_.size() > kTriedMax) return std::nullopt;
    for (size_t i = 0; i < core_.size(); ++i) {
      if (done_ >> i & 1) continue;
      const auto next = key_.after(core_[i], now);
      if (!next) continue;
      done_ |= uint64_t{1} << i;
      const auto explained = explain(*next, std::max(begun, core_[i].invoked));
      done_ &= ~(uint64_t{1} << i);
      if (explained != false) return explained;
    }
    for (size_t i = 0; i < free_.size(); ++i) {
      if (used_[i] || free_[i].completed < begun || better_unused(i, begun)) continue;
      const auto next = key_.after(free_[i], now);
      if (!next || *next == now || !may_be_observed(*next)) continue;
      used_[i] = true;
      const auto explained = explain(*next, std::max(begun, free_[i].invoked));
      used_[i] = false;
      if (explained != false) return explained;
    }
    return false;
  }

 private:
  // Whether another does the same, can happen no later, and lets as much happen after it.
  bool better_unused(size_t place, int64_t begun) const {
    const KeyOperation& op = free_[place];
    for (size_t i = 0; i < free_.size(); ++i) {
      const KeyOperation& other = free_[i];
      if (i == place || used_[i] || other.completed < begun || other.kind != op.kind ||
          other.argument != op.argument || other.result != op.result ||
          other.invoked > op.invoked || other.completed > op.completed)
        continue;
      const bool same = other.invoked == op.invoked && other.completed == op.completed;
      if (!same || i < place) return true;
    }
    return false;
  }

  // A free write that leads to what nobody observes may as well not have happened.
  bool may_be_observed(const Held& held) const {
    if (observes_otherness_) return true;
    return std::ranges::any_of(observed_, [&](const Held& observed) {
      return key_.appended_to() ? held.size() <= observed.size() &&
                                      std::equal(held.begin(), held.end(), observed.begin())
                                : held == observed;
    });
  }

  Register key_;
  std::vector<KeyOperation> core_, free_;
  std::vector<Held> observed_;
  bool observes_otherness_ = false;
  uint64_t done_ = 0;       // of core_
  std::vector<bool> used_;  // of free_
  std::set<std::tuple<uint64_t, std::vector<bool>, int64_t, Held>> tried_;
};

}  // namespace

Result<void> verify_core(const history::History& history, std::span<const KeyOperation> operations,
                         const LinearCore& core) {
  if (core.operations.size() > 60)
    return error(ErrorCode::kNoSpace, "{} operations are too many", core.operations.size());
  for (const uint32_t place : core.operations)
    if (says_nothing(operations[place]) || !must_happen(operations[place]) ||
        operations[place].completed > core.until)
      return error(ErrorCode::kInvalid, "operation {} says nothing", place);
  EveryOrder every(history, operations, core);
  const auto explained =
      every.explain(Register(history, operations).held(history.initial()), INT64_MIN);
  if (!explained) return error(ErrorCode::kNoSpace, "there are too many orders of them");
  if (*explained) return error(ErrorCode::kInvalid, "an order explains them");
  return {};
}

}  // namespace revenant::check
