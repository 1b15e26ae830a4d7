#include "sim/check/properties/set.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/base/check.h"
#include "sim/check/certificate/invariants.h"

namespace revenant::check {

using history::Kind;
using history::kNever;
using history::Operation;
using history::Value;

namespace {

struct Element {
  int64_t begun = kNever;  // when the first add of it that did not fail began
  uint32_t begun_by = 0;
  int64_t acknowledged = kNever;
  uint32_t acknowledged_by = 0;
  int64_t known = kNever;
  uint32_t known_by = 0;
  uint64_t reads = 0;  // that began after it was known, and have it
  bool was_read = false;
};

struct GrowingSet {
  bool is_set = true;
  std::map<Value, Element> elements;
  std::vector<uint32_t> reads;  // places, by when they began
};

std::map<uint32_t, GrowingSet> sets_of(const history::History& history) {
  std::map<uint32_t, GrowingSet> sets;  // by key
  for (uint32_t place = 0; place < history.operations().size(); ++place) {
    const Operation& op = history.operations()[place];
    if (op.kind == Kind::kTransaction || op.kind == Kind::kScan || !history.is_added_to(op.key))
      continue;
    GrowingSet& set = sets[op.key];
    const bool ok = op.outcome == history::Outcome::kOk;
    if (op.kind == Kind::kGet) {
      if (!ok || op.result.is_absent()) continue;
      set.is_set &= history.is_list(op.result);
      set.reads.push_back(place);
    } else if (op.kind == Kind::kAdd && op.outcome != history::Outcome::kFail) {
      Element& element = set.elements[op.argument];
      if (op.invoked < element.begun) {
        element.begun = op.invoked;
        element.begun_by = place;
      }
      if (ok && op.completed < element.acknowledged) {
        element.acknowledged = element.known = op.completed;
        element.acknowledged_by = element.known_by = place;
      }
    }
  }
  std::erase_if(sets, [](const auto& set) { return !set.second.is_set; });
  for (auto& [key, set] : sets)
    std::ranges::stable_sort(set.reads, {},
                             [&](uint32_t read) { return history.operations()[read].invoked; });
  return sets;
}

// Each once; a place where nothing was is none.
std::vector<Value> elements_of(const history::History& history, const Operation& read) {
  const auto items = history.items(read.result);
  std::vector<Value> elements(items.begin(), items.end());
  std::erase_if(elements, [](Value element) { return element.is_absent(); });
  std::ranges::sort(elements);
  elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
  return elements;
}

Outcome outcome_of(const Verdict& verdict) {
  return !verdict.violations.empty() ? Outcome::kViolated
         : verdict.observations == 0 ? Outcome::kVacuous
                                     : Outcome::kHolds;
}

class SetChecker {
 public:
  explicit SetChecker(const history::History& history) : history_(history) {}

  Verdict check() {
    for (auto& [key, set] : sets_of(history_)) {
      if (set.reads.empty()) continue;
      verdict_.observations += set.reads.size();
      for (const uint32_t read : set.reads) take_read(key, set, read);
      for (const uint32_t read : set.reads) count_read(set, read);
      look_for_lost(key, set);
    }
    if (verdict_.observations > 0)
      verdict_.figures = fmt::format("{} stable, {} lost, {} stale, {} recovered, {} never read",
                                     stable_, lost_, stale_, recovered_, never_read_);
    verdict_.outcome = outcome_of(verdict_);
    return std::move(verdict_);
  }

 private:
  void take_read(uint32_t key, GrowingSet& set, uint32_t place) {
    const Operation& read = history_.operations()[place];
    const auto elements = elements_of(history_, read);
    std::set<Value> seen;
    for (const Value item : history_.items(read.result))
      if (!item.is_absent() && !seen.insert(item).second) {
        violate(key, {place}, fmt::format("#{} found {} twice.", read.line, history_.print(item)),
                std::nullopt);
        break;
      }
    for (const Value value : elements) {
      const auto found = set.elements.find(value);
      if (found == set.elements.end() || found->second.begun > read.completed) {
        violate(key, {place},
                fmt::format("#{} found {}, which nobody had begun to add by then{}.", read.line,
                            history_.print(value),
                            found == set.elements.end() ? ", unless it failed" : ""),
                verify_unexpected(history_, value, place));
        continue;
      }
      Element& element = found->second;
      element.was_read = true;
      if (read.completed >= element.known) continue;
      element.known = read.completed;
      element.known_by = place;
    }
  }

