#include "sim/check/properties/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <numeric>
#include <queue>
#include <set>

#include "engine/base/check.h"
#include "sim/check/certificate/session.h"
#include "sim/check/properties/stamps.h"

namespace revenant::check {

using history::KeyOperation;
using history::Kind;
using history::Operation;

namespace {

// A version of a key: the place of the write that made it, or kInitial.
using VersionId = uint32_t;
constexpr VersionId kInitial = ~uint32_t{0};
// From here on: what is later than some of a session's writes, and nobody's version.
constexpr VersionId kFirstNode = uint32_t{1} << 31;
constexpr bool is_node(VersionId version) { return version >= kFirstNode && version != kInitial; }

// `later` must be later than `earlier`, for the operations (places) `before` and `after` of a session say so.
struct Demand {
  VersionId earlier, later;
  uint32_t before, after;
  bool own;  // the guarantee's own; otherwise one of monotonic reads
};

class KeySessions {
 public:
  KeySessions(const history::History& history, uint32_t key,
              std::span<const KeyOperation> operations, Guarantee guarantee, Verdict& verdict)
      : history_(history),
        key_(key),
        operations_(operations),
        guarantee_(guarantee),
        stamps_(operations),
        verdict_(verdict) {}

  void check() {
    for (uint32_t place = 0; place < operations_.size(); ++place) {
      const KeyOperation& op = operations_[place];
      if (op.kind == Kind::kAppend || op.kind == Kind::kCompareAndSet) return;
      if (op.kind == Kind::kDelete) deleted_ = true;
      if (history::is_write(op.kind) && op.outcome != history::Outcome::kFail)
        writers_.emplace_back(op.argument, place);
      if (original(place).session != history::kNoSession)
        sessions_[original(place).session].push_back(place);
      if (op.outcome == history::Outcome::kOk)
        with_versions_ &= op.version != 0 || op.kind == Kind::kGet;
    }
    std::ranges::sort(writers_);
    for (auto& [session, places] : sessions_) {
      std::ranges::stable_sort(places, {}, [&](uint32_t p) { return operations_[p].invoked; });
      collect(places);
    }
    verdict_.observations += own_;
    if (with_versions_) {
      compare_stamps();
    } else {
      find_cycle();
    }
    if (own_ > 0 && !violated_) verify_order();
  }

 private:
  const Operation& original(uint32_t place) const {
    return history_.operations()[operations_[place].operation];
  }

  // The write whose version a read returned; nothing if that cannot be told.
  std::optional<VersionId> read_version(uint32_t place) const {
    const KeyOperation& op = operations_[place];
    const auto writers = std::ranges::equal_range(writers_, op.result, {},
                                                  &std::pair<history::Value, uint32_t>::first);
    if (op.result == history_.initial()) {
      if (deleted_ && op.result.is_absent()) return std::nullopt;
      return writers.empty() ? std::optional(kInitial) : std::nullopt;
    }
    if (writers.size() != 1) return std::nullopt;
    return writers.front().second;
  }

  // What one session demands. An operation comes after those of its session that had ended when it began; a session
  // may have several under way.
  void collect(const std::vector<uint32_t>& places) {
    Past past;
    const auto ends_later = [&](uint32_t a, uint32_t b) {
      return operations_[a].completed > operations_[b].completed;
    };
    std::priority_queue<uint32_t, std::vector<uint32_t>, decltype(ends_later)> running(ends_later);
    for (const uint32_t place : places) {
      const KeyOperation& op = operations_[place];
      if (op.outcome != history::Outcome::kOk) continue;
      const bool is_read = op.kind == Kind::kGet;
      if (is_read && !with_versions_ && !read_version(place)) continue;
      for (; !running.empty() && operations_[running.top()].completed <= op.invoked; running.pop())
        remember(running.top(), past);
      running.push(place);
      const bool of_reads =
          guarantee_ == Guarantee::kReadYourWrites || guarantee_ == Guarantee::kMonotonicReads;
      const bool after_writes =
          guarantee_ == Guarantee::kReadYourWrites || guarantee_ == Guarantee::kMonotonicWrites;
      const std::vector<uint32_t>& earlier = after_writes ? past.writes : past.reads;
      if (is_read == of_reads) {
        own_ += earlier.empty() ? 0 : 1;
        if (guarantee_ == Guarantee::kReadYourWrites && !with_versions_) {
          demand_own_writes(place, past);
        } else {
          for (const uint32_t before : earlier) demand(version_of(before), before, place, true);
        }
      } else if (is_read) {
        for (const uint32_t before : past.reads) demand(version_of(before), before, place, false);
      }
    }
  }

