#include "sim/check/certificate/session.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <optional>

namespace revenant::check {

using history::KeyOperation;
using history::Kind;

namespace {

constexpr size_t kVersionsMax = 9;  // 362,880 orders

// Where the version of an operation lies in the order: between these; nothing, if it says nothing.
struct Bounds {
  uint64_t low, high;
};
using Ranks = std::vector<std::optional<Bounds>>;  // of each operation

bool is_read(const KeyOperation& op) { return op.kind == Kind::kGet; }
bool has_succeeded(const KeyOperation& op) { return op.outcome == history::Outcome::kOk; }

bool has_stamps(std::span<const KeyOperation> operations) {
  return std::ranges::all_of(operations, [](const KeyOperation& op) {
    return !has_succeeded(op) || is_read(op) || op.version != 0;
  });
}

// Of `some` of the operations.
Ranks ranks_by_stamps(std::span<const KeyOperation> operations,
                      std::span<const KeyOperation> some) {
  // When each delete began, and the greatest stamp up to it; that of one that nobody knows is the greatest of all.
  std::map<int64_t, uint64_t> deleted;
  for (const KeyOperation& op : operations) {
    if (op.kind != Kind::kDelete || op.outcome == history::Outcome::kFail) continue;
    uint64_t& stamp = deleted[op.invoked];
    stamp = std::max(stamp, op.version != 0 ? op.version : std::numeric_limits<uint64_t>::max());
  }
  uint64_t greatest = 0;
  for (auto& [begun, stamp] : deleted) stamp = greatest = std::max(greatest, stamp);
  Ranks ranks;
  for (const KeyOperation& op : some) {
    std::optional<Bounds>& rank = ranks.emplace_back();
    if (!has_succeeded(op)) continue;
    rank = Bounds{op.version, op.version};
    if (!is_read(op) || !op.result.is_absent()) continue;
    // Any delete's that had begun, for its tombstone may have been purged.
    const auto after = deleted.upper_bound(op.completed);
    if (after != deleted.begin()) rank->high = std::max(rank->high, std::prev(after)->second);
  }
  return ranks;
}

constexpr uint32_t kInitial = ~uint32_t{0};

// The write whose version this operation made or read; none if that cannot be told.
std::optional<uint32_t> version_of(const history::History& history,
                                   std::span<const KeyOperation> operations, uint32_t place) {
  const KeyOperation& op = operations[place];
  if (!has_succeeded(op)) return std::nullopt;
  if (!is_read(op)) return place;
  std::optional<uint32_t> writer;
  for (uint32_t other = 0; other < operations.size(); ++other) {
    const KeyOperation& write = operations[other];
    if (is_read(write) || write.outcome == history::Outcome::kFail || write.argument != op.result)
      continue;
    if (writer || op.result == history.initial()) return std::nullopt;
    writer = other;
  }
  if (!writer && op.result == history.initial()) return kInitial;
  return writer;
}

// The first operation whose session should have had a newer version.
std::optional<size_t> first_wrong(const history::History& history,
                                  std::span<const KeyOperation> operations, Guarantee guarantee,
                                  const Ranks& ranks) {
  std::map<uint32_t, std::vector<size_t>> sessions;
  for (size_t place = 0; place < operations.size(); ++place) {
    const uint32_t session = history.operations()[operations[place].operation].session;
    if (ranks[place] && session != history::kNoSession) sessions[session].push_back(place);
  }
  for (auto& [session, by_begin] : sessions) {
    std::vector<size_t> by_end = by_begin;
    std::ranges::stable_sort(by_begin, {}, [&](size_t place) { return operations[place].invoked; });
    std::ranges::stable_sort(by_end, {}, [&](size_t place) { return operations[place].completed; });
    auto ended = by_end.begin();
    uint64_t read = 0, written = 0;  // the newest by then
    for (const size_t place : by_begin) {
      const KeyOperation& op = operations[place];
      for (; ended != by_end.end() && operations[*ended].completed <= op.invoked; ++ended) {
        uint64_t& newest = is_read(operations[*ended]) ? read : written;
        if (*ended != place) newest = std::max(newest, ranks[*ended]->low);
      }
      uint64_t needed = 0;
      if (is_read(op)) {
        needed = guarantee == Guarantee::kReadYourWrites ? written : read;
      } else if (guarantee == Guarantee::kMonotonicWrites) {
        needed = written;
      } else if (guarantee == Guarantee::kWritesFollowReads) {
        needed = read;
      }
      if (ranks[place]->high < needed) return place;
    }
  }
  return std::nullopt;
}

}  // namespace

Result<void> verify_versions(const history::History& history,
                             std::span<const KeyOperation> operations, Guarantee guarantee,
                             std::span<const uint32_t> order) {
  Ranks ranks;
  if (has_stamps(operations)) {
    ranks = ranks_by_stamps(operations, operations);
  } else {
    std::vector<uint64_t> rank_of_write(operations.size());
    for (size_t i = 0; i < order.size(); ++i) {
      if (rank_of_write[order[i]] != 0)
        return error(ErrorCode::kInvalid, "{} stands twice in the order", order[i]);
      rank_of_write[order[i]] = i + 1;
    }
    std::vector<std::pair<history::Value, uint32_t>> writes;
    for (uint32_t place = 0; place < operations.size(); ++place) {
      const KeyOperation& op = operations[place];
      if (!is_read(op) && op.outcome != history::Outcome::kFail)
        writes.emplace_back(op.argument, place);
    }
    std::ranges::sort(writes);
    ranks.resize(operations.size());
    for (uint32_t place = 0; place < operations.size(); ++place) {
      const KeyOperation& op = operations[place];
      if (!has_succeeded(op)) continue;
      uint32_t write = place;
      if (is_read(op)) {
        const auto of_it = std::ranges::equal_range(writes, op.result, {},
                                                    &std::pair<history::Value, uint32_t>::first);
        const bool initial = op.result == history.initial();
        if (initial && of_it.empty()) ranks[place] = Bounds{0, 0};
        if (initial || of_it.size() != 1) continue;
        write = of_it.front().second;
      }
      if (rank_of_write[write] == 0)
        return error(ErrorCode::kInvalid, "#{} is not in the order",
                     history.operations()[operations[write].operation].line);
      ranks[place] = Bounds{rank_of_write[write], rank_of_write[write]};
    }
  }
  const auto wrong = first_wrong(history, operations, guarantee, ranks);
  if (!wrong) return {};
  return error(ErrorCode::kInvalid, "#{} is older than what its session had seen or written",
               history.operations()[operations[*wrong].operation].line);
}

Result<void> verify_session_core(const history::History& history,
                                 std::span<const KeyOperation> operations, Guarantee guarantee,
                                 std::span<const uint32_t> core) {
  std::vector<KeyOperation> alone;
  for (const uint32_t place : core) alone.push_back(operations[place]);
  if (has_stamps(operations)) {
    if (first_wrong(history, alone, guarantee, ranks_by_stamps(operations, alone))) return {};
    return error(ErrorCode::kInvalid, "the versions explain them");
  }
  std::vector<std::optional<uint32_t>> made;  // the version of each
  std::vector<uint32_t> order;
  for (const uint32_t place : core) {
    made.push_back(version_of(history, operations, place));
    if (made.back() && made.back() != kInitial) order.push_back(*made.back());
  }
  std::ranges::sort(order);
  order.erase(std::ranges::unique(order).begin(), order.end());
  if (order.size() > kVersionsMax)
    return error(ErrorCode::kNoSpace, "{} versions are too many to try every order", order.size());
  do {
    Ranks ranks;
    for (const std::optional<uint32_t>& version : made) {
      std::optional<Bounds>& rank = ranks.emplace_back();
      if (!version) continue;
      const auto at = static_cast<uint64_t>(std::ranges::find(order, *version) - order.begin());
      rank = *version == kInitial ? Bounds{0, 0} : Bounds{at + 1, at + 1};
    }
    if (!first_wrong(history, alone, guarantee, ranks))
      return error(ErrorCode::kInvalid, "an order of versions explains them");
  } while (std::ranges::next_permutation(order).found);
  return {};
}

}  // namespace revenant::check