  void count_read(GrowingSet& set, uint32_t place) const {
    const Operation& read = history_.operations()[place];
    for (const Value value : elements_of(history_, read)) {
      const auto found = set.elements.find(value);
      if (found != set.elements.end() && found->second.known < read.invoked) ++found->second.reads;
    }
  }

  void look_for_lost(uint32_t key, const GrowingSet& set) {
    const uint32_t last = set.reads.back();
    const Operation& read = history_.operations()[last];
    const auto there = elements_of(history_, read);
    for (const auto& [value, element] : set.elements) {
      recovered_ += element.acknowledged == kNever && element.was_read ? 1 : 0;
      if (element.known == kNever) continue;
      const auto began_after = std::ranges::partition_point(set.reads, [&](uint32_t other) {
        return history_.operations()[other].invoked <= element.known;
      });
      const auto could_have = static_cast<uint64_t>(set.reads.end() - began_after);
      if (could_have == 0) {
        never_read_ += element.was_read ? 0 : 1;
        stable_ += element.was_read ? 1 : 0;
      } else if (std::ranges::binary_search(there, value)) {
        ++stable_;
        stale_ += element.reads < could_have ? 1 : 0;
      } else {
        ++lost_;
        const Operation& known = history_.operations()[element.known_by];
        violate(key, {element.known_by, last},
                fmt::format("{} was there when #{} had ended, by which it was {}; #{}, which began "
                            "after that and is the last read, did not find it.",
                            history_.print(value), known.line,
                            known.kind == Kind::kAdd ? "added" : "found", read.line),
                verify_lost(history_, value, element.known_by, last));
      }
    }
  }

  void violate(uint32_t key, std::vector<uint32_t> core, std::string story,
               const std::optional<Result<void>>& certificate) {
    if (certificate)
      CHECK(certificate->has_value(), "the set is right: {}", certificate->error().message);
    verdict_.violations.push_back({.key = key,
                                   .operations = std::move(core),
                                   .story = std::move(story),
                                   .verified = certificate.has_value()});
  }

  const history::History& history_;
  uint64_t stable_ = 0, lost_ = 0, stale_ = 0, recovered_ = 0, never_read_ = 0;
  Verdict verdict_ = {.property = "set"};
};

// The acknowledged adds of a set, by when they ended.
std::vector<std::pair<int64_t, Value>> by_acknowledgement(const GrowingSet& set) {
  std::vector<std::pair<int64_t, Value>> ends;
  for (const auto& [value, element] : set.elements)
    if (element.acknowledged != kNever) ends.emplace_back(element.acknowledged, value);
  std::ranges::sort(ends);
  return ends;
}

}  // namespace

Verdict check_set(const history::History& history, const CheckOptions&) {
  return SetChecker(history).check();
}

Verdict check_adds_in_order(const history::History& history, const CheckOptions&) {
  Verdict verdict = {.property = "adds_in_order"};
  for (const auto& [key, set] : sets_of(history)) {
    const auto ends = by_acknowledgement(set);
    for (const uint32_t place : set.reads) {
      const Operation& read = history.operations()[place];
      const auto elements = elements_of(history, read);
      const Element* latest = nullptr;
      for (const Value value : elements) {
        const auto found = set.elements.find(value);
        if (found == set.elements.end()) continue;
        if (latest == nullptr || found->second.begun > latest->begun) latest = &found->second;
      }
      if (latest == nullptr) continue;
      ++verdict.observations;
      for (const auto& [ended, value] : ends) {
        if (ended >= latest->begun) break;
        if (std::ranges::binary_search(elements, value)) continue;
        const uint32_t earlier = set.elements.at(value).acknowledged_by;
        const auto right = verify_out_of_order(history, earlier, latest->begun_by, place);
        CHECK(right.has_value(), "the order is right: {}", right.error().message);
        const Operation& later = history.operations()[latest->begun_by];
        verdict.violations.push_back(
            {.key = key,
             .operations = {earlier, latest->begun_by, place},
             .story = fmt::format(
                 "#{} found {}, which #{} added, but not {}: that #{} had added before #{} began.",
                 read.line, history.print(later.argument), later.line, history.print(value),
                 history.operations()[earlier].line, later.line),
             .verified = true});
        break;
      }
    }
  }
  verdict.outcome = outcome_of(verdict);
  return verdict;
}

}  // namespace revenant::check
