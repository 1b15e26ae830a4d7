#include "sim/check/properties/freshness.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/check/properties/stamps.h"

namespace revenant::check {

using history::KeyOperation;
using history::Kind;

namespace {

// In the greatest unit of which it is ten or more: "937 ms", "25.3 h".
std::string time_text(int64_t ns) {
  const auto time = static_cast<double>(ns);
  for (const auto& [unit, name] :
       {std::pair{86400e9, "days"}, {3600e9, "h"}, {60e9, "min"}, {1e9, "s"}})
    if (time >= 10 * unit) return fmt::format("{:.3g} {}", time / unit, name);
  return fmt::format("{:.4g} ms", time / 1e6);
}

struct Lag {
  uint64_t versions;
  int64_t time;  // ns
  int64_t
      since;  // ns from the acknowledgement of the newest write to the read's begin; -1: there was none
};

class KeyFreshness {
 public:
  KeyFreshness(const history::History& history, uint32_t key,
               std::span<const KeyOperation> operations, std::vector<Lag>& lags, Verdict& verdict)
      : history_(history),
        key_(key),
        operations_(operations),
        stamps_(operations),
        lags_(lags),
        verdict_(verdict) {}

  void check() {
    for (uint32_t place = 0; place < operations_.size(); ++place) {
      const KeyOperation& op = operations_[place];
      if (op.outcome != history::Outcome::kOk || !history::is_write(op.kind)) continue;
      if (stamps_.at_least(place) == 0) {
        verdict_.undecided = "the source does not know versions";
        return;
      }
      acknowledged_.push_back(place);
    }
    std::ranges::stable_sort(acknowledged_, {},
                             [&](uint32_t place) { return operations_[place].completed; });
    for (const uint32_t place : acknowledged_) {
      const bool is_newest =
          newest_.empty() || stamps_.at_least(place) > stamps_.at_least(newest_.back());
      newest_.push_back(is_newest ? place : newest_.back());
    }
    for (uint32_t place = 0; place < operations_.size(); ++place) {
      const KeyOperation& op = operations_[place];
      if (op.kind == Kind::kGet && op.outcome == history::Outcome::kOk) read(place);
    }
  }

 private:
  void read(uint32_t place) {
    ++verdict_.observations;
    const KeyOperation& op = operations_[place];
    const uint64_t returned = stamps_.at_most(place);
    auto end = static_cast<size_t>(
        std::ranges::partition_point(
            acknowledged_,
            [&](uint32_t write) { return operations_[write].completed < op.invoked; }) -
        acknowledged_.begin());
    Lag lag = {0, 0, end == 0 ? -1 : op.invoked - operations_[newest_[end - 1]].completed};
    uint32_t first = 0;
    while (end-- > 0 && stamps_.at_least(newest_[end]) > returned) {
      if (stamps_.at_least(acknowledged_[end]) <= returned) continue;
      ++lag.versions;
      first = acknowledged_[end];
    }
    if (lag.versions > 0) lag.time = op.invoked - operations_[first].completed;
    lags_.push_back(lag);
    if (lag.versions == 0 || told_) return;
    told_ = true;
    verdict_.violations.push_back(
        {.key = key_,
         .operations = {operations_[first].operation, operations_[place].operation},
         .story =
             fmt::format("#{} found {}, {} version{} behind: #{} had been acknowledged {} before.",
                         line(place), history_.print(op.result), lag.versions,
                         lag.versions == 1 ? "" : "s", line(first), time_text(lag.time))});
  }

  uint32_t line(uint32_t place) const {
    return history_.operations()[operations_[place].operation].line;
  }

  const history::History& history_;
  uint32_t key_;
  std::span<const KeyOperation> operations_;
  Stamps stamps_;
  std::vector<Lag>& lags_;
  Verdict& verdict_;
  std::vector<uint32_t> acknowledged_;  // in the order of their acknowledgements
  std::vector<uint32_t> newest_;        // the one of the greatest stamp up to each of them
  bool told_ = false;                   // the first stale read of the key
};

// "12 of 400 behind (3 %); versions: 1.2 on average, 3 at most; …"
std::string figures_of(std::vector<Lag> lags) {
  std::erase_if(lags, [](const Lag& lag) { return lag.versions == 0; });
  if (lags.empty()) return "none behind";
  uint64_t versions = 0, most = 0;
  std::vector<int64_t> times;
  for (const Lag& lag : lags) {
    versions += lag.versions;
    most = std::max(most, lag.versions);
    times.push_back(lag.time);
  }
  std::ranges::sort(times);
  const auto at = [&](double share) {
    const auto place = static_cast<size_t>(share * static_cast<double>(times.size() - 1));
    return time_text(times[place]);
  };
  return fmt::format(
      "{} behind: {:.3g} versions on average, {} at most; by {} in the median, {} at p99, {} at "
      "most",
      lags.size(), static_cast<double>(versions) / static_cast<double>(lags.size()), most, at(0.5),
      at(0.99), at(1));
}

// How probable a read is to see what was acknowledged some time before it began, and to return one of the last k
// versions acknowledged then (Bailis et al., PVLDB 2012).
std::vector<Curve> curves_of(const std::vector<Lag>& lags) {
  Curve visible = {.name = "t_visibility",
                   .what =
                       "reads that saw the newest write acknowledged when they began, by how "
                       "long before it had been",
                   .unit = "ms"};
  // 0, then 1, 2, 5, 10 … of a microsecond on.
  visible.points.push_back({0, 1e-3, 0, 0});
  for (double decade = 1e-3; decade < 1e9; decade *= 10)
    for (const auto& [from, to] : {std::pair{1, 2}, {2, 5}, {5, 10}})
      visible.points.push_back({from * decade, to * decade, 0, 0});
  Curve within = {.name = "k_staleness",
                  .what =
                      "reads that returned one of the last k versions acknowledged when they "
                      "began",
                  .unit = "versions"};
  for (int k = 1; k <= 10; ++k)
    within.points.push_back({static_cast<double>(k), static_cast<double>(k + 1), 0, 0});
  for (const Lag& lag : lags) {
    if (lag.since < 0) continue;
    const double since = static_cast<double>(lag.since) / 1e6;
    const auto after = std::ranges::upper_bound(visible.points, since, {}, &Curve::Point::from);
    Curve::Point& point = *std::prev(after);
    ++point.of;
    point.so += lag.versions == 0 ? 1 : 0;
    for (Curve::Point& k : within.points) {
      ++k.of;
      k.so += static_cast<double>(lag.versions) < k.from ? 1 : 0;
    }
  }
  std::erase_if(visible.points, [](const Curve::Point& point) { return point.of == 0; });
  if (visible.points.empty()) return {};
  return {std::move(visible), std::move(within)};
}

}  // namespace

Verdict check_fresh_reads(const history::History& history, const CheckOptions&) {
  Verdict verdict = {.property = "fresh_reads"};
  std::vector<Lag> lags;
  const auto keys = history::by_key(history);
  for (uint32_t key = 0; key < keys.size() && verdict.undecided.empty(); ++key)
    KeyFreshness(history, key, keys[key], lags, verdict).check();
  if (verdict.undecided.empty()) verdict.curves = curves_of(lags);
  verdict.figures = figures_of(std::move(lags));
  verdict.outcome = !verdict.undecided.empty()    ? Outcome::kVacuous
                    : !verdict.violations.empty() ? Outcome::kViolated
                    : verdict.observations == 0   ? Outcome::kVacuous
                                                  : Outcome::kHolds;
  return verdict;
}

}  // namespace revenant::check