  // What a session had done before some moment.
  struct Past {
    // The last ones: no other comes after one of these. With versions, the one of the greatest stamp.
    std::vector<uint32_t> reads, writes;
    std::vector<uint32_t>
        own_writes;  // all, and for each a node that is later than it and those before it
    std::vector<VersionId> not_before;
    std::vector<uint32_t> place_of;  // by write: its place in own_writes, from 1 on
  };

  void remember(uint32_t place, Past& past) {
    const KeyOperation& op = operations_[place];
    std::vector<uint32_t>& last = op.kind == Kind::kGet ? past.reads : past.writes;
    if (with_versions_) {
      if (last.empty() || stamps_.at_least(last[0]) <= stamps_.at_least(place)) last = {place};
      return;
    }
    std::erase_if(last, [&](uint32_t other) { return operations_[other].completed <= op.invoked; });
    last.push_back(place);
    if (guarantee_ != Guarantee::kReadYourWrites || op.kind == Kind::kGet) return;
    const VersionId node = kFirstNode + nodes_++;
    demands_.push_back({place, node, place, place, false});
    if (!past.not_before.empty())
      demands_.push_back({past.not_before.back(), node, place, place, false});
    past.own_writes.push_back(place);
    past.place_of.resize(std::max<size_t>(past.place_of.size(), place + 1));
    past.place_of[place] = static_cast<uint32_t>(past.own_writes.size());
    past.not_before.push_back(node);
  }

  // Of all the session's writes but the one it read: those before that by their node, those after it each.
  void demand_own_writes(uint32_t read, const Past& past) {
    const VersionId version = version_of(read);
    const bool own =
        version != kInitial && past.place_of.size() > version && past.place_of[version] != 0;
    const size_t place = own ? past.place_of[version] - 1 : past.own_writes.size();
    if (place > 0) demand(past.not_before[place - 1], past.own_writes[place - 1], read, true);
    for (size_t later = place + 1; later < past.own_writes.size(); ++later)
      demand(past.own_writes[later], past.own_writes[later], read, true);
  }

  VersionId version_of(uint32_t place) const {
    return operations_[place].kind != Kind::kGet ? place
           : with_versions_                      ? kInitial
                                                 : *read_version(place);
  }

  // With versions, demands are between operations.
  void demand(VersionId earlier, uint32_t before, uint32_t after, bool own) {
    const Demand demand = {earlier, version_of(after), before, after, own};
    if (with_versions_ || demand.earlier != demand.later) demands_.push_back(demand);
  }

  void compare_stamps() {
    for (const Demand& demand : demands_) {
      if (!demand.own || stamps_.at_least(demand.before) <= stamps_.at_most(demand.after)) continue;
      violate({demand});
      return;
    }
  }

