#include "sim/history/untimed.h"

#include <set>

namespace revenant::history {

void UntimedTransactions::begin(int64_t session, uint32_t line, Outcome outcome) {
  transactions_.push_back({session, line, outcome, steps_.size()});
}

void UntimedTransactions::read(std::string_view key, std::optional<uint64_t> found) {
  steps_.push_back({Kind::kGet, history_.key(key), value(found.value_or(0)), 0});
}

void UntimedTransactions::write(std::string_view key, uint64_t written) {
  zero_was_written_ |= written == 0;
  steps_.push_back({Kind::kPut, history_.key(key), value(written), 0});
}

Value UntimedTransactions::value(uint64_t value) {
  return value < uint64_t{1} << 61 ? Value::number(static_cast<int64_t>(value))
                                   : history_.text(std::to_string(value));
}

Found UntimedTransactions::finish() && {
  const Value zero = Value::number(0);
  const Value initial = zero_was_written_ ? Value() : zero;
  std::set<uint32_t> written_zero;  // keys
  for (const Step& step : steps_)
    if (step.kind == Kind::kPut && step.value == zero) written_zero.insert(step.key);
  std::map<int64_t, uint32_t> sessions;
  std::map<int64_t, int64_t> next;  // by session: its time
  for (size_t i = 0; i < transactions_.size(); ++i) {
    const Transaction& transaction = transactions_[i];
    const size_t end =
        i + 1 < transactions_.size() ? transactions_[i + 1].steps_begin : steps_.size();
    Operation operation = {};
    operation.kind = Kind::kTransaction;
    operation.outcome = transaction.outcome;
    operation.line = transaction.line;
    operation.session =
        sessions.try_emplace(transaction.session, static_cast<uint32_t>(sessions.size()))
            .first->second;
    // Sessions are concurrent for ever: each transaction's interval overlaps all of other sessions.
    operation.invoked = next[transaction.session]++;
    operation.completed = kNever;
    operation.steps_begin = history_.step_count();
    for (size_t s = transaction.steps_begin; s < end; ++s) {
      Step step = steps_[s];
      if (step.kind == Kind::kGet && step.value == zero && !written_zero.contains(step.key))
        step.value = initial;
      history_.add_step(step);
    }
    operation.steps_end = history_.step_count();
    history_.add(operation);
  }
  Found found = {.history = std::move(history_)};
  found.initial = initial;
  return found;
}

}  // namespace revenant::history
