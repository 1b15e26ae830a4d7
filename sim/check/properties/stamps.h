// What stamp a read saw, where the source knows stamps.
#pragma once

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "sim/history/by_key.h"

namespace revenant::check {

// Of one key.
class Stamps {
 public:
  Stamps(const history::History& history, std::span<const history::KeyOperation> operations)
      : history_(history), operations_(operations) {
    for (const history::KeyOperation& op : operations)
      if (op.kind == history::Kind::kDelete && op.outcome != history::Outcome::kFail)
        deletes_.emplace_back(op.invoked, history.operations()[op.operation].version);
    std::ranges::sort(deletes_);
    for (size_t i = 1; i < deletes_.size(); ++i)
      deletes_[i].second = std::max(deletes_[i].second, deletes_[i - 1].second);
  }

  // Of a write, or of what a read returned. A read that found nothing may have seen any delete that had begun
  // when it ended: its tombstone may have been purged.
  uint64_t of(uint32_t place) const {
    const history::KeyOperation& op = operations_[place];
    const uint64_t stamp = history_.operations()[op.operation].version;
    if (op.kind != history::Kind::kGet || !op.result.is_absent()) return stamp;
    const auto begun = std::ranges::partition_point(
        deletes_, [&](const auto& deleted) { return deleted.first <= op.completed; });
    return begun == deletes_.begin() ? stamp : std::max(stamp, std::prev(begun)->second);
  }

 private:
  const history::History& history_;
  std::span<const history::KeyOperation> operations_;
  std::vector<std::pair<int64_t, uint64_t>>
      deletes_;  // when each began, and the greatest stamp up to it
};

}  // namespace revenant::check