  // The shortest that has a demand of the guarantee's own in it.
  void find_cycle() {
    for (const Demand& demand : demands_) {
      if (!demand.own || demand.later != kInitial) continue;  // which is before all
      violate({demand});
      return;
    }
    const std::map<VersionId, std::vector<const Demand*>> from = put_in_order();
    std::vector<const Demand*> shortest;
    size_t shortest_length = 0;
    for (const auto& [version, demands] : from) {
      for (const Demand* own : demands) {
        if (!own->own || !from.contains(own->later) || shortest_length == 2) continue;
        std::map<VersionId, const Demand*> reached;
        std::deque<VersionId> next = {own->later};
        while (!next.empty() && !reached.contains(own->earlier)) {
          const VersionId at = next.front();
          next.pop_front();
          for (const Demand* further : from.at(at)) {
            if (further->later == own->later || !from.contains(further->later) ||
                !reached.try_emplace(further->later, further).second)
              continue;
            // Nodes count for nothing.
            next.insert(is_node(further->later) ? next.begin() : next.end(), further->later);
          }
        }
        if (!reached.contains(own->earlier)) continue;
        std::vector<const Demand*> cycle = {own};
        for (VersionId at = own->earlier; at != own->later; at = reached[at]->earlier)
          cycle.push_back(reached[at]);
        const auto length = static_cast<size_t>(std::ranges::count_if(
            cycle, [](const Demand* demand) { return !is_node(demand->later); }));
        if (!shortest.empty() && length >= shortest_length) continue;
        shortest = std::move(cycle);
        shortest_length = length;
      }
    }
    if (shortest.empty()) return;
    // It begins and ends at a version. What leads through nodes is one demand: of the write that entered them.
    std::ranges::reverse(shortest);
    std::vector<Demand> cycle;
    for (const Demand* demand : shortest) {
      if (cycle.empty() || !is_node(cycle.back().later)) {
        cycle.push_back(*demand);
      } else {
        cycle.back() = {cycle.back().earlier, demand->later, cycle.back().before, demand->after,
                        demand->own};
      }
    }
    violate(cycle);
  }

  // Orders the versions as far as no cycle is in the way: first those that nothing leads to. The demands from each of
  // the others.
  std::map<VersionId, std::vector<const Demand*>> put_in_order() {
    const size_t count = operations_.size() + nodes_ + 1;
    const auto index = [&](VersionId version) -> size_t {
      return version == kInitial ? count - 1
             : is_node(version)  ? operations_.size() + (version - kFirstNode)
                                 : version;
    };
    // Those from each stand together.
    std::vector<const Demand*> from;
    for (const Demand& demand : demands_) from.push_back(&demand);
    std::ranges::stable_sort(from, {},
                             [&](const Demand* demand) { return index(demand->earlier); });
    std::vector<size_t> begin(count + 1), into(count);
    for (const Demand* demand : from) {
      ++begin[index(demand->earlier) + 1];
      ++into[index(demand->later)];
    }
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    std::vector<bool> is_write(operations_.size());
    for (const auto& [value, place] : writers_) is_write[place] = true;
    std::vector<size_t> free;
    for (size_t i = 0; i < count; ++i)
      if (into[i] == 0) free.push_back(i);
    std::vector<bool> ordered(count);
    while (!free.empty()) {
      const size_t at = free.back();
      free.pop_back();
      ordered[at] = true;
      if (at < operations_.size() && is_write[at]) order_.push_back(static_cast<VersionId>(at));
      for (size_t i = begin[at]; i < begin[at + 1]; ++i)
        if (--into[index(from[i]->later)] == 0) free.push_back(index(from[i]->later));
    }
    std::map<VersionId, std::vector<const Demand*>> rest;
    for (const Demand* demand : from)
      if (!ordered[index(demand->earlier)]) rest[demand->earlier].push_back(demand);
    return rest;
  }

  // Where other demands than the guarantee's own go against each other, which is no violation of it, there is none.
  void verify_order() {
    const bool before_all = std::ranges::any_of(
        demands_, [](const Demand& demand) { return demand.later == kInitial; });
    if (!with_versions_ && (order_.size() != writers_.size() || before_all)) return;
    if (with_versions_ && std::ranges::any_of(demands_, [&](const Demand& demand) {
          return stamps_.at_least(demand.before) > stamps_.at_most(demand.after);
        }))
      return;
    const auto right = verify_versions(history_, operations_, guarantee_, order_);
    CHECK(right.has_value(), "the order of versions found for {} is wrong: {}",
          history_.key_name(key_), right.error().message);
    ++verdict_.verified;
  }

