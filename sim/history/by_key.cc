#include "sim/history/by_key.h"

namespace revenant::history {

std::vector<std::vector<KeyOperation>> by_key(const History& history) {
  std::vector<uint32_t> count(history.key_count());
  for (const Operation& op : history.operations())
    if (op.kind != Kind::kTransaction && op.kind != Kind::kScan) ++count[op.key];
  std::vector<std::vector<KeyOperation>> keys(history.key_count());
  for (size_t key = 0; key < keys.size(); ++key) keys[key].reserve(count[key]);
  for (uint32_t i = 0; i < history.operations().size(); ++i) {
    const Operation& op = history.operations()[i];
    if (op.kind == Kind::kTransaction) continue;
    if (op.kind != Kind::kScan) {
      if (history.is_added_to(op.key)) continue;
      keys[op.key].push_back(
          {op.kind, op.outcome, op.invoked, op.completed, op.argument, op.result, i, op.version});
      continue;
    }
    if (op.outcome != Outcome::kOk) continue;
    for (const Step& step : history.steps(op))
      if (!history.is_added_to(step.key))
        keys[step.key].push_back(
            {Kind::kGet, Outcome::kOk, op.invoked, op.completed, {}, step.value, i, step.version});
  }
  return keys;
}

}  // namespace revenant::history
