#include "sim/report/writers.h"

#include <algorithm>

namespace revenant::report {

Writers::Writers(const history::History& history, const std::vector<check::Verdict>& verdicts) {
  std::vector<bool> wanted(history.key_count());
  for (const check::Verdict& verdict : verdicts)
    for (const check::Violation& violation : verdict.violations)
      if (violation.key) wanted[*violation.key] = true;
  for (uint32_t place = 0; place < history.operations().size(); ++place) {
    const history::Operation& op = history.operations()[place];
    if (history::is_write(op.kind) && op.outcome != history::Outcome::kFail && wanted[op.key])
      writes_.push_back({op.key, op.argument, place});
  }
  std::ranges::sort(writes_);
}

std::optional<uint32_t> Writers::of(uint32_t key, history::Value value) const {
  const auto first = std::ranges::lower_bound(writes_, Write{key, value, 0});
  const auto same = [&](auto write) {
    return write != writes_.end() && write->key == key && write->value == value;
  };
  if (!same(first) || same(std::next(first))) return std::nullopt;
  return first->place;
}

}  // namespace revenant::report
