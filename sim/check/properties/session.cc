#include "sim/check/properties/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "sim/check/properties/stamps.h"

namespace revenant::check {

using history::KeyOperation;
using history::Kind;
using history::Operation;

namespace {

enum class Guarantee { kReadYourWrites, kMonotonicReads, kMonotonicWrites, kWritesFollowReads };

// A version of a key: the place of the write that made it, or kInitial.
using VersionId = uint32_t;
constexpr VersionId kInitial = ~uint32_t{0};

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
        stamps_(history, operations),
        verdict_(verdict) {}

  void check() {
    for (uint32_t place = 0; place < operations_.size(); ++place) {
      const KeyOperation& op = operations_[place];
      if (op.kind == Kind::kAppend || op.kind == Kind::kCompareAndSet) return;
      if (op.kind == Kind::kDelete) deleted_ = true;
      if (history::is_write(op.kind) && op.outcome != history::Outcome::kFail)
        writers_[op.argument].push_back(place);
      sessions_[original(place).session].push_back(place);
      if (op.outcome == history::Outcome::kOk)
        with_versions_ &= original(place).version != 0 || op.kind == Kind::kGet;
    }
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
  }

 private:
  const Operation& original(uint32_t place) const {
    return history_.operations()[operations_[place].operation];
  }

  // The write whose version a read returned; nothing if that cannot be told.
  std::optional<VersionId> read_version(uint32_t place) const {
    const KeyOperation& op = operations_[place];
    if (op.result == history_.initial()) {
      if (deleted_ && op.result.is_absent()) return std::nullopt;
      return writers_.contains(op.result) ? std::nullopt : std::optional(kInitial);
    }
    const auto writers = writers_.find(op.result);
    if (writers == writers_.end() || writers->second.size() != 1) return std::nullopt;
    return writers->second.front();
  }

  // What one session demands. With versions, demands are between operations.
  void collect(const std::vector<uint32_t>& places) {
    std::optional<uint32_t> last_write, last_read;
    for (const uint32_t place : places) {
      const KeyOperation& op = operations_[place];
      if (op.outcome != history::Outcome::kOk) continue;
      if (op.kind == Kind::kGet) {
        if (!with_versions_ && !read_version(place)) continue;
        if (last_write && guarantee_ == Guarantee::kReadYourWrites)
          demand(*last_write, place, true);
        if (last_read && guarantee_ != Guarantee::kReadYourWrites)
          demand(*last_read, place, guarantee_ == Guarantee::kMonotonicReads);
        last_read =
            last_read && with_versions_ && stamp(*last_read) > stamp(place) ? last_read : place;
      } else {
        if (last_write && guarantee_ == Guarantee::kMonotonicWrites)
          demand(*last_write, place, true);
        if (last_read && guarantee_ == Guarantee::kWritesFollowReads)
          demand(*last_read, place, true);
        last_write =
            last_write && with_versions_ && stamp(*last_write) > stamp(place) ? last_write : place;
      }
    }
  }

  void demand(uint32_t before, uint32_t after, bool own) {
    own_ += own ? 1 : 0;
    const auto version = [&](uint32_t place) {
      return operations_[place].kind != Kind::kGet ? place
             : with_versions_                      ? kInitial
                                                   : *read_version(place);
    };
    const Demand demand = {version(before), version(after), before, after, own};
    if (with_versions_ || demand.earlier != demand.later) demands_.push_back(demand);
  }

  uint64_t stamp(uint32_t place) const { return stamps_.of(place); }

  void compare_stamps() {
    for (const Demand& demand : demands_) {
      if (!demand.own || stamp(demand.before) <= stamp(demand.after)) continue;
      violate({demand});
      return;
    }
  }

  // The shortest that has a demand of the guarantee's own in it.
  void find_cycle() {
    std::map<VersionId, std::vector<const Demand*>> from;
    for (const Demand& demand : demands_) from[demand.earlier].push_back(&demand);
    std::vector<const Demand*> shortest;
    for (const Demand& demand : demands_) {
      if (!demand.own) continue;
      if (demand.later == kInitial) {  // which is before all
        violate({demand});
        return;
      }
      std::map<VersionId, const Demand*> reached;
      std::deque<VersionId> next = {demand.later};
      while (!next.empty() && !reached.contains(demand.earlier)) {
        const VersionId version = next.front();
        next.pop_front();
        for (const Demand* further : from[version])
          if (further->later != demand.later && reached.try_emplace(further->later, further).second)
            next.push_back(further->later);
      }
      if (!reached.contains(demand.earlier)) continue;
      std::vector<const Demand*> cycle = {&demand};
      for (VersionId at = demand.earlier; at != demand.later; at = reached[at]->earlier)
        cycle.push_back(reached[at]);
      if (shortest.empty() || cycle.size() < shortest.size()) shortest = cycle;
      if (shortest.size() == 2) break;
    }
    if (shortest.empty()) return;
    std::ranges::reverse(shortest);
    std::vector<Demand> cycle;
    for (const Demand* demand : shortest) cycle.push_back(*demand);
    violate(cycle);
  }

  void violate(const std::vector<Demand>& cycle) {
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
          with_versions_ ? fmt::format(" (version {})", stamp(place)) : "";
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
  bool deleted_ = false, with_versions_ = true;
  std::map<history::Value, std::vector<uint32_t>> writers_;
  std::map<uint32_t, std::vector<uint32_t>> sessions_;
  std::vector<Demand> demands_;
  uint64_t own_ = 0;
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