  void violate(const std::vector<Demand>& cycle) {
    violated_ = true;
    Violation violation = {.key = key_, .operations = {}, .story = {}};
    std::set<uint32_t> places;
    for (const Demand& demand : cycle) {
      places.insert(demand.before);
      places.insert(demand.after);
      violation.story += tell(demand);
    }
    if (cycle.size() > 1) {
      violation.story += "No order of the versions has all of this.";
    } else {
      violation.story.pop_back();
    }
    const std::vector<uint32_t> core(places.begin(), places.end());
    const auto proof = verify_session_core(history_, operations_, guarantee_, core);
    CHECK(proof.has_value() || proof.error().code != ErrorCode::kInvalid,
          "the core found for {} is legal: {}", history_.key_name(key_), proof.error().message);
    violation.verified = proof.has_value();
    if (!proof) violation.unverified = proof.error().message;
    for (const uint32_t place : places)
      violation.operations.push_back(operations_[place].operation);
    std::ranges::sort(violation.operations, {},
                      [&](uint32_t i) { return std::pair(history_.operations()[i].invoked, i); });
    verdict_.violations.push_back(std::move(violation));
  }

  std::string tell(const Demand& demand) const {
    const bool after_is_read = operations_[demand.after].kind == Kind::kGet;
    const bool before_is_read = operations_[demand.before].kind == Kind::kGet;
    const auto said = [&](uint32_t place, bool is_read) {
      const KeyOperation& op = operations_[place];
      const auto value = history_.print(is_read ? op.result : op.argument);
      const std::string stamp_text =
          !with_versions_
              ? ""
              : fmt::format(" (version {})", place == demand.before ? stamps_.at_least(place)
                                                                    : stamps_.at_most(place));
      return fmt::format("#{} {} {}{}", original(place).line,
                         is_read                    ? "read"
                         : op.kind == Kind::kDelete ? "deleted to"
                                                    : "wrote",
                         value, stamp_text);
    };
    const std::string first =
        fmt::format("Session {}: {}, then {}", original(demand.after).session,
                    said(demand.before, before_is_read), said(demand.after, after_is_read));
    return with_versions_ ? first + ", which is older. "
                          : first + ", which therefore is the later version. ";
  }

  const history::History& history_;
  uint32_t key_;
  std::span<const KeyOperation> operations_;
  Guarantee guarantee_;
  Stamps stamps_;
  Verdict& verdict_;
  bool deleted_ = false, with_versions_ = true, violated_ = false;
  std::vector<VersionId> order_;  // of the versions, as far as there is one
  std::vector<std::pair<history::Value, uint32_t>>
      writers_;  // that did not fail, by what they wrote
  std::map<uint32_t, std::vector<uint32_t>> sessions_;
  std::vector<Demand> demands_;
  uint32_t nodes_ = 0;
  uint64_t own_ = 0;  // operations of which the guarantee demanded something
};

Verdict check_sessions(const history::History& history, Guarantee guarantee, std::string name) {
  Verdict verdict = {.property = std::move(name)};
  const auto keys = history::by_key(history);
  for (uint32_t key = 0; key < keys.size(); ++key)
    KeySessions(history, key, keys[key], guarantee, verdict).check();
  verdict.outcome = !verdict.violations.empty() ? Outcome::kViolated
                    : verdict.observations == 0 ? Outcome::kVacuous
                                                : Outcome::kHolds;
  return verdict;
}

}  // namespace

Verdict check_read_your_writes(const history::History& history, const CheckOptions&) {
  return check_sessions(history, Guarantee::kReadYourWrites, "read_your_writes");
}
Verdict check_monotonic_reads(const history::History& history, const CheckOptions&) {
  return check_sessions(history, Guarantee::kMonotonicReads, "monotonic_reads");
}
Verdict check_monotonic_writes(const history::History& history, const CheckOptions&) {
  return check_sessions(history, Guarantee::kMonotonicWrites, "monotonic_writes");
}
Verdict check_writes_follow_reads(const history::History& history, const CheckOptions&) {
  return check_sessions(history, Guarantee::kWritesFollowReads, "writes_follow_reads");
}

}  // namespace revenant::check
