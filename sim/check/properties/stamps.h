// What stamp a read saw, where the source knows stamps.
#pragma once

#include <algorithm>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "sim/history/by_key.h"

namespace revenant::check {

// Of one key. The stamp of a write is its own; of a read, what it returned had it. A read that found nothing may
// have seen any delete that had begun when it ended, for the tombstone may have been purged: so its stamp lies
// between two.
class Stamps {
 public:
  explicit Stamps(std::span<const history::KeyOperation> operations) : operations_(operations) {
    for (const history::KeyOperation& op : operations) {
      if (op.kind != history::Kind::kDelete || op.outcome == history::Outcome::kFail) continue;
      // Nobody knows the stamp that a coordinator gave if it did not answer.
      const bool known = op.version != 0;
      deletes_.emplace_back(op.invoked, known ? op.version : std::numeric_limits<uint64_t>::max());
    }
    std::ranges::sort(deletes_);
    for (size_t i = 1; i < deletes_.size(); ++i)
      deletes_[i].second = std::max(deletes_[i].second, deletes_[i - 1].second);
  }

  uint64_t at_least(uint32_t place) const { return operations_[place].version; }
  uint64_t at_most(uint32_t place) const {
    const history::KeyOperation& op = operations_[place];
    if (op.kind != history::Kind::kGet || !op.result.is_absent()) return op.version;
    const auto begun = std::ranges::partition_point(
        deletes_, [&](const auto& deleted) { return deleted.first <= op.completed; });
    return begun == deletes_.begin() ? op.version : std::max(op.version, std::prev(begun)->second);
  }

 private:
  std::span<const history::KeyOperation> operations_;
  // When each began, and the greatest stamp up to it.
  std::vector<std::pair<int64_t, uint64_t>> deletes_;
};

}  // namespace revenant::check
